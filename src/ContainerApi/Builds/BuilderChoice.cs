using ContainerApi.Engine;

namespace ContainerApi.Builds;

/// <summary>
/// Which builder does a build: BuildKit, which every Docker Engine on Linux has that this service speaks with, but for what only
/// the classic builder does, and on Windows; on Podman it is Podman's own. <c>builder</c> forces one.
/// </summary>
internal static class BuilderChoice
{
    public const string Auto = "auto";
    public const string BuildKit = "buildkit";
    public const string Classic = "classic";

    /// <summary>What does the classic builder's part on Podman; no word of requests.</summary>
    public const string Podman = "podman";

    /// <param name="wanted">The request's word; null is <c>auto</c>.</param>
    /// <exception cref="ApiException">The builder that is wanted cannot do what is wanted of it.</exception>
    public static BuilderKind Of(string? wanted, string? network, bool hasSecrets) => (wanted ?? Auto) switch
    {
        Classic when hasSecrets => throw Unsupported("The classic builder has no secrets: builder=buildkit has."),
        Classic => BuilderKind.Classic,
        BuildKit when OnlyClassic(network) is { } reason => throw Unsupported(reason),
        Auto when OnlyClassic(network) is { } reason => hasSecrets ? throw Unsupported(reason + " It has no secrets.") : BuilderKind.Classic,
        _ => BuilderKind.BuildKit,
    };

    /// <summary>The builder of what <see cref="Of"/> chose, where the engine is this one, which was met before.</summary>
    /// <param name="isForced">Whether the request named the builder.</param>
    /// <exception cref="ApiException">The engine has no builder that can do what is wanted.</exception>
    public static BuilderKind On(IEngine engine, BuildSpec spec, bool isForced)
    {
        if (engine.BuildKitUnavailableReason is { } reason && spec.Builder == BuilderKind.BuildKit && (isForced || spec.Secrets.Count > 0))
        {
            throw Unsupported(reason + (isForced ? " builder=classic builds there." : " The classic builder has no secrets."));
        }

        return engine.IsPodman ? OnPodman(spec)
            : engine.BuildKitUnavailableReason is null ? spec.Builder
            : BuilderKind.Classic;
    }

    /// <summary>The word for a builder, in requests and in events.</summary>
    public static string NameOf(BuilderKind builder) => builder switch
    {
        BuilderKind.BuildKit => BuildKit,
        BuilderKind.Podman => Podman,
        _ => Classic,
    };

    /// <summary>Podman 5.4 passes over a remote, and over a network that its builder does not know.</summary>
    private static BuilderKind OnPodman(BuildSpec spec) =>
        spec.Remote is not null ? throw Unsupported("The engine is Podman, which fetches no remote contexts.")
        : IsOfEveryBuilder(spec.Network) ? BuilderKind.Podman
        : throw Unsupported($"Podman runs steps in the network bridge, host or none, and does not join '{spec.Network}'.");

    private static ApiException Unsupported(string reason) => new(ErrorCode.FeatureUnsupported, reason);

    private static bool IsOfEveryBuilder(string? network) => network is null or "bridge" or "default" or "host" or "none";

    private static string? OnlyClassic(string? network) => IsOfEveryBuilder(network)
        ? null
        : $"BuildKit runs steps in the network bridge, host or none; only the classic builder joins '{network}'.";
}
