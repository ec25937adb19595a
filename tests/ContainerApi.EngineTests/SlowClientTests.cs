using System.Net.Sockets;

namespace ContainerApi.EngineTests;

/// <summary>A slow upload does not occupy a build slot.</summary>
[Collection(EngineCollection.Name)]
public sealed class SlowClientTests(EngineFixture fixture)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("application/x-tar", "classic")]
    [InlineData("application/x-tar", "buildkit")]
    [InlineData("text/x-dockerfile", "buildkit")]
    public async Task Context_at_1_byte_per_second_returns_408_and_frees_the_build_slot(string type, string builder)
    {
        using var socket = new TcpClient(fixture.Client.BaseAddress!.Host, fixture.Client.BaseAddress.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /images/build?builder={builder} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: 10000\r\n\r\n"));
        using var stop = new CancellationTokenSource();
        var sending = SendSlowlyAsync(stream, stop.Token);

        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var reader = new StreamReader(stream, leaveOpen: true);
        var answer = await reader.ReadToEndAsync(timeout.Token);
        await stop.CancelAsync();
        await sending;

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        var problem = JsonNode.Parse(answer[answer.IndexOf('{', StringComparison.Ordinal)..(answer.LastIndexOf('}') + 1)])!;
        Assert.Equal("request_timeout", Text(problem, "code"));
        var builds = JsonNode.Parse(await fixture.Client.GetStringAsync("/builds"))!["items"]!.AsArray();
        Assert.DoesNotContain(builds, b => Text(b!, "state") is "running" or "queued");
    }

    private static async Task SendSlowlyAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        try
        {
            for (var sent = 0; ; sent++)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(sent.ToString(CultureInfo.InvariantCulture)[..1]), cancellationToken);
                await Task.Delay(Pace, cancellationToken);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The service closed the connection, or the test ended.
        }
    }
}
