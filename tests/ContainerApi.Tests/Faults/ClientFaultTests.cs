using System.Net.Sockets;
using System.Text.Json;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Faults;

/// <summary>Clients that misbehave by the hundred, against the service as a process: it lets go of all that it held for them.</summary>
public sealed class ClientFaultTests
{
    [Fact]
    public async Task A_thousand_clients_that_leave_in_mid_stream_leave_nothing_behind()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions { Running = 20 });
        under.Engine.Build = (_, token) => Scripts.LinesThenSilence(["""{"stream":"Step 1/1 : FROM scratch\n"}"""], token);
        var build = await under.DetachAsync();
        // The first connections and threads are not what the thousand cost.
        await LeaveAsync(under, build, 20);
        var before = under.Service.Holds();

        await LeaveAsync(under, build, 1000);

        await under.LetsGoAsync(before);
        await ServiceUnderFault.UntilAsync(async () => await under.Service.FigureAsync("containerapi_watchers", default) == 0);
        Assert.Equal(0, await under.Service.FigureAsync("containerapi_unobserved_exceptions_total", default));
        Assert.True(under.Service.Errors == 0, string.Join('\n', under.Service.Log));
        // Nobody watches, so nothing is subscribed to; who followed the build did not own it.
        await ServiceUnderFault.UntilAsync(() => Task.FromResult(under.Engine.Events.Listeners == 0));
        Assert.Equal("running", await StateAsync(under, build));
    }

    [Fact]
    public async Task Clients_that_never_read_use_bounded_memory_and_delay_nobody()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions { Running = 100 });
        under.Engine.Build = (_, token) => Scripts.Lines(
            Enumerable.Range(0, 50_000).Select(n => $$"""{"stream":"line {{n}} of a build that has very much to say about everything\n"}""").Append($$$"""{"aux":{"ID":"{{{Scripts.BuiltImage}}}"}}"""), token);
        var build = await under.DetachAsync();
        await ServiceUnderFault.UntilAsync(async () => await StateAsync(under, build) == "succeeded");
        await LeaveAsync(under, build, 20);
        // A reading of the fleet opens connections to the engine, which stay open for a while.
        using var reading = await under.Service.Http.GetAsync("containers?include=network");
        var before = under.Service.Holds();

        var silent = new List<Socket>();
        for (var n = 0; n < 100; n++)
        {
            silent.Add(await under.NeverReadAsync("containers/watch?all=true&interval=1&include=network"));
            silent.Add(await under.NeverReadAsync($"builds/{build}/events"));
        }

        using var quick = await under.OpenAsync("containers/watch?all=true&interval=1&include=network");
        for (var told = 0; told < 5;)
        {
            told += (await quick.ReadLineAsync())!.Contains("\"sample\"", StringComparison.Ordinal) ? 1 : 0;
        }

        var during = under.Service.Holds();
        // What each holds is a write that waits: a line of a watch, a part of a log. Two hundred times all of it would be gigabytes.
        Assert.True(during.Megabytes < before.Megabytes + 400, $"{before} became {during}");
        using var answer = await under.Service.Http.GetAsync("containers?include=none");
        Assert.True(answer.IsSuccessStatusCode);
        silent.ForEach(s => s.Dispose());
        quick.Dispose();
        await under.LetsGoAsync(before);
    }

    private static Task LeaveAsync(ServiceUnderFault under, string build, int count) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 250 }, async (n, _) =>
        {
            using var stream = await under.OpenAsync(n % 2 == 0 ? "containers/watch?include=none" : $"builds/{build}/events");
            Assert.NotNull(await stream.ReadLineAsync(CancellationToken.None));
        });

    private static async Task<string?> StateAsync(ServiceUnderFault under, string build) =>
        JsonSerializer.Deserialize<JsonElement>(await under.Service.Http.GetStringAsync("builds/" + build)).GetProperty("state").GetString();
}
