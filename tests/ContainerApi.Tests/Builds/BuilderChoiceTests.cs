using ContainerApi.Builds;

namespace ContainerApi.Tests.Builds;

public sealed class BuilderChoiceTests
{
    [Theory]
    [InlineData("auto", null, "buildkit")]
    [InlineData("auto", "bridge", "buildkit")]
    [InlineData("auto", "none", "buildkit")]
    [InlineData("auto", "host", "buildkit")]
    [InlineData("auto", "mynet", "classic")]
    [InlineData("auto", "container:0123", "classic")]
    [InlineData("classic", null, "classic")]
    [InlineData("classic", "mynet", "classic")]
    [InlineData("buildkit", "none", "buildkit")]
    public void BuildKit_is_chosen_unless_only_the_classic_builder_has_the_feature(string wanted, string? network, string builder) =>
        Assert.Equal(builder, BuilderChoice.NameOf(BuilderChoice.Of(Parse(wanted), network, hasSecrets: false)));

    [Fact]
    public void Builder_without_the_feature_is_refused_with_the_reason()
    {
        var refused = Assert.Throws<ApiException>(() => BuilderChoice.Of(RequestedBuilder.Buildkit, "mynet", hasSecrets: false));

        Assert.Equal(ErrorCode.FeatureUnsupported, refused.Code);
        Assert.Equal(
            "BuildKit does not support the network 'mynet' for builds. Allowed networks: bridge, host, none. Use builder=classic.", refused.Message);
    }

    [Theory]
    [InlineData("classic", null)]
    [InlineData("auto", "mynet")]
    [InlineData("auto", "container:web")]
    public void Secrets_are_refused_when_only_the_classic_builder_can_build(string wanted, string? network) =>
        Assert.Equal("feature_unsupported", Assert.Throws<ApiException>(() => BuilderChoice.Of(Parse(wanted), network, hasSecrets: true)).Code.Code);

    [Theory]
    [InlineData(false, false, "buildkit", true, true, "buildkit")]
    [InlineData(false, false, "buildkit", false, false, "buildkit")]
    [InlineData(true, false, "buildkit", false, false, "classic")]
    [InlineData(true, false, "classic", true, false, "classic")]
    [InlineData(true, false, "buildkit", true, false, null)]
    [InlineData(true, false, "buildkit", false, true, null)]
    [InlineData(false, true, "buildkit", false, false, "podman")]
    [InlineData(false, true, "classic", true, false, "podman")]
    [InlineData(false, true, "buildkit", true, false, null)]
    [InlineData(false, true, "buildkit", false, true, null)]
    public void Engine_without_BuildKit_uses_its_own_builder(
        bool isWindows, bool isPodman, string chosen, bool isForced, bool hasSecrets, string? builder)
    {
        var engine = new EngineCapabilities("1.41", isPodman, isWindows);
        var spec = new BuildSpec
        {
            Builder = BuilderChoice.Of(Parse(chosen), null, hasSecrets: false),
            Secrets = hasSecrets ? new Dictionary<string, string> { ["s"] = "x" } : new Dictionary<string, string>(),
        };
        if (builder is null)
        {
            Assert.Equal("feature_unsupported", Assert.Throws<ApiException>(() => BuilderChoice.On(engine, spec, isForced)).Code.Code);
            return;
        }

        Assert.Equal(builder, BuilderChoice.NameOf(BuilderChoice.On(engine, spec, isForced)));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("host", null, null)]
    [InlineData("none", null, null)]
    [InlineData("mynet", null, "Podman does not support the network 'mynet' for builds. Allowed networks: bridge, host, none.")]
    [InlineData(null, "https://example.com/context.tar", "Podman does not support remote contexts.")]
    public void Parameters_that_Podman_ignores_are_refused(string? network, string? remote, string? reason)
    {
        var engine = new EngineCapabilities("1.41", isPodman: true);
        foreach (var chosen in new[] { BuilderKind.BuildKit, BuilderKind.Classic })
        {
            var spec = new BuildSpec { Builder = chosen, Network = network, Remote = remote };
            var refused = Record.Exception(() => BuilderChoice.On(engine, spec, isForced: false));

            Assert.Equal(reason, refused?.Message);
        }
    }

    private static RequestedBuilder Parse(string builder) => Enum.Parse<RequestedBuilder>(builder, ignoreCase: true);
}
