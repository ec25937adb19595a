using System.Net.Http.Headers;
using ContainerApi.Soak;

namespace ContainerApi.Benchmarks;

/// <summary>The service in its own process, so that it shares no heap with the benchmark.</summary>
internal sealed class ServiceUnderTest : IAsyncDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("containerapi-benchmark-");

    private ServiceUnderTest()
    {
    }

    public ServiceProcess Process { get; private set; } = null!;

    public HttpClient Http => Process.Http;

    /// <param name="hostSource"><c>auto</c> or <c>off</c>.</param>
    public static async Task<ServiceUnderTest> StartAsync(string engine, string hostSource, params IReadOnlyList<string> more)
    {
        var service = new ServiceUnderTest();
        service.Process = await ServiceProcess.StartAsync(engine, Path.Combine(service._state.FullName, "builds.db"),
            ["--Serilog:MinimumLevel:Default=Warning", "--Engines:0:HostSource=" + hostSource, .. more]);
        return service;
    }

    /// <returns>The ETag: all answers from one collection have the same.</returns>
    public async Task<string?> GetAsync(string path)
    {
        using var response = await Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        await response.Content.CopyToAsync(Stream.Null);
        response.EnsureSuccessStatusCode();
        return response.Headers.ETag?.Tag;
    }

    public string AddressOf(string path) => new Uri(Http.BaseAddress!, path).AbsoluteUri;

    public Task PostFileAsync(string path, string file) => Commands.PostFileAsync(file, AddressOf(path));

    /// <returns>The length of the body as it is sent.</returns>
    public async Task<long> ReadLengthAsync(string path, string encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept-Encoding", encoding);
        using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await response.Content.CopyToAsync(Stream.Null);
        response.EnsureSuccessStatusCode();
        return response.Content.Headers.ContentLength ?? throw new InvalidOperationException($"{path} has no length.");
    }

    /// <summary>Builds and reads the whole answer.</summary>
    public async Task BuildAsync(string json)
    {
        using var response = await Http.PostAsync("images/build", new StringContent(json, new MediaTypeHeaderValue("application/json")));
        Measure.RequireImage(await response.Content.ReadAsStringAsync());
    }

    /// <summary>Builds and reads the whole answer; returns the time to the first event.</summary>
    public Task<TimeSpan> BuildAsync(string query, byte[] context) => Measure.FirstByteAsync(Http, "images/build?" + query, context);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _state.Delete(recursive: true);
    }
}
