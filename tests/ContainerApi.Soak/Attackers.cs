using System.Net.Sockets;

namespace ContainerApi.Soak;

/// <summary>A tenant with a key that is limited to a label, and clients without a key, who try to use up memory, CPU and descriptors.</summary>
internal sealed class Attackers(ServiceProcess service, Load load, Tally tally)
{
    public const string Key = "attacker";
    private const string ContextName = "ignored";

    private static readonly TimeSpan AttackTimeout = TimeSpan.FromSeconds(90);
    private static int _number;

    /// <summary>Creates a context with a large ignore file in a context root.</summary>
    public static void CreateContext(string root) => File.WriteAllLines(
        Path.Combine(Directory.CreateDirectory(Path.Combine(root, ContextName)).FullName, ".dockerignore"),
        Enumerable.Range(0, 9_000).Select(n => $"**/a*{n}*b?/[a-z]*/**/{new string('x', 80)}"));

    /// <summary>All attacks, until the end of the run.</summary>
    public IEnumerable<Task> Run(CancellationToken stop)
    {
        // Queries that nobody repeats.
        yield return RepeatAsync(
            20, token => SendAsync(HttpMethod.Get, $"containers?all=true&maxAge=600&label=q{Number()}&sort=command&limit=5", token), stop);
        yield return RepeatAsync(100, token => SendAsync(HttpMethod.Post, "images/commit", token,
            $$"""{"container":"attacked","dryRun":true,"changes":["ENV N{{Number()}}={{new string('$', 4_000)}}"]}"""), stop);
        yield return RepeatAsync(1_000, token => SendAsync(HttpMethod.Get, "containers?all=true&format=table", token), stop);
        yield return RepeatAsync(3_000, CreateLabeledAsync, stop);
        yield return RepeatAsync(3_000, token => SendAsync(HttpMethod.Post, "images/build", token,
            $$"""{"path":"{{ContextName}}","timeout":20}"""), stop);
        yield return RepeatAsync(50, token => SendAsync(HttpMethod.Get, "containers", token, key: "invalid " + Number()), stop);
        yield return RepeatAsync(1_000, ConnectAsync, stop);
        yield return RepeatAsync(0, UploadSlowlyAsync, stop);
    }

    private static int Number() => Interlocked.Increment(ref _number);

    /// <summary>A container whose labels are expensive to redact.</summary>
    private async Task CreateLabeledAsync(CancellationToken token)
    {
        var costly = string.Concat(Enumerable.Repeat("password=\" a://b:", 120));
        var labels = Enumerable.Range(0, 250).ToDictionary(n => "l" + n, _ => $"{Number()} {costly}");
        await SendAsync(HttpMethod.Post, "containers", token, JsonSerializer.Serialize(
            new { image = PrivateEngine.Image, name = "attacked", command = "sleep 1000", start = false, labels }));
        await SendAsync(HttpMethod.Get, "containers?all=true", token);
        await SendAsync(HttpMethod.Delete, "containers/attacked?force=true", token);
    }

    /// <summary>Opens connections that send half a request.</summary>
    private async Task ConnectAsync(CancellationToken token)
    {
        var sockets = Enumerable.Range(0, 100).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToList();
        try
        {
            foreach (var socket in sockets)
            {
                await socket.ConnectAsync("127.0.0.1", service.Port, token);
                await socket.SendAsync("GET /containers HTTP/1.1\r\nX-"u8.ToArray(), token);
            }

            tally.Count("attacks", sockets.Count);
            await Task.Delay(2_000, token);
        }
        finally
        {
            sockets.ForEach(s => s.Dispose());
        }
    }

    /// <summary>Sends a byte of a context each second.</summary>
    private async Task UploadSlowlyAsync(CancellationToken token)
    {
        using var socket = new TcpClient("127.0.0.1", service.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /images/build HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {Key}\r\nContent-Type: application/x-tar\r\n"
            + "Content-Length: 9999\r\n\r\n"), token);
        tally.Count("attacks");
        var answer = stream.ReadAsync(new byte[1], token).AsTask();
        while (!answer.IsCompleted)
        {
            await stream.WriteAsync("0"u8.ToArray(), token);
            await Task.WhenAny(answer, Task.Delay(1_000, token));
        }

        await answer;
    }

    private async Task SendAsync(HttpMethod method, string path, CancellationToken token, string? json = null, string key = Key)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = json is null ? null : new StringContent(json, null, "application/json");
        request.Headers.Add(ServiceProcess.KeyHeader, key);
        using var answer = await service.Http.SendAsync(request, token);
        await answer.Content.CopyToAsync(Stream.Null, token);
        tally.Count("attacks");
        load.Check($"{method} {path}", (int)answer.StatusCode);
    }

    /// <summary>Repeats an attack. Only an answer of 500 or none is a failure: a cut connection is a good defense.</summary>
    private async Task RepeatAsync(int pause, Func<CancellationToken, Task> attack, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limited.CancelAfter(AttackTimeout);
            try
            {
                await attack(limited.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                tally.Break("An attack got no answer");
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException or OperationCanceledException)
            {
            }

            await Task.Delay(pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
