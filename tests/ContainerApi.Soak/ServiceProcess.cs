using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace ContainerApi.Soak;

/// <summary>Resource usage of the service process.</summary>
/// <param name="Megabytes">Resident memory.</param>
/// <param name="Files">Open file descriptors, connections included and .NET's own assemblies not.</param>
internal sealed record Holding(double Megabytes, int Threads, int Files);

/// <summary>The service in its own process, stopped by a signal.</summary>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    public const string KeyHeader = "X-Api-Key";

    private readonly Process _process;

    private ServiceProcess(Process process, int port)
    {
        _process = process;
        Port = port;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    public int Port { get; }

    public HttpClient Http { get; }

    /// <summary>Settings of an API key whose text is its name.</summary>
    public static IEnumerable<string> KeyOf(int number, string name, IReadOnlyList<string> scopes, string? label = null)
    {
        var (prefix, hash) = ($"--Security:ApiKeys:{number}:", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name))));
        return [$"{prefix}Name={name}", $"{prefix}Hash=sha256:{hash}", .. scopes.Select((s, n) => $"{prefix}Scopes:{n}={s}"),
            .. label is null ? Array.Empty<string>() : [$"{prefix}Labels:0={label}"]];
    }

    /// <summary>The last 1,000 log lines.</summary>
    public ConcurrentQueue<string> Log { get; } = [];

    /// <summary>The number of error lines so far.</summary>
    public int Errors { get; private set; }

    /// <param name="store">The path of the build store.</param>
    public static async Task<ServiceProcess> StartAsync(string engine, string store, params IReadOnlyList<string> settings)
    {
        var port = FreePort();
        var service = new ServiceProcess(Process.Start(new ProcessStartInfo("dotnet",
        [
            "exec", Path.Combine(AppContext.BaseDirectory, "ContainerApi.dll"), $"--urls=http://127.0.0.1:{port}", "--Builds:StorePath=" + store,
            "--Engines:0:Name=local", "--Engines:0:Endpoint=" + engine, .. settings,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true })!, port);
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                using var answer = await service.Http.GetAsync("healthz", timeout.Token);
                return service;
            }
            catch (HttpRequestException) when (!service._process.HasExited)
            {
                await Task.Delay(50, timeout.Token);
            }
            catch
            {
                await service.DisposeAsync();
                throw new InvalidOperationException("The service did not start: " + string.Join('\n', service.Log));
            }
        }
    }

    public Holding Holds() =>
        new(MemoryMegabytes, (int)StatusOf("Threads:"), Directory.GetFiles($"/proc/{_process.Id}/fd").Count(IsHeld));

    /// <summary>Resident memory.</summary>
    public double MemoryMegabytes => StatusOf("VmRSS:") / 1024;

    /// <summary>CPU time of the process.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Returns the maximum of the resident memory in megabytes until the token is cancelled.</summary>
    public async Task<double> MaxMemoryAsync(CancellationToken end)
    {
        var max = MemoryMegabytes;
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(20, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            max = Math.Max(max, MemoryMegabytes);
        }

        return max;
    }

    /// <summary>.NET opens its assemblies on demand and keeps them open: they are no leak.</summary>
    private static bool IsHeld(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name.EndsWith(".dll", StringComparison.Ordinal) != true;
        }
        catch (IOException)
        {
            // The file was closed.
            return false;
        }
    }

    /// <summary>The sum of all series of a metric at <c>/metrics</c>; null if there is none.</summary>
    public async Task<double?> FigureAsync(string name, CancellationToken cancellationToken)
    {
        var series = (await Http.GetStringAsync("metrics", cancellationToken)).Split('\n')
            .Where(l => l.StartsWith(name + "{", StringComparison.Ordinal) || l.StartsWith(name + " ", StringComparison.Ordinal))
            .Select(l => double.Parse(Value().Match(l).Groups[1].Value, CultureInfo.InvariantCulture)).ToList();
        return series.Count > 0 ? series.Sum() : null;
    }

    /// <summary>Sends SIGTERM.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for the end; returns the exit code.</summary>
    public async Task<int> EndedAsync(TimeSpan atMost)
    {
        await _process.WaitForExitAsync().WaitAsync(atMost);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        Errors += line.Contains(" ERR ", StringComparison.Ordinal) || line.Contains(" FTL ", StringComparison.Ordinal) ? 1 : 0;
        Log.Enqueue(line);
        if (Log.Count > 1000)
        {
            Log.TryDequeue(out _);
        }
    }

    /// <summary>An interrupted run stops the service.</summary>
    private void Kill(object? sender, EventArgs e) => _process.Kill();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private double StatusOf(string name) => double.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith(name, StringComparison.Ordinal)).Split(
            (char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    /// <summary>The value of a series, without its optional timestamp.</summary>
    [GeneratedRegex(@"[} ] ?([0-9.eE+-]+)(?: \d+)?$")]
    private static partial Regex Value();
}
