using System.Text.Encodings.Web;
using System.Text.Json.Serialization;

namespace ContainerApi.Stubs;

/// <summary>The JSON answers of the engine in the requested API version.</summary>
internal static class EngineJson
{
    private static readonly Version ListHasHealth = new(1, 52);

    private static readonly JsonSerializerOptions WithoutNulls = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void WriteListed(Utf8JsonWriter writer, StubContainer container, Version version)
    {
        var health = container.Health is "starting" ? "health: starting" : container.Health;
        var row = new
        {
            container.Id,
            Names = new[] { "/" + container.Name },
            container.Image,
            ImageID = container.ImageId,
            container.Command,
            Created = container.Created.ToUnixTimeSeconds(),
            Ports = container.Ports.Select(p => new { IP = p.HostIp, PrivatePort = p.Private, PublicPort = p.Public, p.Type }),
            container.Labels,
            container.State,
            // The status of a paused container has no place for the health.
            Status = health is null || container.State is "paused" ? container.Status : $"{container.Status} ({health})",
            Health = version >= ListHasHealth ? new { Status = container.Health ?? "none", FailingStreak = 0 } : null,
            HostConfig = new { container.NetworkMode },
            NetworkSettings = new { Networks = container.Networks.ToDictionary(n => n.Name, n => Endpoint(container, n)) },
            Mounts = Array.Empty<string>(),
        };
        JsonSerializer.Serialize(writer, row, WithoutNulls);
    }

    /// <summary>A stopped container has no addresses.</summary>
    private static object Endpoint(StubContainer container, StubNetwork network)
    {
        string IfRunning(string text) => container.IsRunning ? text : "";
        return new
        {
            NetworkID = container.Id[..32],
            EndpointID = IfRunning(container.Id),
            Gateway = IfRunning(network.Gateway),
            IPAddress = IfRunning(network.Ipv4),
            IPPrefixLen = container.IsRunning ? 16 : 0,
            GlobalIPv6Address = IfRunning(network.Ipv6),
            MacAddress = IfRunning(network.Mac),
        };
    }

    /// <summary>Counters grow with time since creation, so that two samples give a rate.</summary>
    public static void WriteStatistics(Utf8JsonWriter writer, StubContainer container)
    {
        var now = DateTimeOffset.UtcNow;
        var running = container.IsRunning;
        var seconds = (now - container.Created).TotalSeconds;
        var statistics = new
        {
            // The engine returns the year 1 for a stopped container.
            read = running ? now : default,
            preread = default(DateTimeOffset),
            pids_stats = running ? new { current = container.Processes.Count } : (object)new { },
            blkio_stats = new { io_service_bytes_recursive = running ? new[] { BlockIo("Read", 4096), BlockIo("Write", 8192) } : [] },
            num_procs = 0,
            storage_stats = new { },
            cpu_stats = new
            {
                cpu_usage = new { total_usage = running ? (ulong)(seconds * 3_000_000) : 0 },
                system_cpu_usage = (ulong)(seconds * 2_000_000_000),
                online_cpus = 2,
            },
            precpu_stats = new { },
            memory_stats = !running ? (object)new { } : new
            {
                usage = 20_971_520,
                max_usage = 31_457_280,
                stats = new { inactive_file = 1_048_576, total_inactive_file = 1_048_576, hierarchical_memory_limit = 9223372036854771712 },
                limit = 25_276_510_208,
            },
            name = "/" + container.Name,
            id = container.Id,
            networks = !running || container.NetworkMode is "host" or "none" ? null
                : Enumerable.Range(0, Math.Max(1, container.Networks.Count)).ToDictionary(
                    i => "eth" + i, _ => Counters((ulong)(seconds * container.Rates.Rx), (ulong)(seconds * container.Rates.Tx))),
        };
        JsonSerializer.Serialize(writer, statistics, WithoutNulls);
    }

    private static object BlockIo(string op, long value) => new { major = 8, minor = 0, op, value };

    private static Dictionary<string, ulong> Counters(ulong rx, ulong tx) => new()
    {
        ["rx_bytes"] = rx,
        ["rx_packets"] = rx / 100,
        ["rx_errors"] = 0,
        ["rx_dropped"] = 0,
        ["tx_bytes"] = tx,
        ["tx_packets"] = tx / 100,
        ["tx_errors"] = 0,
        ["tx_dropped"] = 0,
    };

    public static string Inspected(StubContainer container, Version version)
    {
        var first = container.Networks.Count > 0 ? container.Networks[0] : null;
        var networks = container.Networks.ToDictionary(
            n => n.Name, n => new { IPAddress = n.Ipv4, n.Gateway, MacAddress = n.Mac, GlobalIPv6Address = n.Ipv6 });
        var command = container.Command.Split(' ');
        return JsonSerializer.Serialize(new
        {
            container.Id,
            Created = container.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
            Path = command[0],
            Args = command[1..],
            State = new
            {
                Status = container.State,
                Running = container.IsRunning,
                Paused = container.State == "paused",
                Restarting = container.State == "restarting",
                Health = container.Health is { } known ? new { Status = known } : null,
                Pid = container.IsRunning ? container.Processes[0].Pid : 0,
            },
            Image = container.ImageId,
            Name = "/" + container.Name,
            HostConfig = new { container.NetworkMode },
            Config = new { container.Image, container.Labels },
            // API 1.52 removed the fields outside Networks.
            NetworkSettings = version >= ListHasHealth
                ? new { Networks = networks }
                : (object)new { Networks = networks, IPAddress = first?.Ipv4 ?? "", Gateway = first?.Gateway ?? "", MacAddress = first?.Mac ?? "" },
        });
    }

    public static string Version(StubOptions options) => JsonSerializer.Serialize(new
    {
        Version = "20.10.24",
        options.ApiVersion,
        MinAPIVersion = options.MinApiVersion,
        Os = "linux",
        Arch = "amd64",
        KernelVersion = "6.1.0",
    });

    public static string Info(DockerApiStub engine)
    {
        var containers = engine.Containers.All;
        return JsonSerializer.Serialize(new
        {
            ID = "STAN:DIN0",
            Containers = containers.Count,
            ContainersRunning = containers.Count(c => c.State is "running"),
            ContainersPaused = containers.Count(c => c.State is "paused"),
            ContainersStopped = containers.Count(c => !c.IsRunning),
            Images = containers.DistinctBy(c => c.ImageId).Count(),
            Driver = "overlay2",
            CgroupDriver = "cgroupfs",
            CgroupVersion = "1",
            KernelVersion = "6.1.0",
            OperatingSystem = "Debian GNU/Linux 12 (bookworm)",
            OSType = "linux",
            Architecture = "x86_64",
            NCPU = 2,
            MemTotal = 25_276_510_208,
            DockerRootDir = "/var/lib/docker",
            RegistryConfig = new { Mirrors = Array.Empty<string>() },
            ServerVersion = "20.10.24",
        });
    }

    public static string Images(DockerApiStub engine) => JsonSerializer.Serialize(engine.Containers.All.DistinctBy(c => c.ImageId).Select(c => new
    {
        Id = c.ImageId,
        RepoTags = new[] { c.Image },
        RepoDigests = Array.Empty<string>(),
        Created = c.Created.ToUnixTimeSeconds(),
        Size = 4_000_000,
        VirtualSize = 4_000_000,
        SharedSize = -1,
        Containers = -1,
        Labels = new { },
    }));

    public static string Image(string reference) => JsonSerializer.Serialize(new
    {
        Id = "sha256:" + new string('4', 64),
        RepoTags = new[] { Uri.UnescapeDataString(reference) },
        Created = "2026-11-01T12:00:00.123456789Z",
        Os = "linux",
        Architecture = "amd64",
        Size = 4_000_000,
        Config = new { Cmd = new[] { "sh" } },
        RootFS = new { Type = "layers", Layers = Array.Empty<string>() },
    });
}
