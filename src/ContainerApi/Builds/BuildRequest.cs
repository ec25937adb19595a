using System.Globalization;
using System.Text.Json.Serialization;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Builds;

/// <summary>The parameters of a build, as text: in the query beside an archive or a Dockerfile.</summary>
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

    /// <summary>Whether to do every step again.</summary>
    [FromQuery(Name = "noCache")]
    public string? NoCache { get; init; }

    /// <summary>Whether to ask the registry for newer base images.</summary>
    [FromQuery(Name = "pull")]
    public string? Pull { get; init; }

    /// <summary>The network of <c>RUN</c> steps: <c>bridge</c>, <c>host</c>, <c>none</c>, <c>container:ID</c> or a network's name.</summary>
    [FromQuery(Name = "network")]
    public string? Network { get; init; }

    /// <summary>A line for the steps' hosts file, <c>name:address</c>; repeatable.</summary>
    [FromQuery(Name = "extraHost")]
    public string[]? ExtraHost { get; init; }

    /// <summary>An image whose layers may serve as cache; repeatable.</summary>
    [FromQuery(Name = "cacheFrom")]
    public string[]? CacheFrom { get; init; }

    /// <summary>A secret for <c>RUN --mount=type=secret,id=…</c>, <c>id=value</c>; repeatable. In no log, history or layer. A query is seen by proxies: JSON keeps secrets out of it.</summary>
    [FromQuery(Name = "secret")]
    public string[]? Secret { get; init; }

    /// <summary>Credentials for the registries of base images, as Docker's clients send them: <c>{"host":{"username":"…","password":"…"}}</c> in base64url.</summary>
    [FromHeader(Name = "X-Registry-Config")]
    public string? RegistryConfig { get; init; }

    /// <summary>Credentials for one registry, <c>{"username":"…","password":"…","serveraddress":"…"}</c> in base64url.</summary>
    [FromHeader(Name = RegistryAuthHeader.Name)]
    public string? RegistryAuth { get; init; }

    /// <summary>Credentials as a JSON document has them.</summary>
    internal IReadOnlyList<RegistryAuthRequest> Credentials { get; init; } = [];

    /// <summary><c>auto</c> (default: BuildKit, but for what only the classic builder does), <c>buildkit</c> or <c>classic</c>.</summary>
    [FromQuery(Name = "builder")]
    public string? Builder { get; init; }

    /// <summary>The engine that builds; the first by default.</summary>
    [FromQuery(Name = "engine")]
    public string? Engine { get; init; }

    /// <summary>How many seconds the build may take from its admission on, its upload included.</summary>
    [FromQuery(Name = "timeout")]
    public string? Timeout { get; init; }

    /// <summary>Whether to push the image under each of its tags once it is there, with the credentials for their registries.</summary>
    [FromQuery(Name = "push")]
    [QueryValue("boolean", Default = "false")]
    public string? Push { get; init; }

    /// <summary>Whether the build goes on without its client: the answer is 202 as soon as the engine has the context.</summary>
    [FromQuery(Name = "detach")]
    [QueryValue("boolean", Default = "false")]
    public string? Detach { get; init; }

    /// <summary>Whether to answer as it goes; `false` waits for the end and answers with one document.</summary>
    [FromQuery(Name = "stream")]
    [QueryValue("boolean", Default = "true")]
    public string? Stream { get; init; }

    /// <summary>`ndjson`, or `text` for people; without it the `Accept` header decides, and NDJSON where it does not.</summary>
    [FromQuery(Name = "format")]
    [QueryValue(Allowed = ["ndjson", "text"])]
    public string? Format { get; init; }

    /// <summary>How the request wants to be answered.</summary>
    internal BuildResponseMode ToReply(HttpRequest request) =>
        Rules.ToBoolean(Detach) ? BuildResponseMode.Detached
        : !Rules.ToBoolean(Stream, otherwise: true) ? BuildResponseMode.Document
        : BuildEventFormats.IsText(Format, request) ? BuildResponseMode.Text
        : BuildResponseMode.Events;

    /// <summary>The parameters in the engine's terms. They are valid.</summary>
    /// <exception cref="ApiException">They ask for a builder that cannot do what they ask for.</exception>
    internal BuildParameters ToParameters(HttpRequest http) =>
        new(Engine, Rules.ToInteger(Timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null, new BuildSpec
        {
            Builder = BuilderChoice.Of(Builder, Network, hasSecrets: Secret is { Length: > 0 }),
            Tags = [.. (Tag ?? []).Select(Canonical).Distinct()],
            Dockerfile = Dockerfile is null ? null : string.Join('/', Dockerfile.Split('/').Where(part => part is not ("" or "."))),
            Target = Target,
            BuildArguments = Pairs(BuildArg),
            Labels = Pairs(Label).ToDictionary(p => p.Key, p => p.Value ?? ""),
            Platform = Platform,
            NoCache = Rules.ToBoolean(NoCache),
            Pull = Rules.ToBoolean(Pull),
            Network = Network,
            ExtraHosts = ExtraHost ?? [],
            CacheFrom = CacheFrom ?? [],
            Secrets = Pairs(Secret).ToDictionary(p => p.Key, p => p.Value ?? ""),
            Push = Rules.ToBoolean(Push),
            Credentials = [.. Credentials.Concat(BuildCredentials.Of(this)!).Select(c => c.ToCredentials())],
        })
        { Reply = ToReply(http), IsBuilderForced = Builder is not (null or BuilderChoice.Auto) };

    private static string Canonical(string text) => ImageReference.TryParse(text, out var reference) ? reference.ToString() : text;

    /// <summary>As <c>docker build</c> reads them: the last of one name counts.</summary>
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

/// <summary>A build whose context is on the service's side, or is a Dockerfile alone; lists may be one string.</summary>
public sealed record BuildDocument
{
    /// <summary>A directory under a configured context root: absolute, or relative to a root. Its <c>.dockerignore</c> applies.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// An address that the engine fetches the context from, <c>https://host/repository.git#branch:directory</c> or that of a
    /// tar archive. Refused unless the configuration allows it.
    /// </summary>
    public string? Remote { get; init; }

    /// <summary>With <c>path</c> or <c>remote</c>, the Dockerfile's path inside it; without, the Dockerfile's text, which is the whole context.</summary>
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

    /// <summary>Whether to do every step again.</summary>
    public bool? NoCache { get; init; }

    /// <summary>Whether to ask the registry for newer base images.</summary>
    public bool? Pull { get; init; }

    /// <summary>Whether to push the image under each of its tags once it is there.</summary>
    public bool? Push { get; init; }

    /// <summary>The network of <c>RUN</c> steps.</summary>
    public string? Network { get; init; }

    /// <summary>Lines for the steps' hosts file, <c>name:address</c>.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public string[]? ExtraHost { get; init; }

    /// <summary>Images whose layers may serve as cache.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public string[]? CacheFrom { get; init; }

    /// <summary>Secrets for <c>RUN --mount=type=secret,id=…</c>: an object of ids and values, or <c>id=value</c>. In no log, history or layer.</summary>
    [JsonConverter(typeof(PairsConverter))]
    public string[]? Secret { get; init; }

    /// <summary>Credentials for the registries of base images, one or a list; each names its registry in <c>serverAddress</c>.</summary>
    [JsonConverter(typeof(OneOrManyConverter<RegistryAuthRequest>))]
    public RegistryAuthRequest[]? RegistryAuth { get; init; }

    /// <summary><c>auto</c> (default: BuildKit, but for what only the classic builder does), <c>buildkit</c> or <c>classic</c>.</summary>
    public string? Builder { get; init; }

    /// <summary>The engine that builds; the first by default.</summary>
    public string? Engine { get; init; }

    /// <summary>How many seconds the build may take.</summary>
    public int? Timeout { get; init; }

    /// <summary>Whether the build goes on without its client.</summary>
    public bool? Detach { get; init; }

    /// <summary>Whether to answer as it goes; true by default.</summary>
    public bool? Stream { get; init; }

    /// <summary><c>ndjson</c> or <c>text</c>.</summary>
    public string? Format { get; init; }

    /// <summary>The same as text, for one validator.</summary>
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

/// <summary>A build's parameters, judged.</summary>
/// <param name="Engine">Null is the first.</param>
/// <param name="Timeout">Null is the configured one.</param>
internal sealed record BuildParameters(string? Engine, TimeSpan? Timeout, BuildSpec Spec)
{
    /// <summary>How the one who asks wants to be answered.</summary>
    public BuildResponseMode Reply { get; init; }

    /// <summary>Whether the builder must be this one; else it is the one for most engines.</summary>
    public bool IsBuilderForced { get; init; }
}
