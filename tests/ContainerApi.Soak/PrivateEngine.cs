using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;

namespace ContainerApi.Soak;

/// <summary>
/// A Docker Engine for fault injection with its own folders, containerd and network namespace. It needs root and <c>dockerd</c>.
/// Disposing removes everything, whatever its state.
/// </summary>
internal sealed class PrivateEngine : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(4);

    /// <summary>A unix socket path has at most 107 bytes, and the engine's sockets are below this folder.</summary>
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("capi-");
    private Process? _process;

    private PrivateEngine() => Http = new HttpClient(new SocketsHttpHandler
    {
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    { BaseAddress = new Uri("http://engine/"), Timeout = TimeSpan.FromMinutes(1) };

    public const string Image = "containerapi-soak/busybox:latest";

    public string SocketPath => Path.Combine(_folder.FullName, "d.sock");

    /// <summary>The value for <c>DOCKER_HOST</c>.</summary>
    public string Endpoint => "unix://" + SocketPath;

    /// <summary>The engine's API, without the service.</summary>
    public HttpClient Http { get; }

    /// <summary>Starts an engine and imports <see cref="Image"/>.</summary>
    public static async Task<PrivateEngine> CreateAsync()
    {
        var engine = new PrivateEngine();
        try
        {
            await RunAsync("ip", "netns", "add", engine._folder.Name);
            await RunAsync("ip", "-n", engine._folder.Name, "link", "set", "lo", "up");
            await engine.StartAsync();
            await BusyboxImage.ImportAsync(
                engine.Http, Image.Split(':')[0], "latest", ["sh", "sleep", "seq", "true", "false", "yes", "head", "echo"]);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the engine, also after <see cref="StopAsync"/> or <see cref="KillAsync"/>; returns when it answers.</summary>
    public async Task StartAsync()
    {
        var began = Stopwatch.GetTimestamp();
        var log = Launch();
        while (!await AnswersAsync())
        {
            if (Stopwatch.GetElapsedTime(began) > StartTimeout)
            {
                throw new InvalidOperationException(
                    "The private engine did not start; it takes root, dockerd, iptables and ip. " + string.Join('\n', log.TakeLast(15)));
            }

            if (_process!.HasExited)
            {
                // After a kill the first start may fail on a containerd that is still shutting down; an init would retry too.
                _process.Dispose();
                log = Launch();
            }

            await Task.Delay(100);
        }
    }

    private ConcurrentQueue<string?> Launch()
    {
        File.Delete(Path.Combine(_folder.FullName, "pid"));
        // nsenter executes dockerd, so signals reach the engine.
        _process = Process.Start(new ProcessStartInfo("nsenter",
        [
            "--net=/var/run/netns/" + _folder.Name, "dockerd", "--host=" + Endpoint, "--log-level=error",
            $"--data-root={_folder}/data", $"--exec-root={_folder}/run", $"--pidfile={_folder}/pid",
        ])
        { RedirectStandardError = true, RedirectStandardOutput = true })!;
        // Read the log, so that a full pipe never blocks the engine; failures print it.
        var log = new ConcurrentQueue<string?>();
        _process.ErrorDataReceived += (_, line) => log.Enqueue(line.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        return log;
    }

    /// <summary>Stops the engine with SIGTERM: it stops its containers first.</summary>
    public async Task StopAsync()
    {
        await SignalAsync("TERM");
        await _process!.WaitForExitAsync().WaitAsync(StartTimeout);
    }

    /// <summary>Kills the engine.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Freezes the engine: the kernel accepts connections, but nothing answers.</summary>
    public async Task PauseAsync()
    {
        await SignalAsync("STOP");
        // Threads stop one by one; until the last one stops, a call may be answered.
        using var timeout = new CancellationTokenSource(StartTimeout);
        while (!Directory.EnumerateDirectories($"/proc/{_process!.Id}/task").All(IsStopped))
        {
            await Task.Delay(1, timeout.Token);
        }
    }

    public Task ResumeAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await ResumeAsync();
            await SignalAsync("TERM");
            await _process.WaitForExitAsync().WaitAsync(StartTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // A killed engine leaves its containerd and shims, whose command lines name this folder.
        foreach (var left in Process.GetProcesses().Where(p => CommandOf(p.Id).Contains(_folder.FullName, StringComparison.Ordinal)))
        {
            left.Kill();
            await left.WaitForExitAsync();
        }

        _process?.Dispose();
        Http.Dispose();
        var mounts = File.ReadLines("/proc/mounts").Select(l => l.Split(' ')[1]);
        foreach (var mount in mounts.Where(m => m.StartsWith(_folder.FullName + "/", StringComparison.Ordinal)).Reverse().ToList())
        {
            await RunAsync("umount", "-l", mount);
        }

        await RunAsync("ip", "netns", "delete", _folder.Name);
        _folder.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        // A starting engine accepts connections long before it answers.
        using var limited = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            using var answer = await Http.GetAsync("_ping", limited.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private Task SignalAsync(string signal) => RunAsync("kill", "-" + signal, _process!.Id.ToString(CultureInfo.InvariantCulture));

    /// <summary>The state of proc(5), which follows the name in parentheses.</summary>
    private static bool IsStopped(string thread)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(thread, "stat"));
            return text[text.LastIndexOf(')') + 2] == 'T';
        }
        catch (IOException)
        {
            // The thread has ended.
            return true;
        }
    }

    private static string CommandOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static async Task RunAsync(string program, params IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
