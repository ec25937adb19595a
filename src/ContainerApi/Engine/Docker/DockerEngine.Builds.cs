using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using ContainerApi.Engine.Docker.Builders;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    public async IAsyncEnumerable<BuildFact> BuildAsync(
        BuildSpec spec, Stream context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var session = await OpenSessionAsync(spec, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, ToBuildPath(spec, session?.Id));
        if (spec.Builder != BuilderKind.BuildKit && spec.Credentials.Count > 0)
        {
            request.Headers.Add("X-Registry-Config", RegistryHeaders.ToConfig(spec.Credentials));
        }

        if (spec.Remote is null)
        {
            request.Content = new StreamContent(context);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        }

        BuildReader reader = spec.Builder switch
        {
            BuilderKind.BuildKit => new BuildKitTrace(),
            BuilderKind.Podman => new PodmanBuilder(),
            _ => new ClassicBuilder(),
        };
        await foreach (var message in StreamAsync(request, StreamWire.Default.StreamMessage, cancellationToken))
        {
            foreach (var fact in reader.Read(message))
            {
                yield return fact;
            }
        }

        foreach (var fact in reader.End())
        {
            yield return fact;
        }
    }

    /// <summary>
    /// Opens a session for every BuildKit build, which takes 1 ms. Without one BuildKit cannot pull base images that need a token.
    /// </summary>
    private async Task<BuildSession?> OpenSessionAsync(BuildSpec spec, CancellationToken cancellationToken) =>
        spec.Builder != BuilderKind.BuildKit || _sessions is null
            ? null
            : await WithinAsync(
                _callTimeout,
                token => _sessions.OpenAsync(new SessionGrants(spec.Secrets, spec.Credentials), SendStreamAsync, token),
                cancellationToken);

    /// <summary>
    /// Not by Docker.DotNet, which sends <c>cachefrom</c> in a format that the engine refuses. The classic builder's containers are
    /// always removed, also after a failed step. Podman expects hosts as a JSON array. With a remote and a body the engine returns nothing.
    /// </summary>
    private static string ToBuildPath(BuildSpec spec, string? session)
    {
        var isBuildKit = spec.Builder == BuilderKind.BuildKit;
        IReadOnlyList<string> hosts = spec.Builder == BuilderKind.Podman && spec.ExtraHosts.Count > 0
            ? [JsonSerializer.Serialize(spec.ExtraHosts, EngineWire.Default.IReadOnlyListString)]
            : spec.ExtraHosts;
        return ToPath(
            "build",
            [
                ("version", isBuildKit ? "2" : "1"),
                ("rm", isBuildKit ? null : "1"),
                ("forcerm", isBuildKit ? null : "1"),
                ("session", session),
                .. spec.Tags.Select(tag => ("t", (string?)tag.ToString())),
                ("remote", spec.Remote),
                ("dockerfile", spec.Dockerfile),
                ("target", spec.Target),
                ("platform", spec.Platform),
                .. ToNetwork(spec),
                ("nocache", spec.NoCache ? "1" : null),
                ("pull", spec.Pull ? "1" : null),
                .. hosts.Select(host => ("extrahosts", (string?)host)),
                ("buildargs", ToJson(spec.BuildArguments)),
                ("labels", ToJson(spec.Labels!)),
                ("cachefrom", spec.CacheFrom.Count == 0
                    ? null
                    : JsonSerializer.Serialize([.. spec.CacheFrom.Select(image => image.Value)], EngineWire.Default.IReadOnlyListString)),
            ]);
    }

    private static string? ToJson(IReadOnlyDictionary<string, string?> values) =>
        values.Count == 0 ? null : JsonSerializer.Serialize(values, EngineWire.Default.IReadOnlyDictionaryStringString);

    /// <summary>
    /// BuildKit uses the bridge by default and has no name for it. Podman's builder (5.4) uses the host's network without
    /// <c>nsoptions</c>, and no network with <c>networkmode=1</c>.
    /// </summary>
    private static IEnumerable<(string, string?)> ToNetwork(BuildSpec spec) => spec.Builder switch
    {
        BuilderKind.Podman =>
        [
            ("networkmode", spec.Network is "none" ? "1" : null),
            ("nsoptions", spec.Network is "host" ? null : """[{"Name":"network","Host":false}]"""),
        ],
        BuilderKind.BuildKit when spec.Network is "bridge" or "default" => [],
        _ => [("networkmode", spec.Network)],
    };
}
