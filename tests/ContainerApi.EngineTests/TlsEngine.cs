using System.Diagnostics;
using System.Net.Sockets;
using ContainerApi.Tests.Engine;

namespace ContainerApi.EngineTests;

/// <summary>
/// A Docker Engine with <c>--tlsverify</c>, its own folders and its own bridge (with <c>--bridge=none</c> it would delete the
/// <c>docker0</c> of another engine). Disposing removes everything.
/// </summary>
internal sealed class TlsEngine : IAsyncDisposable
{
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(90);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("containerapi-test-");
    /// <summary>An interface name has at most 15 characters.</summary>
    private readonly string _bridge = "capi-" + Guid.NewGuid().ToString("n")[..8];
    private readonly Process _process;

    private TlsEngine(TestAuthority authority)
    {
        Port = FreePort();
        Run("ip", "link", "add", _bridge, "type", "bridge");
        Run("ip", "link", "set", _bridge, "up");
        var server = authority.Write(authority.Server(), "server");
        _process = Process.Start(new ProcessStartInfo("dockerd")
        {
            ArgumentList =
            {
                "--tlsverify", $"--tlscacert={authority.CaFile}", $"--tlscert={server.CertificateFile}", $"--tlskey={server.KeyFile}",
                $"--host=tcp://127.0.0.1:{Port}",
                $"--data-root={_folder}/data", $"--exec-root={_folder}/run", $"--pidfile={_folder}/pid",
                $"--containerd-namespace={_folder.Name}", $"--containerd-plugins-namespace={_folder.Name}-plugins",
                $"--bridge={_bridge}", "--iptables=false", "--ip6tables=false",
            },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        // Read the log, so that a full pipe never blocks the engine; failures print it.
        _process.ErrorDataReceived += (_, line) => Log.Enqueue(line.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public int Port { get; }

    public System.Collections.Concurrent.ConcurrentQueue<string?> Log { get; } = [];

    /// <summary>Starts the engine; returns when it listens.</summary>
    public static async Task<TlsEngine> StartAsync(TestAuthority authority)
    {
        var engine = new TlsEngine(authority);
        try
        {
            await engine.ListensAsync();
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // SIGTERM, so that it stops its containerd and unmounts its file systems.
        using (var signal = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await signal.WaitForExitAsync();
        }

        try
        {
            await _process.WaitForExitAsync().WaitAsync(WaitTimeout);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        foreach (
            var mounted in File.ReadLines("/proc/mounts").Select(l => l.Split(' ')[1])
                .Where(m => m.StartsWith(_folder.FullName, StringComparison.Ordinal)).Reverse().ToList())
        {
            using var unmount = Process.Start("umount", ["-l", mounted]);
            await unmount.WaitForExitAsync();
        }

        Run("ip", "link", "delete", _bridge);
        _folder.Delete(recursive: true);
    }

    private async Task ListensAsync()
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            Assert.False(_process.HasExited, "dockerd ended while it started: " + string.Join('\n', Log.TakeLast(15)));
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException)
            {
                Assert.True(Stopwatch.GetElapsedTime(began) < WaitTimeout, "dockerd does not listen: " + string.Join('\n', Log.TakeLast(15)));
                await Task.Delay(50);
            }
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
