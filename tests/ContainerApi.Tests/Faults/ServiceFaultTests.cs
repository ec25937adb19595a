using System.Net;
using System.Text.Json;
using ContainerApi.Soak;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Faults;

/// <summary>What happens to the service itself: it is told to end while it works, its store is taken or broken.</summary>
public sealed class ServiceFaultTests
{
    [Fact]
    public async Task Shutdown_under_load_ends_every_stream_and_exits_in_time()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions { Running = 200 }, "--Limits:ShutdownTimeout=00:00:10");
        under.Engine.Build = (_, token) => Scripts.LinesThenSilence(["""{"stream":"Step 1/1 : FROM scratch\n"}"""], token);
        var build = await under.DetachAsync();
        // One that the engine holds, which has nothing to end but its client's patience.
        under.Engine.When("/images/json", Behaviours.NeverAnswer);
        var asking = under.Service.Http.GetAsync("images");
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
        // Whether it was answered that the service ends or its connection broke, it does not wait any more.
        await Task.WhenAny(asking).WaitAsync(TimeSpan.FromSeconds(10));
        foreach (var socket in silent)
        {
            socket.Dispose();
        }
    }

    [Fact]
    public async Task A_store_that_another_service_has_is_told_of_and_builds_are_kept_in_memory()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions());
        await using var second = await ServiceProcess.StartAsync(under.Engine.Endpoint, under.Store, "--Engines:0:HostSource=off");

        Assert.Equal("degraded", await ReadinessAsync(second));
        Assert.Equal("ok", await ReadinessAsync(under.Service));
        using var built = await second.Http.PostAsync("images/build?builder=classic&stream=false", new StringContent("FROM scratch\nLABEL a=b\n", new System.Net.Http.Headers.MediaTypeHeaderValue("text/x-dockerfile")));
        Assert.Equal(HttpStatusCode.Created, built.StatusCode);
    }

    /// <summary>Cut off, overwritten, or no database at all.</summary>
    [Theory]
    [InlineData(0, 5000)]
    [InlineData(4096, 0)]
    [InlineData(100, 3000)]
    public async Task A_store_that_is_corrupt_does_not_keep_the_service_from_starting(int at, int garbage)
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions());
        using var built = await under.Service.Http.PostAsync("images/build?builder=classic&stream=false", new StringContent("FROM scratch\nLABEL a=b\n", new System.Net.Http.Headers.MediaTypeHeaderValue("text/x-dockerfile")));
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

        await using var again = await ServiceProcess.StartAsync(under.Engine.Endpoint, under.Store, "--Engines:0:HostSource=off");

        Assert.Equal("ok", await ReadinessAsync(again));
        Assert.Equal(0, JsonSerializer.Deserialize<JsonElement>(await again.Http.GetStringAsync("builds")).GetProperty("items").GetArrayLength());
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(under.Store)!, "*.damaged-*"));
    }

    private static async Task<string?> ReadinessAsync(ServiceProcess service) =>
        JsonSerializer.Deserialize<JsonElement>(await service.Http.GetStringAsync("readyz")).GetProperty("state").GetString();
}
