using System.Buffers;
using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

using ContainerSpec = ContainerApi.Engine.Facts.ContainerSpec;
using RestartPolicy = ContainerApi.Engine.Facts.RestartPolicy;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an engine's containers to facts, and a new container to the engine's parameters.</summary>
internal static class ContainerTranslation
{
    private const int IdLength = 64;

    /// <summary>The last second of the year 9999.</summary>
    private const long MaxSecond = 253_402_300_799;

    private static readonly SearchValues<char> IdDigits = SearchValues.Create("0123456789abcdef");

    /// <exception cref="JsonException">A row has no id or no valid time.</exception>
    public static IReadOnlyList<ContainerFacts> ToContainers(IReadOnlyList<ListedContainer> rows, CommandLimit commands) =>
        [.. rows.WithoutNulls().Select(row => ToContainer(row, commands)).DistinctBy(c => c.Id)];

    public static bool IsId([NotNullWhen(true)] string? id) => id is { Length: IdLength } && !id.AsSpan().ContainsAnyExcept(IdDigits);

    private static ContainerFacts ToContainer(ListedContainer row, CommandLimit commands)
    {
        if (!IsId(row.Id) || row.Created is < 0 or > MaxSecond)
        {
            throw new JsonException("A container without an id or a valid creation time.");
        }

        // A container's own name has one leading slash; names with two are aliases from links.
        var names = row.Names.WithoutNulls().Select(n => n.TrimStart('/')).ToList();
        var status = row.Status ?? "";
        return new ContainerFacts
        {
            Id = row.Id,
            Name = names.FirstOrDefault(n => !n.Contains('/')),
            Aliases = [.. names.Where(n => n.Contains('/'))],
            Image = row.Image ?? "",
            ImageId = row.ImageID ?? "",
            CreatedAt = DateTimeOffset.FromUnixTimeSeconds(row.Created),
            Command = commands.Cut(row.Command ?? ""),
            State = row.State ?? "",
            Status = status,
            Health = ToHealth(row.Health?.Status, status),
            NetworkMode = ToNetworkMode(row),
            Networks =
            [
                .. (row.NetworkSettings?.Networks ?? new Dictionary<string, ListedEndpoint?>()).OrderBy(n => n.Key, StringComparer.Ordinal)
                    .Select(n => new NetworkFacts(n.Key, n.Value?.IPAddress.NullIfEmpty(), n.Value?.GlobalIPv6Address.NullIfEmpty(),
                        n.Value?.Gateway.NullIfEmpty(), n.Value?.MacAddress.NullIfEmpty())),
            ],
            Ports =
            [
                .. row.Ports.WithoutNulls()
                    .Select(p => new PortFacts(p.PrivatePort, p.Type ?? "tcp", p.IP.NullIfEmpty(), p.PublicPort is > 0 ? p.PublicPort : null))
                    .OrderBy(p => p.ContainerPort).ThenBy(p => p.Protocol, StringComparer.Ordinal)
                    .ThenBy(p => p.HostPort).ThenBy(p => p.HostIp, StringComparer.Ordinal),
            ],
            Labels = row.Labels.WithoutNulls(),
        };
    }

    /// <summary>Podman 5.4 lists no mode. Without it only the networks <c>host</c> and <c>none</c> identify the mode.</summary>
    private static string? ToNetworkMode(ListedContainer row) => row.HostConfig?.NetworkMode switch
    {
        "default" => "bridge",
        { Length: > 0 } mode => mode,
        _ => row.NetworkSettings?.Networks is { Count: 1 } networks && networks.Keys.Single() is "host" or "none" ? networks.Keys.Single() : null,
    };

    /// <summary>From the list's own field since API 1.52, before that from the status text (<c>Up 3 minutes (healthy)</c>).</summary>
    public static string? ToHealth(string? health, string status = "") => health switch
    {
        "healthy" or "unhealthy" or "starting" => health,
        not null => null,
        null when status.EndsWith("(healthy)", StringComparison.Ordinal) => "healthy",
        null when status.EndsWith("(unhealthy)", StringComparison.Ordinal) => "unhealthy",
        null when status.EndsWith("(health: starting)", StringComparison.Ordinal) => "starting",
        null => null,
    };

    /// <summary>Returns an event of a container, or of a network that a container joined or left; null for any other.</summary>
    public static ContainerEvent? ToEvent(WireEvent wire)
    {
        var id = wire.Type == "network" ? wire.Actor?.Attributes?.GetValueOrDefault("container") : wire.Actor?.ID;
        return string.IsNullOrEmpty(id) || wire.Action is not { } action
            ? null
            : new ContainerEvent(id, action, DateTimeOffset.UnixEpoch.AddTicks(wire.TimeNano / 100));
    }

    public static CreateContainerParameters ToCreateParameters(ContainerSpec spec) => new()
    {
        Name = spec.Name,
        Image = spec.Image.Lookup,
        Cmd = spec.Command is null ? null! : [.. spec.Command],
        Entrypoint = spec.Entrypoint is null ? null! : [.. spec.Entrypoint],
        User = spec.User!,
        WorkingDir = spec.WorkingDirectory!,
        Hostname = spec.Hostname!,
        Env = [.. spec.Environment.Select(e => $"{e.Key}={e.Value}")],
        Labels = new Dictionary<string, string>(spec.Labels),
        ExposedPorts = spec.Ports.Select(PortKey).Distinct().ToDictionary(p => p, _ => default(EmptyStruct)),
        HostConfig = new HostConfig
        {
            NetworkMode = spec.NetworkMode ?? "default",
            Memory = spec.MemoryBytes ?? 0,
            NanoCPUs = (long)((spec.Cpus ?? 0) * 1_000_000_000),
            PidsLimit = spec.PidsLimit,
            RestartPolicy = spec.Restart is { } restart ? ToRestartPolicy(restart) : null!,
            PortBindings = spec.Ports.GroupBy(PortKey).ToDictionary(g => g.Key, IList<PortBinding> (g) => [.. g.Select(ToBinding)]),
        },
    };

    private static global::Docker.DotNet.Models.RestartPolicy ToRestartPolicy(RestartPolicy policy) => new()
    {
        Name = policy.Name switch
        {
            "always" => RestartPolicyKind.Always,
            "unless-stopped" => RestartPolicyKind.UnlessStopped,
            "on-failure" => RestartPolicyKind.OnFailure,
            _ => RestartPolicyKind.No,
        },
        MaximumRetryCount = policy.MaxRetries ?? 0,
    };

    private static string PortKey(PublishedPort port) => string.Create(CultureInfo.InvariantCulture, $"{port.ContainerPort}/{port.Protocol}");

    private static PortBinding ToBinding(PublishedPort port) =>
        new() { HostIP = port.HostIp ?? "", HostPort = string.Join('-', new[] { port.HostPort, port.LastHostPort }.Where(p => p is not null)) };
}
