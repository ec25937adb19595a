using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ContainerApi.EngineTests;

/// <summary>The service builds its own Dockerfile from local base images. The container runs as in docker-compose.yml.</summary>
[Collection(EngineCollection.Name)]
public sealed class DeploymentTests(EngineFixture engine)
{
    /// <summary>Time for restore, build and publish on a busy machine.</summary>
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task The_Dockerfile_builds_and_its_unprivileged_container_shows_this_engine()
    {
        using var timeout = new CancellationTokenSource(BuildTimeout);
        var bases = await RunAsync("scripts/base-images", [$"{EngineFixture.Label}={engine.Run}"], timeout.Token);
        var socket = new Uri(Environment.GetEnvironmentVariable("DOCKER_HOST") ?? "unix:///var/run/docker.sock");
        var socketPath = socket.Scheme == "unix" ? socket.AbsolutePath : "/var/run/docker.sock";

        // Build the image through the service.
        var image = $"containerapi-test/service:{engine.Run}";
        var arguments = string.Concat(bases.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(b => "&buildArg=" + Uri.EscapeDataString(b)));
        using var context = Start("tar",
        [
            "-c", "--exclude=bin", "--exclude=obj", "Dockerfile", "global.json", "Directory.Build.props", "Directory.Packages.props",
            ".editorconfig", "appsettings.json", "docs/problems.md", "src",
        ]);
        using var archive = new StreamContent(context.StandardOutput.BaseStream);
        archive.Headers.ContentType = new("application/x-tar");
        using var builder = new HttpClient { BaseAddress = engine.Client.BaseAddress, Timeout = Timeout.InfiniteTimeSpan };
        using var built = await builder.PostAsync(
            $"/images/build?builder=classic&tag={image}&label={EngineFixture.Label}={engine.Run}{arguments}", archive, timeout.Token);
        var log = await built.Content.ReadAsStringAsync(timeout.Token);
        var result = JsonNode.Parse(log.TrimEnd().Split('\n')[^1])!;
        Assert.True(result["state"]?.GetValue<string>() == "succeeded", log[^Math.Min(log.Length, 4000)..]);

        // The container has the engine's socket, read-only kernel files of the host, and no privileges.
        var id = await engine.CreateAsync(new
        {
            Image = image,
            Env = new[] { "Security__AllowAnonymous=true", "DOCKER_HOST=unix:///var/run/docker.sock" },
            Healthcheck = new { Interval = 1_000_000_000L },
            ExposedPorts = new Dictionary<string, object> { ["8080/tcp"] = new() },
            HostConfig = new
            {
                Binds = new[] { $"{socketPath}:/var/run/docker.sock", "/sys/fs/cgroup:/sys/fs/cgroup:ro", "/etc/passwd:/host/etc/passwd:ro" },
                GroupAdd = new[] { (await RunAsync("stat", ["-c", "%g", socketPath], timeout.Token)).Trim() },
                PidMode = "host",
                ReadonlyRootfs = true,
                Tmpfs = new Dictionary<string, string> { ["/tmp"] = "" },
                CapDrop = new[] { "ALL" },
                SecurityOpt = new[] { "no-new-privileges:true" },
                PortBindings = new Dictionary<string, object> { ["8080/tcp"] = new[] { new { HostIp = "127.0.0.1", HostPort = "" } } },
            },
        }, start: false);
        await HealthyAsync(id, timeout.Token);

        var port = (await InspectAsync(id, timeout.Token))["NetworkSettings"]!["Ports"]!["8080/tcp"]![0]!["HostPort"]!.GetValue<string>();
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var seen = await client.GetFromJsonAsync<JsonElement>($"/containers/{id}", timeout.Token);
        // The process of a health check may run at the same time.
        var process = Assert.Single(
            seen.GetProperty("processes").GetProperty("items").EnumerateArray(),
            p => p.GetProperty("command").GetString() == "dotnet ContainerApi.dll");
        Assert.Equal("host", seen.GetProperty("processes").GetProperty("source").GetString());
        Assert.Equal("1654", process.GetProperty("user").GetString());
        Assert.Equal("host", seen.GetProperty("network").GetProperty("source").GetString());
        Assert.True(seen.GetProperty("network").GetProperty("rxBytes").GetInt64() > 0);
        Assert.Equal("host", seen.GetProperty("usage").GetProperty("source").GetString());
        Assert.True(seen.GetProperty("usage").GetProperty("memoryBytes").GetInt64() > 0);
    }

    /// <summary>Starts the container and waits for the engine's event that its health check passed.</summary>
    private async Task HealthyAsync(string id, CancellationToken cancellationToken)
    {
        var filters = Uri.EscapeDataString($$"""{"container":["{{id}}"],"event":["health_status","die"]}""");
        using var events = await engine.Engine.GetAsync($"events?filters={filters}", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await engine.PostAsync($"containers/{id}/start");
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(cancellationToken));
        var happened = await reader.ReadLineAsync(cancellationToken);
        var logs = await engine.Engine.GetStringAsync($"containers/{id}/logs?stdout=1&stderr=1", cancellationToken);
        Assert.True(happened?.Contains("health_status: healthy", StringComparison.Ordinal), $"{happened}\n{logs}");
    }

    private async Task<JsonNode> InspectAsync(string id, CancellationToken cancellationToken) =>
        (await engine.Engine.GetFromJsonAsync<JsonNode>($"containers/{id}/json", cancellationToken))!;

    private static async Task<string> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Start(program, arguments);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}");
        return output;
    }

    private static Process Start(string program, string[] arguments)
    {
        var root = RepositoryRoot();
        return Process.Start(new ProcessStartInfo(program.Contains('/') ? Path.Combine(root, program) : program, arguments)
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
        })!;
    }

    private static string RepositoryRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}
