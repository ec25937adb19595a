using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace ContainerApi.Benchmarks;

/// <summary>The service in its own process, so that it shares no heap with the benchmark.</summary>
internal sealed class ServiceUnderTest : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _state;
    private readonly HttpClient _http;

    private ServiceUnderTest(Process process, int port, DirectoryInfo state)
    {
        _process = process;
        _state = state;
        _http = new HttpClient(
            new SocketsHttpHandler { UseProxy = false })
        { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromMinutes(10) };
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    /// <param name="hostSource"><c>auto</c> or <c>off</c>.</param>
    public static async Task<ServiceUnderTest> StartAsync(string engine, string hostSource, params IReadOnlyList<string> more)
    {
        var port = FreePort();
        var state = Directory.CreateTempSubdirectory("containerapi-benchmark-");
        var program = Path.Combine(AppContext.BaseDirectory, "ContainerApi.dll");
        var process = Process.Start(new ProcessStartInfo("dotnet",
        [
            "exec", program, $"--urls=http://127.0.0.1:{port}", "--Serilog:MinimumLevel:Default=Warning",
            "--Builds:StorePath=" + Path.Combine(state.FullName, "builds.db"),
            "--Engines:0:Name=local", "--Engines:0:Endpoint=" + engine, "--Engines:0:HostSource=" + hostSource, .. more,
        ])
        { RedirectStandardOutput = false })!;
        var service = new ServiceUnderTest(process, port, state);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await service.GetAsync("healthz");
                return service;
            }
            catch (HttpRequestException) when (!timeout.IsCancellationRequested && !process.HasExited)
            {
                await Task.Delay(50, timeout.Token);
            }
        }
    }

    public HttpClient Http => _http;

    /// <returns>The ETag: all answers from one collection have the same.</returns>
    public async Task<string?> GetAsync(string path)
    {
        using var response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        await response.Content.CopyToAsync(Stream.Null);
        response.EnsureSuccessStatusCode();
        return response.Headers.ETag?.Tag;
    }

    public Task PostFileAsync(string path, string file, string type) =>
        CurlCommand.PostFileAsync(file, type, new Uri(_http.BaseAddress!, path).AbsoluteUri);

    /// <summary>Builds and reads the whole answer.</summary>
    public async Task BuildAsync(string json)
    {
        using var response = await _http.PostAsync("images/build", new StringContent(json, new MediaTypeHeaderValue("application/json")));
        Measure.RequireImage(await response.Content.ReadAsStringAsync());
    }

    /// <summary>Builds and reads the whole answer; returns the time to the first event.</summary>
    public Task<TimeSpan> BuildAsync(string query, byte[] context) => Measure.FirstByteAsync(_http, "images/build?" + query, context);

    /// <summary>CPU time of the process.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Resident memory.</summary>
    public double MemoryMegabytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _state.Delete(recursive: true);
    }

    /// <summary>An interrupted run stops the service.</summary>
    private void Kill(object? sender, EventArgs e) => _process.Kill();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
