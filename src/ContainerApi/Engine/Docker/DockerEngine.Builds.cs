using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using ContainerApi.Engine.Docker.Builders;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Transport;
using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    private readonly ClassicBuilds _classicBuilds = new();

    public IAsyncEnumerable<BuildFact> BuildAsync(BuildSpec spec, BuildInput context, CancellationToken cancellationToken) =>
        spec.Builder == BuilderKind.BuildKit
            ? BuildWithBuildKitAsync(spec, context, cancellationToken)
            : BuildInOrderAsync(spec, context.OpenArchive(), cancellationToken);

    /// <summary>Builds with the classic builder or Podman's: the context is the body of one request, and the output is its answer.</summary>
    private async IAsyncEnumerable<BuildFact> BuildInOrderAsync(
        BuildSpec spec, Stream context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, ToBuildPath(spec));
        if (spec.Credentials.Count > 0)
        {
            request.Headers.Add(ApiHeaders.RegistryConfig, RegistryHeaders.ToConfig(spec.Credentials));
        }

        if (spec.Remote is null)
        {
            request.Content = new StreamContent(context);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        }

        using var building = await _classicBuilds.BeginBuildAsync(cancellationToken);
        StreamBuildReader reader = spec.Builder == BuilderKind.Podman ? new PodmanBuilder() : new ClassicBuilder();
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

    private async IAsyncEnumerable<BuildFact> BuildWithBuildKitAsync(
        BuildSpec spec, BuildInput context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var connection = await WithinAsync(
            _callTimeout, token => ConnectBuildKitAsync(BuildKitConnection.MaxMessageBytes, token), cancellationToken);
        await using var facts = new BuildKitBuild(connection, _sessions)
            .RunAsync(spec, context, await FindBridgeGatewayAsync(spec, cancellationToken), cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(facts, Timeout.InfiniteTimeSpan, cancellationToken))
        {
            yield return facts.Current;
        }
    }

    /// <summary>Connects to BuildKit on the engine's socket, or by a request to the engine.</summary>
    private async Task<BuildKitConnection> ConnectBuildKitAsync(int maxAnswerBytes, CancellationToken cancellationToken)
    {
        if (_endpoint.SocketPath is not null && (await _handler.ConnectAsync(cancellationToken)).MayHaveGrpcOnSocket
            && await BuildKitConnection.TryOpenAsync(
                token => EngineTransport.ConnectAsync(_endpoint, token), maxAnswerBytes, cancellationToken) is { } connection)
        {
            return connection;
        }

        return await BuildKitConnection.OpenAsync(SendStreamAsync, maxAnswerBytes, cancellationToken);
    }

    /// <summary>An engine that was started with a configured bridge names no gateway: it is the subnet's first address.</summary>
    private static string? FirstAddressOf(string? subnet)
    {
        if (!IPNetwork.TryParse(subnet, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
        {
            return null;
        }

        var bytes = network.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes).ToString();
    }

    /// <summary>The gateway of the default bridge, if the build needs the host's address; null if there is no such network.</summary>
    private Task<string?> FindBridgeGatewayAsync(BuildSpec spec, CancellationToken cancellationToken) =>
        !SolveRequests.NeedsHostGateway(spec) ? Task.FromResult<string?>(null) : WithinAsync(_callTimeout, async token =>
        {
            var networks = await _docker.Networks.ListNetworksAsync(new NetworksListParameters(), token);
            return networks.FirstOrDefault(n => n.Name == "bridge")?.IPAM?.Config?
                .Select(c => string.IsNullOrEmpty(c.Gateway) ? FirstAddressOf(c.Subnet) : c.Gateway).FirstOrDefault(gateway => gateway is not null);
        }, cancellationToken);

    /// <summary>
    /// Not by Docker.DotNet, which sends <c>cachefrom</c> in a format that the engine refuses. The classic builder's containers are
    /// always removed, also after a failed step. Podman expects hosts as a JSON array. With a remote and a body the engine returns nothing.
    /// </summary>
    private static string ToBuildPath(BuildSpec spec)
    {
        IReadOnlyList<string> hosts = spec.Builder == BuilderKind.Podman && spec.ExtraHosts.Count > 0
            ? [JsonSerializer.Serialize(spec.ExtraHosts, EngineWire.Default.IReadOnlyListString)]
            : spec.ExtraHosts;
        return ToPath(
            "build",
            [
                ("version", "1"),
                ("rm", "1"),
                ("forcerm", "1"),
                .. spec.Tags.Select(tag => ("t", (string?)tag.ToString())),
                ("remote", spec.Remote),
                ("dockerfile", spec.Dockerfile),
                ("target", spec.Target),
                ("platform", spec.Platform),
                .. ToNetwork(spec),
                ("nocache", spec.NoCache ? "1" : null),
                ("pull", spec.Pull ? "1" : null),
                .. hosts.Select(host => ("extrahosts", (string?)host)),
                ("shmsize", spec.ShmSize?.ToString(CultureInfo.InvariantCulture)),
                ("ulimits", ToJson(spec.Ulimits)),
                ("memory", spec.Memory?.ToString(CultureInfo.InvariantCulture)),
                ("cgroupparent", spec.CgroupParent),
                ("buildargs", ToJson(spec.BuildArguments)),
                ("labels", ToJson(spec.Labels!)),
                ("cachefrom", spec.CacheFrom.Count == 0
                    ? null
                    : JsonSerializer.Serialize([.. spec.CacheFrom.Select(image => image.Value)], EngineWire.Default.IReadOnlyListString)),
            ]);
    }

    private static string? ToJson(IReadOnlyList<StepUlimit> limits) =>
        limits.Count == 0 ? null : JsonSerializer.Serialize(limits, EngineWire.Default.IReadOnlyListStepUlimit);

    private static string? ToJson(IReadOnlyDictionary<string, string?> values) =>
        values.Count == 0 ? null : JsonSerializer.Serialize(values, EngineWire.Default.IReadOnlyDictionaryStringString);

    /// <summary>
    /// Podman's builder (5.4) uses the host's network without <c>nsoptions</c>, and no network with <c>networkmode=1</c>.
    /// </summary>
    private static IEnumerable<(string, string?)> ToNetwork(BuildSpec spec) => spec.Builder switch
    {
        BuilderKind.Podman =>
        [
            ("networkmode", spec.Network is "none" ? "1" : null),
            ("nsoptions", spec.Network is "host" ? null : """[{"Name":"network","Host":false}]"""),
        ],
        _ => [("networkmode", spec.Network)],
    };
}
