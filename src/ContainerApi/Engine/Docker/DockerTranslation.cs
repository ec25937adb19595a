using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

using ContainerSpec = ContainerApi.Engine.Facts.ContainerSpec;

namespace ContainerApi.Engine.Docker;

/// <summary>Translates the engine's answers to facts, and requests to the engine's parameters.</summary>
internal static partial class DockerTranslation
{
    private const int IdLength = 64;

    /// <summary>The last second of the year 9999.</summary>
    private const long LatestSecond = 253_402_300_799;

    /// <exception cref="JsonException">A row has no id or no valid time.</exception>
    public static IReadOnlyList<ContainerFacts> ToContainers(IReadOnlyList<ListedContainer> rows) =>
        [.. WithoutNulls(rows).Select(ToContainer).DistinctBy(c => c.Id)];

    /// <exception cref="JsonException">The id is missing or invalid.</exception>
    public static ContainerDetails ToDetails(InspectedContainer container) => IsId(container.Id)
        ? new(container.Id, container.Name?.TrimStart('/') ?? new ShortId(container.Id).ToString(), container.Config?.Labels ?? new Dictionary<string, string>())
        : throw new JsonException("A container without an id.");

    private static bool IsId([NotNullWhen(true)] string? id) => id is { Length: IdLength } && !id.AsSpan().ContainsAnyExcept(IdDigits);

    private static ContainerFacts ToContainer(ListedContainer row)
    {
        if (!IsId(row.Id) || row.Created is < 0 or > LatestSecond)
        {
            throw new JsonException("A container without an id or a valid creation time.");
        }

        // A container's own name has one leading slash; names with two are aliases from links.
        var names = WithoutNulls(row.Names).Select(n => n.TrimStart('/')).ToList();
        var status = row.Status ?? "";
        return new ContainerFacts
        {
            Id = row.Id,
            Name = names.FirstOrDefault(n => !n.Contains('/')),
            Aliases = [.. names.Where(n => n.Contains('/'))],
            Image = row.Image ?? "",
            ImageId = row.ImageID ?? "",
            CreatedAt = DateTimeOffset.FromUnixTimeSeconds(row.Created),
            Command = row.Command ?? "",
            State = row.State ?? "",
            Status = status,
            Health = ToHealth(row.Health?.Status, status),
            NetworkMode = ToNetworkMode(row),
            Networks =
            [
                .. (row.NetworkSettings?.Networks ?? new Dictionary<string, ListedEndpoint?>()).OrderBy(n => n.Key, StringComparer.Ordinal)
                    .Select(n => new NetworkFacts(n.Key, NullIfEmpty(n.Value?.IPAddress), NullIfEmpty(n.Value?.GlobalIPv6Address),
                        NullIfEmpty(n.Value?.Gateway), NullIfEmpty(n.Value?.MacAddress))),
            ],
            Ports =
            [
                .. WithoutNulls(row.Ports).Select(p => new PortFacts(p.PrivatePort, p.Type ?? "tcp", NullIfEmpty(p.IP), p.PublicPort is > 0 ? p.PublicPort : null))
                    .OrderBy(p => p.ContainerPort).ThenBy(p => p.Protocol, StringComparer.Ordinal)
                    .ThenBy(p => p.HostPort).ThenBy(p => p.HostIp, StringComparer.Ordinal),
            ],
            Labels = row.Labels is null ? new Dictionary<string, string>()
                : row.Labels.Any(l => l.Value is null) ? throw UnexpectedNull()
                : row.Labels,
        };
    }

    /// <summary>Podman 5.4 lists no mode. Without it only the networks <c>host</c> and <c>none</c> identify the mode.</summary>
    private static string? ToNetworkMode(ListedContainer row) => row.HostConfig?.NetworkMode switch
    {
        "default" => "bridge",
        { Length: > 0 } mode => mode,
        _ => row.NetworkSettings?.Networks is { Count: 1 } networks && networks.Keys.Single() is "host" or "none" ? networks.Keys.Single() : null,
    };

    /// <summary>Returns an optional list without null items.</summary>
    private static IReadOnlyList<T> WithoutNulls<T>(IReadOnlyList<T>? list) where T : class =>
        list is null ? [] : list.Any(item => item is null) ? throw UnexpectedNull() : list;

    private static JsonException UnexpectedNull() => new("An unexpected null in a list or map.");

    /// <summary>From the list's own field since API 1.52, before that from the status text (<c>Up 3 minutes (healthy)</c>).</summary>
    private static string? ToHealth(string? health, string status) => health switch
    {
        "healthy" or "unhealthy" or "starting" => health,
        not null => null,
        null when status.EndsWith("(healthy)", StringComparison.Ordinal) => "healthy",
        null when status.EndsWith("(unhealthy)", StringComparison.Ordinal) => "unhealthy",
        null when status.EndsWith("(health: starting)", StringComparison.Ordinal) => "starting",
        null => null,
    };

    /// <summary>
    /// Reads the requested columns (pid, ppid, uid, user, seconds since the start, CPU seconds, command) or, by title,
    /// those of another <c>ps</c>.
    /// </summary>
    public static IReadOnlyList<ProcessFacts> ToProcesses(ContainerTop top, DateTimeOffset now)
    {
        var titles = WithoutNulls(top.Titles).Select(t => t.ToUpperInvariant()).ToList();
        var rows = WithoutNulls(top.Processes);
        return titles is ["PID", "PPID", "UID", "USER", "ELAPSED", "TIME", "COMMAND"]
            ? [.. rows.Select(r => ToProcess(string.Join(' ', r), now)).OfType<ProcessFacts>()]
            : [.. rows.Select(r => ToProcess(titles, r)).OfType<ProcessFacts>()];
    }

    private static ProcessFacts? ToProcess(string row, DateTimeOffset now)
    {
        var match = RequestedColumns.Match(row);
        return match.Success
            ? new ProcessFacts(
                Number(match.Groups["pid"]), Number(match.Groups["ppid"]), match.Groups["user"].Value,
                // ps has whole seconds only.
                new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerSecond, TimeSpan.Zero).AddSeconds(-Number(match.Groups["elapsed"])),
                TimeSpan.FromSeconds(Number(match.Groups["cpu"])), match.Groups["command"].Value)
            : null;
    }

    private static ProcessFacts? ToProcess(List<string> titles, IReadOnlyList<string> row)
    {
        string? Column(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                var index = titles.IndexOf(name);
                if (index >= 0 && index < row.Count)
                {
                    return row[index];
                }
            }

            return null;
        }

        return int.TryParse(Column("PID"), CultureInfo.InvariantCulture, out var pid)
            ? new ProcessFacts(pid, int.TryParse(Column("PPID"), CultureInfo.InvariantCulture, out var parent) ? parent : null,
                Column("USER", "UID"), null, null, Column("COMMAND", "CMD", "ARGS") ?? "")
            : null;
    }

    public static StatisticsFacts ToStatistics(ContainerStatistics statistics, DateTimeOffset now)
    {
        var usage = Saturate(statistics.Memory?.Usage);
        return new StatisticsFacts
        {
            // A container that just stopped answers with the year 1.
            SampledAt = statistics.Read.Year > 1 ? statistics.Read : now,
            Interfaces = statistics.Networks?.ToDictionary(n => n.Key, n => ToCounters(n.Value ?? throw UnexpectedNull())),
            CpuTime = statistics.Cpu?.Usage is { Total: > 0 } cpu ? TimeSpan.FromTicks((long)(cpu.Total / 100)) : null,
            MemoryBytes = usage - InactiveFileCache(statistics.Memory?.Stats, usage),
            MemoryLimitBytes = Saturate(statistics.Memory?.Limit),
            Pids = Saturate(statistics.Pids?.Current),
            BlockReadBytes = BlockBytes(statistics.BlockIo, "read"),
            BlockWriteBytes = BlockBytes(statistics.BlockIo, "write"),
        };
    }

    private static InterfaceCounters ToCounters(WireInterface counters) => new(
        Saturate(counters.RxBytes), Saturate(counters.RxPackets), Saturate(counters.RxErrors), Saturate(counters.RxDropped),
        Saturate(counters.TxBytes), Saturate(counters.TxPackets), Saturate(counters.TxErrors), Saturate(counters.TxDropped));

    /// <summary>
    /// The cache that <c>docker stats</c> subtracts (docker/cli 20.10 <c>calculateMemUsageUnixNoCache</c>): <c>total_inactive_file</c> in
    /// cgroup v1, <c>inactive_file</c> in v2.
    /// </summary>
    private static long InactiveFileCache(IReadOnlyDictionary<string, ulong>? stats, long? usage)
    {
        if (stats is null || usage is null)
        {
            return 0;
        }

        var cache = stats.TryGetValue("total_inactive_file", out var v1) ? v1 : stats.GetValueOrDefault("inactive_file");
        return cache < (ulong)usage ? (long)cache : 0;
    }

    private static long? BlockBytes(WireBlockIo? blockIo, string operation) =>
        blockIo is null ? null : WithoutNulls(blockIo.Bytes)
            .Where(e => string.Equals(e.Operation, operation, StringComparison.OrdinalIgnoreCase))
            .Aggregate(0L, (sum, e) => Counter.Add(sum, Saturate(e.Value)));

    /// <summary>An event of a container, or of a network that a container joined or left; null for any other.</summary>
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
        Env = [.. spec.Environment.Select(e => $"{e.Key}={e.Value}")],
        Labels = new Dictionary<string, string>(spec.Labels),
        ExposedPorts = spec.Ports.Select(PortKey).Distinct().ToDictionary(p => p, _ => default(EmptyStruct)),
        HostConfig = new HostConfig
        {
            NetworkMode = spec.NetworkMode ?? "default",
            PortBindings = spec.Ports.GroupBy(PortKey).ToDictionary(
                g => g.Key,
                IList<PortBinding> (g) =>
                [
                    .. g.Select(p => new PortBinding { HostIP = p.HostIp ?? "", HostPort = p.HostPort?.ToString(CultureInfo.InvariantCulture) ?? "" }),
                ]),
        },
    };

    private static string PortKey(PublishedPort port) => string.Create(CultureInfo.InvariantCulture, $"{port.ContainerPort}/{port.Protocol}");

    public static EngineInfo ToInfo(VersionResponse version, SystemInfoResponse info, string negotiated) => new()
    {
        ApiVersion = negotiated,
        MinApiVersion = NullIfEmpty(version.MinAPIVersion),
        Version = NullIfEmpty(version.Version),
        OperatingSystem = NullIfEmpty(info.OperatingSystem),
        OsType = NullIfEmpty(info.OSType),
        Architecture = NullIfEmpty(info.Architecture),
        KernelVersion = NullIfEmpty(info.KernelVersion),
        StorageDriver = NullIfEmpty(info.Driver),
        CgroupDriver = NullIfEmpty(info.CgroupDriver),
        CgroupVersion = NullIfEmpty(info.CgroupVersion),
        Cpus = info.NCPU > 0 ? (int)info.NCPU : null,
        MemoryBytes = info.MemTotal > 0 ? info.MemTotal : null,
        Containers = (int)info.Containers,
        ContainersRunning = (int)info.ContainersRunning,
        ContainersPaused = (int)info.ContainersPaused,
        ContainersStopped = (int)info.ContainersStopped,
        Images = (int)info.Images,
        RegistryMirrors = [.. info.RegistryConfig?.Mirrors ?? []],
    };

    public static ImageFacts ToImage(ImagesListResponse image) => new()
    {
        Id = image.ID,
        Tags = RealReferences(image.RepoTags),
        Digests = RealReferences(image.RepoDigests),
        CreatedAt = ToTime(image.Created),
        SizeBytes = image.Size,
        Labels = new Dictionary<string, string>(image.Labels ?? new Dictionary<string, string>()),
    };

    public static ImageDetails ToImageDetails(ImageInspectResponse image, IEnumerable<ImageHistoryResponse> history) => new()
    {
        Summary = new ImageFacts
        {
            Id = image.ID,
            Tags = RealReferences(image.RepoTags),
            Digests = RealReferences(image.RepoDigests),
            CreatedAt = ToTime(image.Created),
            SizeBytes = image.Size,
            Labels = new Dictionary<string, string>(image.Config?.Labels ?? new Dictionary<string, string>()),
        },
        Comment = NullIfEmpty(image.Comment),
        Author = NullIfEmpty(image.Author),
        Os = NullIfEmpty(image.Os),
        Architecture = NullIfEmpty(image.Architecture),
        Variant = NullIfEmpty(image.Variant),
        Command = image.Config?.Cmd is { Count: > 0 } command ? [.. command] : null,
        Entrypoint = image.Config?.Entrypoint is { Count: > 0 } entrypoint ? [.. entrypoint] : null,
        Environment = [.. image.Config?.Env ?? []],
        ExposedPorts = [.. image.Config?.ExposedPorts?.Keys ?? []],
        Volumes = [.. image.Config?.Volumes?.Keys ?? []],
        WorkingDirectory = NullIfEmpty(image.Config?.WorkingDir),
        User = NullIfEmpty(image.Config?.User),
        Layers = [.. image.RootFS?.Layers ?? []],
        History =
        [
            .. history.Select(h => new ImageHistoryFacts(
                h.ID is "" or "<missing>" ? null : h.ID, ToTime(h.Created), h.CreatedBy, RealReferences(h.Tags), h.Size, NullIfEmpty(h.Comment))),
        ],
    };

    /// <summary>The value of <c>X-Registry-Auth</c>: JSON in URL-safe base64.</summary>
    public static string ToRegistryAuth(RegistryCredentials credentials)
    {
        var json = JsonSerializer.Serialize(
            new RegistryAuth(credentials.Username, credentials.Password, credentials.ServerAddress), EngineWire.Default.RegistryAuth);
        return ToUrlSafe(json);
    }

    /// <summary>The value of <c>X-Registry-Config</c>: credentials by registry, in the same form.</summary>
    public static string ToRegistryConfig(IReadOnlyList<RegistryCredentials> credentials)
    {
        IReadOnlyDictionary<string, RegistryAuth> byRegistry = credentials.DistinctBy(c => c.ServerAddress)
            .ToDictionary(c => c.ServerAddress ?? "", c => new RegistryAuth(c.Username, c.Password, c.ServerAddress));
        return ToUrlSafe(JsonSerializer.Serialize(byRegistry, EngineWire.Default.IReadOnlyDictionaryStringRegistryAuth));
    }

    private static string ToUrlSafe(string json) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).Replace('+', '-').Replace('/', '_');

    /// <summary>Engines write <c>&lt;none&gt;:&lt;none&gt;</c> for an image without a name.</summary>
    private static IReadOnlyList<string> RealReferences(IEnumerable<string>? references) =>
        [.. (references ?? []).Where(r => !r.Contains("<none>", StringComparison.Ordinal))];

    /// <summary>The engine writes the year 1, or 0 seconds, for a time it does not know.</summary>
    private static DateTimeOffset? ToTime(DateTime? time) =>
        time is { Year: > 1970 } known ? new DateTimeOffset(DateTime.SpecifyKind(known.ToUniversalTime(), DateTimeKind.Utc)) : null;

    private static readonly System.Buffers.SearchValues<char> IdDigits = System.Buffers.SearchValues.Create("0123456789abcdef");

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static int Number(Group group) => int.TryParse(group.ValueSpan, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>An unlimited cgroup v1 has a limit near 2^64, which exceeds the type.</summary>
    private static long Saturate(ulong value) => long.CreateSaturating(value);

    private static long? Saturate(ulong? value) => value is { } v ? Saturate(v) : null;

    /// <summary>The engine splits rows at blanks. A user's name may contain blanks, so it is between numbers.</summary>
    [GeneratedRegex(
        @"^(?<pid>\d+) (?<ppid>\d+) (?<uid>\d+) (?<user>.+?) (?<elapsed>\d+) (?<cpu>\d+) ?(?<command>.*)$",
        RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex RequestedColumns { get; }
}
