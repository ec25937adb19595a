using System.Net.Sockets;

namespace ContainerApi.Soak;

/// <summary>
/// Concurrent clients: they poll, watch, disconnect in mid-stream or never read. During a fault 502, 503 and 504 are allowed; a 500, a
/// timeout or a stream without an end is not.
/// </summary>
internal sealed class Load(ServiceProcess service, IReadOnlyList<string> containers, Tally tally)
{
    /// <summary>Longer than every timeout of the service for a short answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The heartbeat interval is 15 seconds.</summary>
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(60);

    private static readonly IReadOnlyList<string> Polled =
    [
        "containers?all=true", "containers?include=none", "containers?format=table", "containers?format=csv", "containers?format=ndjson",
        "containers?maxAge=2&sort=name&limit=3",
        "containers/{container}", "containers/{container}/processes", "containers/{container}/stats", "images", "engines", "builds?limit=20",
        "readyz", "healthz", "metrics", "metrics/containers",
        "containers/missing", "images/missing", "containers?nonsense=1",
    ];

    public Task PollAsync(CancellationToken stop) => RepeatAsync(TimeSpan.FromMilliseconds(60), AnswerTimeout, async token =>
    {
        var path = Pick(Polled).Replace("{container}", Pick(containers), StringComparison.Ordinal);
        using var answer = await service.Http.GetAsync(path, token);
        await answer.Content.CopyToAsync(Stream.Null, token);
        Check("GET " + path, (int)answer.StatusCode);
        tally.Count("polls");
    }, stop);

    /// <summary>Starts, stops, restarts, creates, removes and commits containers.</summary>
    public Task ChangeAsync(CancellationToken stop) => RepeatAsync(TimeSpan.FromMilliseconds(500), AnswerTimeout * 4, async token =>
    {
        using var made = await PostAsync("containers", $$"""{"image":"{{PrivateEngine.Image}}","command":"sleep 1000","start":true}""", token);
        if (!made.IsSuccessStatusCode)
        {
            return;
        }

        var container = made.Headers.Location!.ToString().TrimStart('/');
        using var committed = await PostAsync("images/commit", $$"""{"container":"{{container.Split('/')[1]}}"}""", token);
        if (committed.IsSuccessStatusCode)
        {
            tally.Count("commits");
            await DeleteAsync(committed.Headers.Location!.ToString().TrimStart('/') + "?force=true", token);
        }

        using var stopped = await PostAsync(container + "/stop?timeout=0", null, token);
        await DeleteAsync(container + "?force=true", token);
        tally.Count("containers");
    }, stop);

    /// <summary>Watches for some seconds and disconnects, like a browser page.</summary>
    public Task WatchAsync(CancellationToken stop) => RepeatAsync(TimeSpan.FromMilliseconds(100), Timeout.InfiniteTimeSpan, async token =>
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(stop);
        leaving.CancelAfter(TimeSpan.FromSeconds(Random.Shared.Next(1, 20)));
        await FollowAsync(
            "containers/watch?all=true&" + Pick(["format=ndjson&include=none", "format=sse&interval=1", "include=network&interval=2"]),
            leaving.Token);
    }, stop);

    /// <summary>Opens 20 streams and disconnects at the first event, or before.</summary>
    public Task LeaveAsync(CancellationToken stop) =>
        RepeatAsync(TimeSpan.FromSeconds(2), AnswerTimeout, token => Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(token);
        leaving.CancelAfter(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 800)));
        try
        {
            using var answer = await service.Http.GetAsync(
                n % 2 == 0 ? "containers/watch" : "containers?all=true", HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            await using var body = await answer.Content.ReadAsStreamAsync(leaving.Token);
            _ = await body.ReadAsync(new byte[16], leaving.Token);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
        }

        tally.Count("clients that left");
    })), stop);

    /// <summary>Opens an endless stream and reads nothing for 30 seconds.</summary>
    public Task NeverReadAsync(CancellationToken stop) => RepeatAsync(TimeSpan.Zero, Timeout.InfiniteTimeSpan, async token =>
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync("127.0.0.1", service.Port, token);
        var stream = Pick(["containers/watch?all=true&interval=1", "logs?follow=true&tail=5"]);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /{stream} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: load\r\n\r\n"), token);
        tally.Count("clients that never read");
        await Task.Delay(TimeSpan.FromSeconds(30), token);
    }, stop);

    /// <summary>Reads a stream to its end; returns whether it ended with a result.</summary>
    private async Task FollowAsync(string path, CancellationToken leaving)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(leaving);
        silence.CancelAfter(HeartbeatInterval);
        try
        {
            using var answer = await service.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, silence.Token);
            Check("GET " + path, (int)answer.StatusCode);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(silence.Token));
            var last = "";
            while (await reader.ReadLineAsync(silence.Token) is { } line)
            {
                silence.CancelAfter(HeartbeatInterval);
                last = line.Length > 0 ? line : last;
                tally.Count("events read");
            }

            if (answer.IsSuccessStatusCode && !last.Contains("\"type\":\"result\"", StringComparison.Ordinal))
            {
                tally.Break($"{path} ended without a result");
            }
        }
        catch (OperationCanceledException) when (!leaving.IsCancellationRequested)
        {
            tally.Break($"{path} was silent for {HeartbeatInterval.TotalSeconds} s");
        }
        catch (OperationCanceledException)
        {
        }

        tally.Count("watches");
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string? json, CancellationToken token)
    {
        var answer = await service.Http.PostAsync(path, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"), token);
        Check("POST " + path, (int)answer.StatusCode);
        return answer;
    }

    private async Task DeleteAsync(string path, CancellationToken token)
    {
        using var answer = await service.Http.DeleteAsync(path, token);
        Check("DELETE " + path, (int)answer.StatusCode);
    }

    public void Check(string what, int status)
    {
        tally.Count("requests");
        tally.Count(status switch { < 400 => "answers", < 500 => "refusals", _ => "engine unreachable" });
        if (status >= 500 && status is not (502 or 503 or 504))
        {
            tally.Break($"{what} answered {status}");
        }
    }

    /// <summary>Repeats a call until the end of the run; a timeout or a broken connection is a failure.</summary>
    private async Task RepeatAsync(TimeSpan pace, TimeSpan atMost, Func<CancellationToken, Task> turn, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limited.CancelAfter(atMost);
            try
            {
                await turn(limited.Token);
                await Task.Delay(pace, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or SocketException)
            {
                tally.Break("A client was left without an answer: " + e.Message);
            }
        }
    }

    private static T Pick<T>(IReadOnlyList<T> from) => from[Random.Shared.Next(from.Count)];
}
