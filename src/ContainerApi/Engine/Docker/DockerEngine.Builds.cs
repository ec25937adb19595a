using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
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
            request.Headers.Add("X-Registry-Config", DockerTranslation.ToRegistryConfig(spec.Credentials));
        }

        if (spec.Remote is null)
        {
            request.Content = new StreamContent(context);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        }

        IBuildReader reader = spec.Builder switch
        {
            BuilderKind.BuildKit => new BuildKitTrace(),
            BuilderKind.Podman => new PodmanBuilder(),
            _ => new ClassicBuilder(),
        };
        await foreach (var message in StreamAsync(request, EngineWire.Default.StreamMessage, cancellationToken))
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
                _callTimeout, token => _sessions.OpenAsync(new SessionGrants(spec.Secrets, spec.Credentials), SendStreamAsync, token), cancellationToken);

    /// <summary>
    /// Not by Docker.DotNet, which sends <c>cachefrom</c> in a format that the engine refuses. The classic builder's containers are
    /// always removed, also after a failed step. Podman expects hosts as a JSON array.
    /// </summary>
    private static string ToBuildPath(BuildSpec spec, string? session)
    {
        var isBuildKit = spec.Builder == BuilderKind.BuildKit;
        var query = new StringBuilder(isBuildKit ? "build?version=2" : "build?version=1&rm=1&forcerm=1");
        Append(query, "session", session);
        foreach (var tag in spec.Tags)
        {
            Append(query, "t", tag.ToString());
        }

        // With a body, too, the engine would return nothing.
        Append(query, "remote", spec.Remote);
        Append(query, "dockerfile", spec.Dockerfile);
        Append(query, "target", spec.Target);
        Append(query, "platform", spec.Platform);
        AppendNetwork(query, spec);
        Append(query, "nocache", spec.NoCache ? "1" : null);
        Append(query, "pull", spec.Pull ? "1" : null);
        var hosts = spec.Builder == BuilderKind.Podman && spec.ExtraHosts.Count > 0
            ? [JsonSerializer.Serialize(spec.ExtraHosts, EngineWire.Default.IReadOnlyListString)]
            : spec.ExtraHosts;
        foreach (var host in hosts)
        {
            Append(query, "extrahosts", host);
        }

        if (spec.BuildArguments.Count > 0)
        {
            Append(query, "buildargs", JsonSerializer.Serialize(spec.BuildArguments, EngineWire.Default.IReadOnlyDictionaryStringString));
        }

        if (spec.Labels.Count > 0)
        {
            Append(query, "labels", JsonSerializer.Serialize(spec.Labels, EngineWire.Default.IReadOnlyDictionaryStringString));
        }

        if (spec.CacheFrom.Count > 0)
        {
            Append(query, "cachefrom", JsonSerializer.Serialize([.. spec.CacheFrom.Select(i => i.Value)], EngineWire.Default.IReadOnlyListString));
        }

        return query.ToString();
    }

    /// <summary>
    /// BuildKit uses the bridge by default and has no name for it. Podman's builder (5.4) uses the host's network without
    /// <c>nsoptions</c>, and no network with <c>networkmode=1</c>.
    /// </summary>
    private static void AppendNetwork(StringBuilder query, BuildSpec spec)
    {
        if (spec.Builder == BuilderKind.Podman)
        {
            Append(query, "networkmode", spec.Network is "none" ? "1" : null);
            Append(query, "nsoptions", spec.Network is "host" ? null : """[{"Name":"network","Host":false}]""");
            return;
        }

        Append(query, "networkmode", spec.Builder == BuilderKind.BuildKit && spec.Network is "bridge" or "default" ? null : spec.Network);
    }
}
