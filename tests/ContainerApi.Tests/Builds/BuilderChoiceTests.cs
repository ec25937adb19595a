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
        Assert.Equal(builder, BuilderChoice.NameOf(BuilderChoice.Of(wanted, network, hasSecrets: false)));

    [Fact]
    public void A_builder_that_cannot_do_it_is_refused_with_the_reason()
    {
        var refused = Assert.Throws<RequestException>(() => BuilderChoice.Of("buildkit", "mynet", hasSecrets: false));

        Assert.Equal(ProblemCode.FeatureUnsupported, refused.Code);
        Assert.Equal("BuildKit runs steps in the network bridge, host or none; only the classic builder joins 'mynet'.", refused.Message);
    }

    [Theory]
    [InlineData("classic", null)]
    [InlineData("auto", "mynet")]
    [InlineData(null, "container:web")]
    public void Secrets_are_refused_where_only_the_classic_builder_can_build(string? wanted, string? network) =>
        Assert.Equal("feature_unsupported", Assert.Throws<RequestException>(() => BuilderChoice.Of(wanted, network, hasSecrets: true)).Code.Code);

    [Theory]
    [InlineData(null, "buildkit", true, true, "buildkit")]
    [InlineData(null, "buildkit", false, false, "buildkit")]
    [InlineData("It has none.", "buildkit", false, false, "classic")]
    [InlineData("It has none.", "classic", true, false, "classic")]
    [InlineData("It has none.", "buildkit", true, false, null)]
    [InlineData("It has none.", "buildkit", false, true, null)]
    public void Where_there_is_no_BuildKit_the_classic_builder_builds(string? without, string chosen, bool isForced, bool hasSecrets, string? builder)
    {
        var kind = BuilderChoice.Of(chosen, null, hasSecrets: false);
        if (builder is null)
        {
            Assert.Equal("feature_unsupported", Assert.Throws<RequestException>(() => BuilderChoice.On(without, kind, isForced, hasSecrets)).Code.Code);
            return;
        }

        Assert.Equal(builder, BuilderChoice.NameOf(BuilderChoice.On(without, kind, isForced, hasSecrets)));
    }
}
