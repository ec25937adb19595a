using ContainerApi.Soak;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Faults;

/// <summary>Shutdown under load, a build store that is locked or corrupt, and an engine that sends without end.</summary>
public sealed class ServiceFaultTests
{
    [Fact]
    public async Task Shutdown_under_load_ends_every_stream_and_exits_in_time()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions { Running = 200 }, "--Limits:ShutdownTimeout=00:00:10");
        under.Engine.Build = (_, token) => Scripts.LinesThenSilence(["""{"stream":"Step 1/1 : FROM scratch\n"}"""], token);
        var build = await under.DetachAsync();
        // The engine never answers this request.
        under.Engine.When("/images/json", Behaviours.NeverAnswer);
        var pending = under.Service.Http.GetAsync("images");
        var streams = new List<StreamReader>();
        for (var n = 0; n < 50; n++)
        {
            streams.Add(await under.OpenAsync(n % 2 == 0 ? "containers/watch" : $"builds/{build}/events"));
            Assert.NotNull(await streams[^1].ReadLineAsync());
        }

        var silent = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => under.NeverReadAsync("containers/watch?all=true&interval=1")));

        await under.Service.TerminateAsync();

        foreach (var stream in streams)
        {
            Assert.Contains("\"type\":\"result\"", (await stream.ReadToEndAsync()).TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        }

        Assert.Equal(0, await under.Service.EndedAsync(TimeSpan.FromSeconds(20)));
        Assert.DoesNotContain(under.Service.Log, l => l.Contains("internal_error", StringComparison.Ordinal));
        // The request ends with a response or a closed connection.
        await Task.WhenAny(pending).WaitAsync(TimeSpan.FromSeconds(10));
        foreach (var socket in silent)
        {
            socket.Dispose();
        }
    }

    [Fact]
    public async Task Store_locked_by_another_service_degrades_readiness_and_builds_still_run()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions());
        await using var second = await under.StartServiceAsync();

        Assert.Equal("degraded", await ReadinessAsync(second));
        Assert.Equal("ok", await ReadinessAsync(under.Service));
        using var built = await ServiceUnderFault.BuildAsync(second, "stream=false");
        Assert.Equal(HttpStatusCode.Created, built.StatusCode);
    }

    [Theory]
    [InlineData(0, 5000)] // not a database
    [InlineData(4096, 0)] // cut off
    [InlineData(100, 3000)] // overwritten
    public async Task Corrupt_store_is_set_aside_and_the_service_starts(int at, int garbage)
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions());
        using var built = await ServiceUnderFault.BuildAsync(under.Service, "stream=false");
        Assert.Equal(HttpStatusCode.Created, built.StatusCode);
        await under.Service.TerminateAsync();
        Assert.Equal(0, await under.Service.EndedAsync(TimeSpan.FromSeconds(30)));
        await using (var file = File.OpenWrite(under.Store))
        {
            file.Position = at;
            await file.WriteAsync(Enumerable.Repeat((byte)0xAB, garbage).ToArray());
            if (garbage == 0)
            {
                file.SetLength(at);
            }
        }

        await using var again = await under.StartServiceAsync();

        Assert.Equal("ok", await ReadinessAsync(again));
        Assert.Equal(0, (await again.Http.GetJsonAsync("builds")).GetProperty("items").GetArrayLength());
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(under.Store)!, "*.damaged-*"));
    }

    [Fact]
    public async Task Hostile_lists_use_bounded_memory()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions { Running = 20 }, "--Limits:EngineAnswerBytes=16777216");
        using var warm = await under.Service.Http.GetAsync("containers");
        Assert.True(warm.IsSuccessStatusCode);
        var before = under.Service.Holds();

        foreach (var (start, repeated) in new[] { ("[", "{},"), ("[{\"Id\":\"", "a"), ("[{\"Ports\":[", "{},") })
        {
            using var rule = under.Engine.When("/containers/json", Behaviours.Endless(start, repeated));
            using var answer = await under.Service.Http.GetAsync("containers");
            var problem = await answer.ReadProblemAsync(HttpStatusCode.BadGateway, "engine_error");
            Assert.Contains("exceeds 16777216 bytes", problem.GetProperty("detail").GetString());
        }

        var after = under.Service.Holds();
        Assert.True(after.Megabytes < before.Megabytes + 300, $"{before} became {after}");
    }

    private static async Task<string?> ReadinessAsync(ServiceProcess service) =>
        (await service.Http.GetJsonAsync("readyz")).GetProperty("state").GetString();
}
