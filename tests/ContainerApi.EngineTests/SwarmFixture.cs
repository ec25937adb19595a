using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ContainerApi.EngineTests;

/// <summary>A Swarm of two engines on this machine (<c>scripts/swarm</c>), on which <c>deploy/stack.yml</c> runs.</summary>
public sealed class SwarmFixture : IAsyncLifetime
{
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(2);

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "containerapi-swarm-" + Guid.NewGuid().ToString("n")[..8]);

    /// <summary>The replicas of node1, the manager, and of node2.</summary>
    internal HttpClient First { get; private set; } = null!;

    internal HttpClient Second { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await RunAsync("scripts/swarm", ["up", _directory]);
        (First, Second) = (ClientOf(1), ClientOf(2));
        File.WriteAllText(
            Path.Combine(_directory, "containerapi.env"),
            $"Security__AllowAnonymous=true\nSecurity__CursorKey={Convert.ToBase64String(new byte[32])}\n");
        File.Copy(Path.Combine(RepositoryRoot(), "deploy", "stack.yml"), Path.Combine(_directory, "stack.yml"));
        var group = (await RunAsync("stat", ["-c", "%g", Path.Combine(_directory, "1", "docker.sock")])).Trim();
        await DockerAsync(1, ["stack", "deploy", "--resolve-image", "never", "-c", Path.Combine(_directory, "stack.yml"), "containerapi"], group);
    }

    /// <summary>Waits until the Swarm did what follows a fault, and both replicas answer for both nodes.</summary>
    internal async Task SettleAsync()
    {
        using var timeout = new CancellationTokenSource(WaitTimeout);
        string tasks;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), timeout.Token);
            tasks = await DockerAsync(
                1, "service", "ps", "containerapi_containerapi", "--filter", "desired-state=running", "--format", "{{.CurrentState}}");
        }
        // A task runs when its health check passed.
        while (tasks.Split('\n').Count(t => t.StartsWith("Running", StringComparison.Ordinal)) != 2);
        await UntilAsync(First, IsComplete);
        await UntilAsync(Second, IsComplete);
    }

    public async Task DisposeAsync()
    {
        First?.Dispose();
        Second?.Dispose();
        await RunAsync("scripts/swarm", ["down", _directory]);
    }

    internal static bool IsComplete(JsonNode list) => list["complete"]!.GetValue<bool>() && list["engines"]!.AsArray().Count == 2;

    internal Task<string> DockerAsync(int node, params string[] arguments) => DockerAsync(node, arguments, null);

    /// <summary>Kills the first process of a node, and so all others.</summary>
    internal void Kill(int node)
    {
        using var process = Process.GetProcessById(FirstProcess(node));
        process.Kill();
        process.WaitForExit();
    }

    internal Task StartAsync(int node) => RunAsync("scripts/swarm", ["start", _directory, node.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>Sends a signal to every process of a node.</summary>
    internal async Task SignalAsync(int node, string signal)
    {
        var children = Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _))
            .Select(ReadParent).ToLookup(p => p.Parent, p => p.Id);
        var all = new List<int> { FirstProcess(node) };
        for (var i = 0; i < all.Count; i++)
        {
            all.AddRange(children[all[i]]);
        }

        // Health checks may have ended meanwhile.
        await RunAsync("sh", ["-c", $"kill -s {signal} {string.Join(' ', all)} 2>/dev/null || true"]);
    }

    /// <summary>Takes the cable of a node out, or puts it in.</summary>
    internal Task LinkAsync(int node, string state) =>
        RunAsync("scripts/swarm", ["link", _directory, node.ToString(CultureInfo.InvariantCulture), state]);

    /// <summary>Lists containers until the list is as expected. A node that is down is never an error of the call.</summary>
    internal static async Task UntilAsync(HttpClient replica, Func<JsonNode, bool> isExpected, string path = "/containers?include=none")
    {
        using var timeout = new CancellationTokenSource(WaitTimeout);
        JsonNode? last = null;
        try
        {
            while (true)
            {
                last = await ListAsync(replica, path, timeout.Token);
                if (last is not null && isExpected(last))
                {
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100), timeout.Token);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{path} at {replica.BaseAddress} stayed {last?.ToJsonString()}");
        }
    }

    /// <summary>Null while the replica itself does not listen.</summary>
    internal static async Task<JsonNode?> ListAsync(HttpClient replica, string path, CancellationToken cancellationToken)
    {
        HttpResponseMessage answer;
        try
        {
            answer = await replica.GetAsync(path, cancellationToken);
        }
        catch (HttpRequestException)
        {
            return null;
        }

        using (answer)
        {
            return await ReadAsync(answer, HttpStatusCode.OK);
        }
    }

    private HttpClient ClientOf(int node) => new()
    {
        BaseAddress = new Uri($"http://{File.ReadAllText(Path.Combine(_directory, $"{node}", "address")).Trim()}:8080"),
        Timeout = WaitTimeout,
    };

    private int FirstProcess(int node) =>
        int.Parse(File.ReadAllText(Path.Combine(_directory, $"{node}", "pid")), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    private static (int Id, int Parent) ReadParent(string directory)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            return (int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture),
                int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended.
            return default;
        }
    }

    private Task<string> DockerAsync(int node, string[] arguments, string? group) => RunAsync(
        "docker", ["-H", $"unix://{Path.Combine(_directory, $"{node}", "docker.sock")}", .. arguments],
        new Dictionary<string, string?> { ["IMAGE"] = "containerapi", ["DOCKER_GROUP"] = group, ["HEALTH_INTERVAL"] = "2s" });

    private static async Task<string> RunAsync(string program, string[] arguments, IReadOnlyDictionary<string, string?>? variables = null)
    {
        var root = RepositoryRoot();
        var start = new ProcessStartInfo(program.StartsWith("scripts/", StringComparison.Ordinal) ? Path.Combine(root, program) : program, arguments)
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}");
        return output;
    }

    private static string RepositoryRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}
