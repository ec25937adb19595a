using System.Net.Http.Headers;
using System.Net.Sockets;
using ContainerApi.Api.Requests;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Hosting;

/// <summary>A client that sends a whole body before it reads gets the response, on Kestrel.</summary>
public sealed class BodyDrainTests : IAsyncDisposable
{
    private static readonly byte[] Body = new byte[60 * 1024 * 1024];
    private readonly TestClock _clock = new();
    private readonly ApiHost _host;

    public BodyDrainTests() => _host = new ApiHost(
        null, _clock, new Dictionary<string, string?> { ["Urls"] = "http://127.0.0.1:0" }, Facts.Engine());

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("/images/build?tag=UP:1", "application/x-tar", 400, "invalid_reference")]
    [InlineData("/images/build?nope=1", "application/x-tar", 400, "invalid_request")]
    [InlineData("/images/build", "image/png", 415, "unsupported_media_type")]
    [InlineData("/images/build", "text/x-dockerfile", 413, "context_too_large")]
    [InlineData("/images/build", "multipart/form-data; boundary=x", 400, "invalid_context")]
    [InlineData("/images/build?engine=none", "application/x-tar", 404, "engine_not_found")]
    [InlineData("/containers", "application/json", 413, "request_too_large")]
    [InlineData("/containers", "text/plain", 415, "unsupported_media_type")]
    [InlineData("/engines", "application/json", 405, "method_not_allowed")]
    [InlineData("/nowhere", "application/json", 404, "not_found")]
    public async Task Client_that_sends_60_MB_reads_its_problem(string path, string type, int status, string code)
    {
        foreach (var isChunked in new[] { false, true })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Body) };
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            request.Headers.TransferEncodingChunked = isChunked;
            using var response = await _host.Client.SendAsync(request);

            await response.ReadProblemAsync((HttpStatusCode)status, code);
        }
    }

    [Fact]
    public async Task Endless_body_is_read_up_to_a_limit()
    {
        using var socket = await OpenAsync();
        var stream = socket.GetStream();
        var reading = ReadAsync(stream);
        var (sent, chunk) = (0L, Encoding.ASCII.GetBytes($"100000\r\n{new string('x', 0x100000)}\r\n"));
        try
        {
            for (; sent < 4 * RequestBodies.MaxDrainedBytes; sent += chunk.Length)
            {
                await stream.WriteAsync(chunk);
            }
        }
        catch (IOException)
        {
            // The service closed the connection.
        }

        Assert.StartsWith("HTTP/1.1 400 ", await reading, StringComparison.Ordinal);
        Assert.InRange(sent, RequestBodies.MaxDrainedBytes / 2, 2 * RequestBodies.MaxDrainedBytes);
    }

    [Fact]
    public async Task Body_that_does_not_end_is_awaited_for_60_seconds()
    {
        using var socket = await OpenAsync();
        var reading = ReadAsync(socket.GetStream());

        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(60));

        Assert.StartsWith("HTTP/1.1 400 ", await reading.WaitAsync(TimeSpan.FromSeconds(30)), StringComparison.Ordinal);
    }

    private async Task<TcpClient> OpenAsync()
    {
        var socket = new TcpClient(_host.Client.BaseAddress!.Host, _host.Client.BaseAddress.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            "POST /images/build?tag=UP:1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n"));
        return socket;
    }

    /// <summary>Reads until the service closes the connection.</summary>
    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer) is var read and > 0)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            // A reset.
        }

        return text.ToString();
    }
}
