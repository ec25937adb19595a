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
        Assert.Equal(builder, BuilderChoice.NameOf(BuilderChoice.Of(Parse(wanted), Spec(network))));

    [Fact]
    public void Builder_without_the_feature_is_refused_with_the_reason()
    {
        var refused = Assert.Throws<ApiException>(() => BuilderChoice.Of(RequestedBuilder.Buildkit, Spec("mynet")));

        Assert.Equal(ErrorCode.FeatureUnsupported, refused.Code);
        Assert.Equal(
            "BuildKit does not support the network 'mynet' for builds. Allowed networks: bridge, host, none. Use builder=classic.", refused.Message);
    }

    [Theory]
    [InlineData("classic", null)]
    [InlineData("auto", "mynet")]
    [InlineData("auto", "container:web")]
    public void Secrets_are_refused_when_only_the_classic_builder_can_build(string wanted, string? network)
    {
        var refused = Assert.Throws<ApiException>(() => BuilderChoice.Of(Parse(wanted), With("secrets") with { Network = network }));

        Assert.Equal(ErrorCode.FeatureUnsupported, refused.Code);
    }

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
            Builder = BuilderChoice.Of(Parse(chosen), Spec(null)),
            Secrets = hasSecrets ? new Dictionary<string, byte[]> { ["s"] = [1] } : new Dictionary<string, byte[]>(),
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

    public static TheoryData<string, string> OnlyBuildKit => new()
    {
        { "secrets", "secrets" }, { "ssh", "SSH agents" },
        { "dockerfile", "the text of a Dockerfile beside another context" }, { "cacheTo", "a cache export" },
        { "platform", "images of several platforms" }, { "annotations", "annotations" }, { "provenance", "attestations" },
        { "sbom", "attestations" }, { "contexts", "named contexts" }, { "output", "a file as output" },
        { "check", "checks of a Dockerfile" },
    };

    [Theory]
    [InlineData("contexts", "BuildKit of API 1.41 does not support named contexts; that of 1.42 and later does.")]
    [InlineData("check", "BuildKit of API 1.41 does not check Dockerfiles; that of 1.46 and later does.")]
    [InlineData("secrets", "Use builder=buildkit.")]
    public void BuildKit_is_not_advised_where_it_lacks_the_feature_as_well(string field, string advice)
    {
        var refused = Assert.Throws<ApiException>(
            () => BuilderChoice.Of(RequestedBuilder.Classic, With(field), engine: new EngineCapabilities("1.41")));

        Assert.EndsWith(advice, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OnlyBuildKit))]
    public void Feature_of_BuildKit_is_refused_with_the_classic_builder(string field, string feature)
    {
        var forced = Assert.Throws<ApiException>(() => BuilderChoice.Of(RequestedBuilder.Classic, With(field)));
        var needed = Assert.Throws<ApiException>(() => BuilderChoice.Of(RequestedBuilder.Auto, With(field) with { Memory = 1 }));
        var podman = Assert.Throws<ApiException>(() => BuilderChoice.On(
            new EngineCapabilities("1.41", isPodman: true), With(field) with { Builder = BuilderKind.BuildKit }, isForced: false));

        Assert.Equal([field], forced.Fields);
        Assert.Equal($"The classic builder does not support {feature}. Use builder=buildkit.", forced.Message);
        Assert.Equal($"BuildKit does not limit the memory of builds. The classic builder does not support {feature}.", needed.Message);
        Assert.Equal($"The engine is Podman, which has no BuildKit. The classic builder does not support {feature}.", podman.Message);
    }

    [Theory]
    [InlineData("1.41", false, false, "classic")]
    [InlineData("1.41", true, false, "BuildKit of API 1.41 does not limit the steps of builds; that of 1.42 and later does. Use builder=classic.")]
    [InlineData("1.41", false, true, "This service does not limit the steps of builds on Podman.")]
    [InlineData("1.42", true, false, "buildkit")]
    public void Limits_of_steps_need_a_builder_that_applies_them(string api, bool isForced, bool isPodman, string expected)
    {
        var spec = new BuildSpec { Builder = BuilderKind.BuildKit, ShmSize = 1 };
        string? builder = null;
        var refused = Record.Exception(() => builder = BuilderChoice.NameOf(BuilderChoice.On(new EngineCapabilities(api, isPodman), spec, isForced)));

        Assert.Equal(expected, refused?.Message ?? builder);
    }

    [Theory]
    [InlineData("platform", true)]
    [InlineData("annotations", true)]
    [InlineData("provenance", true)]
    [InlineData("sbom", true)]
    [InlineData("cacheTo", false)]
    [InlineData("secrets", false)]
    public void Image_index_needs_the_containerd_store(string field, bool isNeeded)
    {
        var info = new EngineInfo { ApiVersion = "1.41", Version = "20.10.24" };
        var refused = Record.Exception(() => BuilderChoice.RequireImageIndex(With(field), info)) as ApiException;

        Assert.Equal(isNeeded, BuilderChoice.NeedsImageIndex(With(field)));
        Assert.Equal(isNeeded, refused?.Message.StartsWith(
            "The engine (version 20.10.24, API 1.41) does not use the containerd image store.", StringComparison.Ordinal) is true);
        BuilderChoice.RequireImageIndex(With(field), info with { HasContainerdStore = true });
    }

    private static BuildSpec Spec(string? network) => new() { Network = network };

    private static BuildSpec With(string field) => field switch
    {
        "secrets" => new BuildSpec { Secrets = new Dictionary<string, byte[]> { ["s"] = [1] } },
        "ssh" => new BuildSpec { SshKeys = new[] { TestKeys.Ed25519 }.ToLookup(_ => "default") },
        "dockerfile" => new BuildSpec { DockerfileText = "FROM x\n" },
        "cacheTo" => new BuildSpec { CacheTo = [new CacheTarget(null)] },
        "platform" => new BuildSpec { Platform = "linux/amd64,linux/arm64" },
        "annotations" => new BuildSpec { Annotations = new Dictionary<string, string> { ["a"] = "b" } },
        "contexts" => new BuildSpec { Contexts = new Dictionary<string, string> { ["a"] = "b" } },
        "check" => new BuildSpec { IsCheck = true },
        "output" => new BuildSpec { Output = BuildOutput.Tar },
        "provenance" => new BuildSpec { Provenance = Provenance.Min },
        _ => new BuildSpec { Sbom = true },
    };

    private static RequestedBuilder Parse(string builder) => Enum.Parse<RequestedBuilder>(builder, ignoreCase: true);
}
