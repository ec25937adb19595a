using System.Diagnostics;

namespace ContainerApi.EngineTests;

/// <summary>Debian's docker-registry on loopback, initially empty, open or with basic authentication.</summary>
internal sealed class DebianRegistry : IAsyncDisposable
{
    public const string User = "ann";
    public const string Password = "s3cret-of-the-registry";

    /// <summary>The bcrypt hash of <see cref="Password"/> at the lowest cost.</summary>
    private const string Hash = "$2y$04$abcdefghijklmnopqrstuuTF2maMdtVv8r8joBPmdX9ZGV5oqXM36";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("containerapi-registry-");
    private readonly Process _process;

    private DebianRegistry(bool closed)
    {
        Host = "127.0.0.1:" + FreePort();
        var settings = $"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {_directory}/data}}}}\nhttp: {{addr: '{Host}'}}\n";
        if (closed)
        {
            File.WriteAllText($"{_directory}/users", $"{User}:{Hash}\n");
            settings += $"auth: {{htpasswd: {{realm: test, path: {_directory}/users}}}}\n";
        }

        File.WriteAllText($"{_directory}/settings.yml", settings);
        _process = Process.Start(new ProcessStartInfo("docker-registry", ["serve", $"{_directory}/settings.yml"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        // A full pipe would stop the process.
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary><c>127.0.0.1:port</c>, the registry part of image names.</summary>
    public string Host { get; }

    /// <param name="closed">Whether it requires <see cref="User"/> and <see cref="Password"/>.</param>
    public static async Task<DebianRegistry> StartAsync(bool closed = false)
    {
        var registry = new DebianRegistry(closed);
        using var client = new HttpClient();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync($"http://{registry.Host}/v2/", limit.Token);
                return registry;
            }
            catch (HttpRequestException) when (!registry._process.HasExited)
            {
                await Task.Delay(50, limit.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }
}
