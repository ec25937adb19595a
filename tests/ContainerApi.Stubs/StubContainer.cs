using System.Security.Cryptography;

namespace ContainerApi.Stubs;

/// <summary>A container of the stub. The next answer shows its changes.</summary>
public sealed class StubContainer
{
    public required string Id { get; init; }
    public required string Name { get; set; }
    public string Image { get; init; } = "busybox:latest";
    public string ImageId { get; init; } = "sha256:" + new string('4', 64);
    public string Command { get; init; } = "sleep 1000";
    public DateTimeOffset Created { get; set; } = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c>, <c>dead</c>.</summary>
    public string State { get; set; } = "running";
    public string Status { get; set; } = "Up 3 minutes";

    /// <summary>A field of its own since API 1.52, before that part of the status text.</summary>
    public string? Health { get; set; }
    public string NetworkMode { get; init; } = "default";
    public IReadOnlyList<StubNetwork> Networks { get; init; } = [];
    public IReadOnlyList<StubPort> Ports { get; init; } = [];
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<StubProcess> Processes { get; set; } = [new StubProcess(4000, 3999, 0, "root", 180, 0, "sleep 1000")];

    /// <summary>Bytes received and sent per second since creation; counters are derived from it.</summary>
    public (long Rx, long Tx) Rates { get; init; } = (1000, 500);

    public bool IsRunning => State is "running" or "paused";

    /// <summary>The n-th container of a generated compose project; deterministic.</summary>
    public static StubContainer Generate(int n, bool running = true)
    {
        var project = Projects[n / 12 % Projects.Length];
        var service = Services[n % Services.Length];
        var subnet = 18 + n / 250;
        var (a, b) = (n / 250 % 250, n % 250 + 2);
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"container {n}")));
        return new StubContainer
        {
            Id = id,
            Name = $"{project}-{service.Name}-{n}",
            Image = service.Image,
            ImageId = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(service.Image))),
            Command = service.Command,
            Created = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(n * 37),
            State = running ? "running" : "exited",
            Status = running ? "Up 2 days" : "Exited (0) 3 hours ago",
            Health = running && service.Port == 5432 ? "healthy" : null,
            NetworkMode = project + "_default",
            Networks = n % 5 == 0
                ? [Network(project + "_default", subnet, a, b), Network(project + "_back", subnet + 30, a, b)]
                : [Network(project + "_default", subnet, a, b)],
            Ports = service.Port == 0 ? []
                : n % 3 == 0 ? [new StubPort(service.Port)]
                : [new StubPort(service.Port, "0.0.0.0", 20000 + n), new StubPort(service.Port, "::", 20000 + n)],
            Labels = new Dictionary<string, string>
            {
                ["com.docker.compose.project"] = project,
                ["com.docker.compose.service"] = service.Name,
                ["com.docker.compose.container-number"] = "1",
                ["com.docker.compose.config-hash"] = id[..32],
                ["com.docker.compose.version"] = "2.27.1",
                ["org.opencontainers.image.source"] = $"https://git.example.com/{project}/{service.Name}",
                ["team"] = Teams[n % Teams.Length],
            },
            Processes = [.. Enumerable.Range(0, 1 + n % 3).Select(i => i == 0
                ? new StubProcess(10_000 + n * 4, 9_999, 0, "root", 172_800, n % 60, service.Command)
                : new StubProcess(10_000 + n * 4 + i, 10_000 + n * 4, 33, "www-data", 172_800, n % 60, service.Command))],
            Rates = (500 + n * 3, 200 + n),
        };
    }

    private static StubNetwork Network(string name, int subnet, int a, int b) =>
        new(name, $"172.{subnet % 200}.{a}.{b}", $"172.{subnet % 200}.0.1", $"02:42:ac:{subnet % 200:x2}:{a:x2}:{b:x2}");

    private static readonly string[] Projects = ["shop", "billing", "search", "mail", "metrics", "auth", "media"];
    private static readonly string[] Teams = ["orange", "blue", "green"];
    private static readonly (string Name, string Image, string Command, int Port)[] Services =
    [
        ("web", "nginx:1.27", "nginx -g 'daemon off;'", 80),
        ("api", "registry.example.com:5000/team/api:v2.3.1", "dotnet Api.dll --urls http://*:8080", 8080),
        ("worker", "registry.example.com:5000/team/worker:v2.3.1", "python -m worker --queue default", 0),
        ("db", "postgres:16", "docker-entrypoint.sh postgres", 5432),
        ("cache", "redis:7.2", "docker-entrypoint.sh redis-server", 6379),
    ];
}

/// <summary>A container's address in one network. The engine returns empty strings for missing values.</summary>
public sealed record StubNetwork(string Name, string Ipv4, string Gateway, string Mac, string Ipv6 = "");

/// <summary>A port: exposed only, or published on the host.</summary>
public sealed record StubPort(int Private, string? HostIp = null, int? Public = null, string Type = "tcp");

/// <summary>A process as the engine's host sees it; times are in seconds.</summary>
public sealed record StubProcess(int Pid, int ParentPid, int Uid, string User, int Elapsed, int CpuTime, string Command)
{
    public DateTimeOffset StartedAt { get; } = DateTimeOffset.UtcNow.AddSeconds(-Elapsed);
}
