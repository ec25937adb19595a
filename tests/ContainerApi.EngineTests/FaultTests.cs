using ContainerApi.Soak;

namespace ContainerApi.EngineTests;

/// <summary>A private engine for fault injection and the service as a process.</summary>
public sealed class FaultFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("containerapi-test-");

    internal PrivateEngine Engine { get; private set; } = null!;

    internal ServiceProcess Service { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Engine = await PrivateEngine.CreateAsync();
        Service = await ServiceProcess.StartAsync(Engine.Endpoint, Path.Combine(_state.FullName, "builds.db"), "--Engines:0:CallTimeout=00:00:03");
    }

    public async Task DisposeAsync()
    {
        await Service.DisposeAsync();
        await Engine.DisposeAsync();
        _state.Delete(recursive: true);
    }
}

/// <summary>
/// Faults of a real engine: the service keeps answering, reports the fault, recovers by itself and leaks nothing. <c>make soak</c> does
/// the same under load; <see cref="FullDiskTests"/> fills the service's disk.
/// </summary>
[Collection(EngineCollection.Name)]
public sealed class FaultTests(FaultFixture fixture) : IClassFixture<FaultFixture>
{
    private const int Slack = 20;
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(90);

    private HttpClient Http => fixture.Service.Http;

    [Theory]
    [InlineData("stopped")]
    [InlineData("killed")]
    [InlineData("paused")]
    [InlineData("without its socket")]
    public async Task Faulty_engine_is_reported_and_recovers(string fault)
    {
        await BuildAsync("RUN echo before");
        using var watch = await OpenAsync(await Http.GetAsync("containers/watch?include=none", HttpCompletionOption.ResponseHeadersRead));
        var snapshot = await watch.ReadLineAsync();
        Assert.Contains("\"snapshot\"", snapshot, StringComparison.Ordinal);
        var before = fixture.Service.Holds();
        using var build = await OpenAsync(await SendAsync("RUN echo begun && sleep 8"));
        await UntilAsync(build, "\"log\"");

        await (fault switch
        {
            "stopped" => fixture.Engine.StopAsync(),
            "killed" => fixture.Engine.KillAsync(),
            "paused" => fixture.Engine.PauseAsync(),
            _ => RemoveSocketAsync(),
        });

        Assert.Equal(HttpStatusCode.OK, (await AskAsync("healthz")).Status);
        var (status, code) = fault == "paused"
            ? (HttpStatusCode.GatewayTimeout, "engine_timeout")
            : (HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        // Open connections may still work without the socket; their state is not checked.
        if (fault != "without its socket" || (await AskAsync("readyz")).Status != HttpStatusCode.OK)
        {
            foreach (var path in new[] { "containers", "containers/missing", "images" })
            {
                var (its, problem) = await AskAsync(path);
                Assert.Equal((status, code), (its, problem.GetProperty("code").GetString()));
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync("readyz")).Status);
            var engine = (await AskAsync("engines")).Answer.GetProperty("items")[0];
            Assert.Equal(fault == "paused" ? "timeout" : "unavailable", engine.GetProperty("state").GetString());
            Assert.False(string.IsNullOrEmpty(engine.GetProperty("error").GetProperty("message").GetString()));
        }

        if (fault is "stopped" or "killed")
        {
            // The connection broke, so watchers get an event at once.
            var change = await UntilAsync(watch, "\"type\":\"engine\"");
            Assert.True(change.Contains("\"unavailable\"", StringComparison.Ordinal), snapshot + change);
        }

        await (fault switch
        {
            "paused" => fixture.Engine.ResumeAsync(),
            "without its socket" => RestartAsync(),
            _ => fixture.Engine.StartAsync(),
        });

        // A paused engine continues the build; after other faults the build is lost and reported so.
        Assert.Contains(fault == "paused" ? "\"succeeded\"" : "\"failed\"", await UntilAsync(build, "\"result\""), StringComparison.Ordinal);
        await UntilAsync(async () => (await AskAsync("readyz")).Status == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("containers")).Status);
        await BuildAsync($"RUN echo {Guid.NewGuid():n}");
        await UntilAsync(
            () => Task.FromResult(fixture.Service.Holds() is var now && now.Files <= before.Files + Slack && now.Threads <= before.Threads + Slack));
        Assert.Equal(0, await fixture.Service.FigureAsync("containerapi_unobserved_exceptions_total", default));
        Assert.DoesNotContain(fixture.Service.Log, l => l.Contains("internal_error", StringComparison.Ordinal));
    }

    private static StringContent Dockerfile(string steps) => new($"FROM {PrivateEngine.Image}\n{steps}\n", Encoding.UTF8, "text/x-dockerfile");

    private async Task<HttpResponseMessage> SendAsync(string steps)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "images/build?noCache=true") { Content = Dockerfile(steps) };
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task BuildAsync(string steps)
    {
        using var build = await OpenAsync(await SendAsync(steps));
        Assert.Contains("\"succeeded\"", await UntilAsync(build, "\"result\""), StringComparison.Ordinal);
    }

    private static async Task<StreamReader> OpenAsync(HttpResponseMessage answer)
    {
        Assert.True(answer.IsSuccessStatusCode, answer.ToString());
        return new StreamReader(await answer.Content.ReadAsStreamAsync());
    }

    private async Task<(HttpStatusCode Status, JsonElement Answer)> AskAsync(string path)
    {
        using var limited = new CancellationTokenSource(WaitTimeout);
        using var answer = await Http.GetAsync(path, limited.Token);
        var body = await answer.Content.ReadAsStringAsync(limited.Token);
        return (answer.StatusCode, body.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(body) : default);
    }

    private async Task RestartAsync()
    {
        await fixture.Engine.StopAsync();
        await fixture.Engine.StartAsync();
    }

    private Task RemoveSocketAsync()
    {
        File.Delete(fixture.Engine.SocketPath);
        return Task.CompletedTask;
    }

    /// <summary>The first line that contains <paramref name="word"/>; throws if the stream ends before.</summary>
    private static async Task<string> UntilAsync(StreamReader stream, string word)
    {
        using var limited = new CancellationTokenSource(WaitTimeout);
        while (true)
        {
            var line = await stream.ReadLineAsync(limited.Token);
            Assert.True(line is not null, $"The stream ended without {word}.");
            if (line.Contains(word, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(WaitTimeout);
        while (!await isSo())
        {
            await Task.Delay(50, deadline.Token);
        }
    }
}
