using ContainerApi.Engine;
using ContainerApi.Http;

namespace ContainerApi.Builds;

/// <summary>
/// Which builder does a build: BuildKit, which every Linux engine that this service speaks with has, but for what only the
/// classic builder does, and on Windows; <c>builder</c> forces one.
/// </summary>
internal static class BuilderChoice
{
    public const string Auto = "auto";
    public const string BuildKit = "buildkit";
    public const string Classic = "classic";
    private const string Windows = "windows";

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

    /// <summary>The builder where the engine is this one: Windows has no BuildKit.</summary>
    /// <param name="osType">The engine's word for what it runs on.</param>
    /// <param name="isForced">Whether the request named the builder.</param>
    /// <exception cref="RequestException">Only BuildKit can do what is wanted.</exception>
    public static BuilderKind On(string? osType, BuilderKind chosen, bool isForced, bool hasSecrets) =>
        chosen == BuilderKind.Classic || osType != Windows ? chosen
        : isForced ? throw Unsupported("The engine runs Windows, which has no BuildKit; builder=classic builds there.")
        : hasSecrets ? throw Unsupported("The engine runs Windows, which has no BuildKit; the classic builder has no secrets.")
        : BuilderKind.Classic;

    /// <summary>The word for a builder, in requests and in events.</summary>
    public static string NameOf(BuilderKind builder) => builder == BuilderKind.BuildKit ? BuildKit : Classic;

    private static RequestException Unsupported(string reason) => new(ProblemCode.FeatureUnsupported, reason);

    private static string? OnlyClassic(string? network) => network is null or "bridge" or "default" or "host" or "none"
        ? null
        : $"BuildKit runs steps in the network bridge, host or none; only the classic builder joins '{network}'.";
}
