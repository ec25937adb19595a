using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Builds;

/// <summary>The parameters of a build in the query.</summary>
public sealed record BuildRequest
{
    /// <summary>A reference for the image, <c>app:v1</c>; repeatable. Without a tag in it, <c>latest</c>.</summary>
    [FromQuery(Name = "tag")]
    public string[]? Tag { get; init; }

    /// <summary>Path of the Dockerfile inside the context; <c>Dockerfile</c> by default.</summary>
    [FromQuery(Name = "dockerfile")]
    public string? Dockerfile { get; init; }

    /// <summary>The stage to build, by name or number; the last by default.</summary>
    [FromQuery(Name = "target")]
    public string? Target { get; init; }

    /// <summary>A build argument, <c>NAME=value</c>; <c>NAME</c> alone keeps the Dockerfile's default. Repeatable.</summary>
    [FromQuery(Name = "buildArg")]
    public string[]? BuildArg { get; init; }

    /// <summary>A label for the image, <c>key=value</c>; repeatable.</summary>
    [FromQuery(Name = "label")]
    public string[]? Label { get; init; }

    /// <summary>The platform to build for, <c>linux/amd64</c>.</summary>
    [FromQuery(Name = "platform")]
    public string? Platform { get; init; }

    /// <summary>Whether to build without the cache.</summary>
    [FromQuery(Name = "noCache")]
    public string? NoCache { get; init; }

    /// <summary>Whether to pull newer base images.</summary>
    [FromQuery(Name = "pull")]
    public string? Pull { get; init; }

    /// <summary>The network of <c>RUN</c> steps: <c>bridge</c>, <c>host</c>, <c>none</c>, <c>container:ID</c> or a network's name.</summary>
    [FromQuery(Name = "network")]
    public string? Network { get; init; }

    /// <summary>An entry for the hosts file of <c>RUN</c> steps, <c>name:address</c>; repeatable.</summary>
    [FromQuery(Name = "extraHost")]
    public string[]? ExtraHost { get; init; }

    /// <summary>An image to use as cache source; repeatable.</summary>
    [FromQuery(Name = "cacheFrom")]
    public string[]? CacheFrom { get; init; }

    /// <summary>A secret for <c>RUN --mount=type=secret,id=…</c>, <c>id=value</c>; repeatable.
    /// It is in no log, history or layer. Proxies may log a query; use JSON to keep a secret out of it.</summary>
    [FromQuery(Name = "secret")]
    public string[]? Secret { get; init; }

    /// <summary>Credentials for the registries of base images, as Docker's clients send them:
    /// <c>{"host":{"username":"…","password":"…"}}</c> in base64url.</summary>
    [FromHeader(Name = "X-Registry-Config")]
    public string? RegistryConfig { get; init; }

    /// <summary>Credentials for one registry, <c>{"username":"…","password":"…","serveraddress":"…"}</c> in base64url.</summary>
    [FromHeader(Name = RegistryAuthHeader.Name)]
    public string? RegistryAuth { get; init; }

    /// <summary>Credentials as a JSON document has them.</summary>
    internal IReadOnlyList<RegistryAuthRequest> Credentials { get; init; } = [];

    /// <summary><c>auto</c> (default: BuildKit, except for features that only the classic builder has), <c>buildkit</c> or <c>classic</c>.</summary>
    [FromQuery(Name = "builder")]
    public string? Builder { get; init; }

    /// <summary>Name of the engine; the first by default.</summary>
    [FromQuery(Name = "engine")]
    public string? Engine { get; init; }

    /// <summary>Maximum duration of the build in seconds after the queue, including the upload of the context.</summary>
    [FromQuery(Name = "timeout")]
    public string? Timeout { get; init; }

    /// <summary>Whether to push each tag after the build, with the credentials for its registry.</summary>
    [FromQuery(Name = "push")]
    [QueryValue("boolean", Default = "false")]
    public string? Push { get; init; }

    /// <summary>Whether the build continues without its client: the response is 202 as soon as the engine has the context.</summary>
    [FromQuery(Name = "detach")]
    [QueryValue("boolean", Default = "false")]
    public string? Detach { get; init; }

    /// <summary>Whether to stream events; `false` returns one document after the end of the build.</summary>
    [FromQuery(Name = "stream")]
    [QueryValue("boolean", Default = "true")]
    public string? Stream { get; init; }

    /// <summary>`ndjson` or `text`. By default the `Accept` header decides, and NDJSON is used if it does not.</summary>
    [FromQuery(Name = "format")]
    [QueryValue(Allowed = ["ndjson", "text"])]
    public string? Format { get; init; }

    /// <summary>Returns the mode of the response.</summary>
    internal BuildResponseMode ToReply(HttpRequest request) =>
        Rules.ToBoolean(Detach) ? BuildResponseMode.Detached
        : !Rules.ToBoolean(Stream, otherwise: true) ? BuildResponseMode.Document
        : BuildEventFormats.IsText(Format, request) ? BuildResponseMode.Text
        : BuildResponseMode.Events;

    /// <summary>Converts valid parameters to the engine's specification.</summary>
    /// <exception cref="ApiException">The requested builder lacks a requested feature.</exception>
    internal BuildParameters ToParameters(HttpRequest http) =>
        new(Engine, Rules.ToInteger(Timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null, new BuildSpec
        {
            Builder = BuilderChoice.Of(Builder, Network, hasSecrets: Secret is { Length: > 0 }),
            Tags = [.. (Tag ?? []).Select(ParseTag).Distinct()],
            Dockerfile = Dockerfile is null ? null : string.Join('/', Dockerfile.Split('/').Where(part => part is not ("" or "."))),
            Target = Target,
            BuildArguments = Pairs(BuildArg),
            Labels = Pairs(Label).ToDictionary(p => p.Key, p => p.Value ?? ""),
            Platform = Platform,
            NoCache = Rules.ToBoolean(NoCache),
            Pull = Rules.ToBoolean(Pull),
            Network = Network,
            ExtraHosts = ExtraHost ?? [],
            CacheFrom = [.. (CacheFrom ?? []).Select(ParseImage)],
            Secrets = Pairs(Secret).ToDictionary(p => p.Key, p => p.Value ?? ""),
            Push = Rules.ToBoolean(Push),
            Credentials = [.. Credentials.Concat(BuildCredentials.Of(this)!).Select(c => c.ToCredentials())],
        })
        { Reply = ToReply(http), IsBuilderForced = Builder is not (null or BuilderChoice.Auto) };

    private static ImageName ParseTag(string text) => ImageName.TryParse(text, out var tag) ? tag : throw new UnreachableException();

    private static ImageNameOrId ParseImage(string text) => ImageNameOrId.TryParse(text, out var image) ? image : throw new UnreachableException();

    /// <summary>The last value of a name counts, as for <c>docker build</c>.</summary>
    private static Dictionary<string, string?> Pairs(IReadOnlyList<string>? texts)
    {
        var pairs = new Dictionary<string, string?>();
        foreach (var text in texts ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            pairs[equals < 0 ? text : text[..equals]] = equals < 0 ? null : text[(equals + 1)..];
        }

        return pairs;
    }
}

/// <summary>A build request in JSON. A list with one item may be a string.</summary>
public sealed record BuildDocument
{
    /// <summary>A directory under a configured context root: absolute, or relative to a root. Its <c>.dockerignore</c> file applies.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// A URL that the engine fetches the context from: <c>https://host/repository.git#branch:directory</c> or a tar archive.
    /// Refused unless the configuration allows it.
    /// </summary>
    public string? Remote { get; init; }

    /// <summary>With <c>path</c> or <c>remote</c>, the path of the Dockerfile in the context; otherwise the text of the Dockerfile.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>References for the image.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public string[]? Tag { get; init; }

    /// <summary>The stage to build.</summary>
    public string? Target { get; init; }

    /// <summary>Build arguments, <c>NAME=value</c>.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public string[]? BuildArg { get; init; }

    /// <summary>Labels, <c>key=value</c>.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public string[]? Label { get; init; }

    /// <summary>The platform to build for.</summary>
    public string? Platform { get; init; }

    /// <summary>Whether to build without the cache.</summary>
    public bool? NoCache { get; init; }

    /// <summary>Whether to pull newer base images.</summary>
    public bool? Pull { get; init; }

    /// <summary>Whether to push each tag after the build.</summary>
    public bool? Push { get; init; }

    /// <summary>The network of <c>RUN</c> steps.</summary>
    public string? Network { get; init; }

    /// <summary>Entries for the hosts file of <c>RUN</c> steps, <c>name:address</c>.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public string[]? ExtraHost { get; init; }

    /// <summary>Images to use as cache sources.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public string[]? CacheFrom { get; init; }

    /// <summary>Secrets for <c>RUN --mount=type=secret,id=…</c>: an object of ids and values, or <c>id=value</c>.
    /// It is in no log, history or layer.</summary>
    [JsonConverter(typeof(PairsConverter))]
    public string[]? Secret { get; init; }

    /// <summary>Credentials for the registries of base images, one or a list; each names its registry in <c>serverAddress</c>.</summary>
    [JsonConverter(typeof(OneOrManyConverter<RegistryAuthRequest>))]
    public RegistryAuthRequest[]? RegistryAuth { get; init; }

    /// <summary><c>auto</c> (default: BuildKit, except for features that only the classic builder has), <c>buildkit</c> or <c>classic</c>.</summary>
    public string? Builder { get; init; }

    /// <summary>Name of the engine; the first by default.</summary>
    public string? Engine { get; init; }

    /// <summary>Maximum duration of the build in seconds.</summary>
    public int? Timeout { get; init; }

    /// <summary>Whether the build continues without its client.</summary>
    public bool? Detach { get; init; }

    /// <summary>Whether to stream events; true by default.</summary>
    public bool? Stream { get; init; }

    /// <summary><c>ndjson</c> or <c>text</c>.</summary>
    public string? Format { get; init; }

    /// <summary>Converts to the parameters of the query, for the common validator.</summary>
    internal BuildRequest ToRequest() => new()
    {
        Tag = Tag,
        Dockerfile = Path is null && Remote is null ? null : Dockerfile,
        Target = Target,
        BuildArg = BuildArg,
        Label = Label,
        Platform = Platform,
        NoCache = NoCache is true ? "true" : null,
        Pull = Pull is true ? "true" : null,
        Push = Push is true ? "true" : null,
        Network = Network,
        ExtraHost = ExtraHost,
        CacheFrom = CacheFrom,
        Secret = Secret,
        Credentials = RegistryAuth ?? [],
        Builder = Builder,
        Engine = Engine,
        Timeout = Timeout?.ToString(CultureInfo.InvariantCulture),
        Detach = Detach is { } detach ? (detach ? "true" : "false") : null,
        Stream = Stream is { } stream ? (stream ? "true" : "false") : null,
        Format = Format,
    };
}

/// <summary>The validated parameters of a build.</summary>
/// <param name="Engine">Null is the first.</param>
/// <param name="Timeout">Null is the configured one.</param>
internal sealed record BuildParameters(string? Engine, TimeSpan? Timeout, BuildSpec Spec)
{
    /// <summary>The mode of the response.</summary>
    public BuildResponseMode Reply { get; init; }

    /// <summary>Whether the request names the builder.</summary>
    public bool IsBuilderForced { get; init; }
}
