using ContainerApi.Builds;
using ContainerApi.Http;

namespace ContainerApi.Tests.Builds;

public sealed class BuilderChoiceTests
{
    [Theory]
    [InlineData(null, null, "buildkit")]
    [InlineData("auto", "bridge", "buildkit")]
    [InlineData("auto", "none", "buildkit")]
    [InlineData("auto", "host", "buildkit")]
    [InlineData("auto", "mynet", "classic")]
    [InlineData(null, "container:0123", "classic")]
    [InlineData("classic", null, "classic")]
    [InlineData("classic", "mynet", "classic")]
    [InlineData("buildkit", "none", "buildkit")]
    public void BuildKit_builds_but_for_what_only_the_classic_builder_does(string? wanted, string? network, string builder) =>
        Assert.Equal(builder, BuilderChoice.NameOf(BuilderChoice.Of(wanted, network)));

    [Fact]
    public void A_builder_that_cannot_do_it_is_refused_with_the_reason()
    {
        var refused = Assert.Throws<RequestException>(() => BuilderChoice.Of("buildkit", "mynet"));

        Assert.Equal(ProblemCode.FeatureUnsupported, refused.Code);
        Assert.Equal("BuildKit runs steps in the network bridge, host or none; only the classic builder joins 'mynet'.", refused.Message);
    }
}
