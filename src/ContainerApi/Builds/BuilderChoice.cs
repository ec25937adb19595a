using ContainerApi.Engine;
using ContainerApi.Http;

namespace ContainerApi.Builds;

/// <summary>
/// Which builder does a build: BuildKit, which every Docker Engine on Linux has that this service speaks with, but for what only
/// the classic builder does, and on Windows and Podman; <c>builder</c> forces one.
/// </summary>
internal static class BuilderChoice
{
    public const string Auto = "auto";
    public const string BuildKit = "buildkit";
    public const string Classic = "classic";

    /// <param name="wanted">The request's word; null is <c>auto</c>.</param>
    /// <exception cref="RequestException">The builder that is wanted cannot do what is wanted of it.</exception>
    public static BuilderKind Of(string? wanted, string? network, bool hasSecrets) => (wanted ?? Auto) switch
    {
        Classic when hasSecrets => throw Unsupported("The classic builder has no secrets: builder=buildkit has."),
        Classic => BuilderKind.Classic,
        BuildKit when OnlyClassic(network) is { } reason => throw Unsupported(reason),
        Auto when OnlyClassic(network) is { } reason => hasSecrets ? throw Unsupported(reason + " It has no secrets.") : BuilderKind.Classic,
        _ => BuilderKind.BuildKit,
    };

    /// <summary>The builder where the engine is this one.</summary>
    /// <param name="withoutBuildKit">Why it has no BuildKit, a sentence; null where it has.</param>
    /// <param name="isForced">Whether the request named the builder.</param>
    /// <exception cref="RequestException">Only BuildKit can do what is wanted.</exception>
    public static BuilderKind On(string? withoutBuildKit, BuilderKind chosen, bool isForced, bool hasSecrets) =>
        chosen == BuilderKind.Classic || withoutBuildKit is null ? chosen
        : isForced ? throw Unsupported(withoutBuildKit + " builder=classic builds there.")
        : hasSecrets ? throw Unsupported(withoutBuildKit + " The classic builder has no secrets.")
        : BuilderKind.Classic;

    /// <summary>The word for a builder, in requests and in events.</summary>
    public static string NameOf(BuilderKind builder) => builder == BuilderKind.BuildKit ? BuildKit : Classic;

    private static RequestException Unsupported(string reason) => new(ProblemCode.FeatureUnsupported, reason);

    private static string? OnlyClassic(string? network) => network is null or "bridge" or "default" or "host" or "none"
        ? null
        : $"BuildKit runs steps in the network bridge, host or none; only the classic builder joins '{network}'.";
}
