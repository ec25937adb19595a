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
    /// <exception cref="ApiException">The requested builder lacks a requested feature.</exception>
    public static BuilderKind Of(RequestedBuilder requested, string? network, bool hasSecrets, PullMode pull = PullMode.Missing) => requested switch
    {
        // The Engine API of builds has a parameter to pull always, and none to pull never; nor has Podman's.
        _ when pull == PullMode.Never => throw Unsupported(
            "No builder supports pull=never: each one pulls a base image that the engine does not have. Use pull=missing.", "pull"),
        RequestedBuilder.Classic when hasSecrets =>
            throw Unsupported("The classic builder does not support secrets. Use builder=buildkit.", "secrets"),
        RequestedBuilder.Classic => BuilderKind.Classic,
        RequestedBuilder.Buildkit when OnlyClassic(network) is { } reason => throw Unsupported(reason + " Use builder=classic.", "network"),
        RequestedBuilder.Auto when OnlyClassic(network) is { } reason =>
            hasSecrets ? throw Unsupported(reason + " The classic builder does not support secrets.", "network") : BuilderKind.Classic,
        _ => BuilderKind.BuildKit,
    };

    /// <summary>Adapts the choice of <see cref="Of"/> to the capabilities of an engine.</summary>
    /// <param name="isForced">Whether the request named the builder.</param>
    /// <exception cref="ApiException">The engine has no builder with the requested features.</exception>
    public static BuilderKind On(EngineCapabilities engine, BuildSpec spec, bool isForced)
    {
        if (engine.BuildKitUnavailableReason is { } reason && spec.Builder == BuilderKind.BuildKit && (isForced || spec.Secrets.Count > 0))
        {
            throw isForced
                ? Unsupported(reason + " Use builder=classic.", "builder")
                : Unsupported(reason + " The classic builder does not support secrets.", "secrets");
        }

        if (spec.Remote is not null && engine.RemoteContextUnavailableReason is { } noRemote)
        {
            throw Unsupported(noRemote, "remote");
        }

        if (!IsOfEveryBuilder(spec.Network) && engine.BuildNetworkUnavailableReason(spec.Network!) is { } noNetwork)
        {
            throw Unsupported(noNetwork, "network");
        }

        return engine.BuildKitUnavailableReason is null ? spec.Builder : engine.ClassicBuilder;
    }

    /// <summary>Name of a builder in requests and events.</summary>
    public static string NameOf(BuilderKind builder) => builder.ToString().ToLowerInvariant();

    private static ApiException Unsupported(string reason, string field) => new(ErrorCode.FeatureUnsupported, reason) { Fields = [field] };

    private static bool IsOfEveryBuilder(string? network) => network is null or "bridge" or "default" or "host" or "none";

    private static string? OnlyClassic(string? network) => IsOfEveryBuilder(network)
        ? null
        : $"BuildKit does not support the network '{network}' for builds. Allowed networks: bridge, host, none.";
}
