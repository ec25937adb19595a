using ContainerApi.Engine;

namespace ContainerApi.Builds;

/// <summary>The values of the parameter <c>builder</c>.</summary>
internal enum RequestedBuilder
{
    Auto,
    Classic,
    Buildkit,
}

/// <summary>
/// Chooses the builder of a build: BuildKit, except for features that only the classic builder has and for engines without BuildKit.
/// Podman has a builder of its own. The parameter <c>builder</c> forces one.
/// </summary>
internal static class BuilderChoice
{
    /// <param name="requested">The parameter <c>builder</c>.</param>
    /// <param name="engine">Null before the first connection to the engine.</param>
    /// <exception cref="ApiException">The requested builder lacks a requested feature.</exception>
    public static BuilderKind Of(
        RequestedBuilder requested, BuildSpec spec, PullMode pull = PullMode.Missing, EngineCapabilities? engine = null) => requested switch
        {
            // The Engine API of builds has a parameter to pull always, and none to pull never; nor has Podman's.
            _ when pull == PullMode.Never => throw Unsupported(
                "pull", "No builder supports pull=never: each one pulls a base image that the engine does not have. Use pull=missing."),
            RequestedBuilder.Classic when OnlyBuildKit(spec) is (var field, var feature) =>
                throw Unsupported(field, $"{NotClassic(feature)} {NotBuildKit(engine, field) ?? "Use builder=buildkit."}"),
            RequestedBuilder.Classic => BuilderKind.Classic,
            RequestedBuilder.Buildkit when OnlyClassic(spec) is (var field, var reason) => throw Unsupported(field, reason + " Use builder=classic."),
            RequestedBuilder.Auto when OnlyClassic(spec) is (var field, var reason) => ClassicOf(spec, field, reason),
            _ => BuilderKind.BuildKit,
        };

    /// <summary>Adapts the choice of <see cref="Of"/> to the capabilities of an engine.</summary>
    /// <param name="isForced">Whether the request named the builder.</param>
    /// <exception cref="ApiException">The engine has no builder with the requested features.</exception>
    public static BuilderKind On(EngineCapabilities engine, BuildSpec spec, bool isForced)
    {
        var isBuildKit = spec.Builder == BuilderKind.BuildKit;
        if (isBuildKit && engine.BuildKitUnavailableReason is { } reason)
        {
            if (isForced)
            {
                throw Unsupported("builder", reason + " Use builder=classic.");
            }

            // Only checks the features; the builder of this engine is chosen below.
            ClassicOf(spec, null, reason);
        }

        if (spec.Remote is not null && engine.RemoteContextUnavailableReason is { } noRemote)
        {
            throw Unsupported("remote", noRemote);
        }

        if (!IsOfEveryBuilder(spec.Network) && engine.BuildNetworkUnavailableReason(spec.Network!) is { } noNetwork)
        {
            throw Unsupported("network", noNetwork);
        }

        if (spec.Contexts.Count > 0 && engine.NamedContextsUnavailableReason is { } noContexts)
        {
            throw Unsupported("contexts", noContexts);
        }

        if (spec.IsCheck && engine.CheckUnavailableReason is { } noCheck)
        {
            throw Unsupported("check", noCheck);
        }

        if (LimitOf(spec) is { } limit && engine.StepLimitsUnavailableReason(isBuildKit) is { } noLimits)
        {
            return !isBuildKit || engine.BuildKitUnavailableReason is not null ? throw Unsupported(limit, noLimits)
                : isForced ? throw Unsupported(limit, noLimits + " Use builder=classic.")
                : ClassicOf(spec, limit, noLimits);
        }

        return engine.BuildKitUnavailableReason is null ? spec.Builder : engine.ClassicBuilder;
    }

    /// <summary>Whether the build makes an image that only some image stores can hold.</summary>
    public static bool NeedsImageIndex(BuildSpec spec) => OnlyContainerdStore(spec) is not null;

    /// <summary>Checks that the engine's image store has what the build needs.</summary>
    /// <exception cref="ApiException">The store lacks it.</exception>
    public static void RequireImageIndex(BuildSpec spec, EngineInfo info)
    {
        if (OnlyContainerdStore(spec) is (var field, var feature) && EngineCapabilities.ImageIndexUnavailableReason(info) is { } reason)
        {
            throw Unsupported(field, $"{reason} It does not support {feature}.");
        }
    }

    /// <summary>Name of a builder in requests and events.</summary>
    public static string NameOf(BuilderKind builder) => builder.ToString().ToLowerInvariant();

    /// <summary>The classic builder in place of BuildKit, which cannot build for this reason.</summary>
    /// <param name="field">The parameter that has the reason; null for the engine.</param>
    private static BuilderKind ClassicOf(BuildSpec spec, string? field, string reason) => OnlyBuildKit(spec) is (var other, var feature)
        ? throw Unsupported(field ?? other, $"{reason} {NotClassic(feature)}")
        : BuilderKind.Classic;

    /// <summary>Why the engine's BuildKit lacks a feature as well; null where it has it.</summary>
    private static string? NotBuildKit(EngineCapabilities? engine, string field) => engine?.BuildKitUnavailableReason ?? field switch
    {
        "contexts" => engine?.NamedContextsUnavailableReason,
        "check" => engine?.CheckUnavailableReason,
        _ => null,
    };

    private static string NotClassic(string feature) => $"The classic builder does not support {feature}.";

    private static ApiException Unsupported(string field, string reason) => new(ErrorCode.FeatureUnsupported, reason) { Fields = [field] };

    private static bool IsOfEveryBuilder(string? network) => network is null or "bridge" or "default" or "host" or "none";

    private static (string Field, string Feature)? OnlyBuildKit(BuildSpec spec) =>
        spec.Secrets.Count > 0 ? ("secrets", "secrets")
        : spec.SshKeys.Count > 0 ? ("ssh", "SSH agents")
        : spec.DockerfileText is not null ? ("dockerfile", "the text of a Dockerfile beside another context")
        : spec.Contexts.Count > 0 ? ("contexts", "named contexts")
        : spec.IsCheck ? ("check", "checks of a Dockerfile")
        : spec.CacheTo.Count > 0 ? ("cacheTo", "a cache export")
        : spec.Output == BuildOutput.Tar ? ("output", "a file as output")
        : OnlyContainerdStore(spec);

    private static (string Field, string Feature)? OnlyContainerdStore(BuildSpec spec) =>
        spec.Output == BuildOutput.Oci ? ("output", "output=oci")
        : spec.Platform?.Contains(',', StringComparison.Ordinal) is true ? ("platform", "images of several platforms")
        : spec.Annotations.Count > 0 ? ("annotations", "annotations")
        : spec.Provenance != Provenance.None ? ("provenance", "attestations")
        : spec.Sbom ? ("sbom", "attestations")
        : spec.CacheTo.Any(target => target.Registry is not null) ? ("cacheTo", "a cache export to a registry")
        : null;

    private static (string Field, string Reason)? OnlyClassic(BuildSpec spec) =>
        !IsOfEveryBuilder(spec.Network)
            ? ("network", $"BuildKit does not support the network '{spec.Network}' for builds. Allowed networks: bridge, host, none.")
        : spec.Memory is not null ? ("memory", "BuildKit does not limit the memory of builds.")
        : null;

    private static string? LimitOf(BuildSpec spec) =>
        spec.ShmSize is not null ? "shmSize"
        : spec.Ulimits.Count > 0 ? "ulimits"
        : spec.CgroupParent is not null ? "cgroupParent"
        : spec.Memory is not null ? "memory"
        : null;
}
