using System.Net.Sockets;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Faults;

/// <summary>Hundreds of clients that leave or never read: the service releases what it acquired for them.</summary>
public sealed class ClientFaultTests
{
    [Fact]
    public async Task Thousand_clients_that_leave_in_mid_stream_leave_nothing_behind()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions { Running = 20 });
        under.Engine.Build = (_, token) => Scripts.LinesThenSilence(["""{"stream":"Step 1/1 : FROM scratch\n"}"""], token);
        var build = await under.DetachAsync();
        // Warm up: the first connections and threads do not count.
        await LeaveAsync(under, build, 20);
        var before = under.Service.Holds();

        await LeaveAsync(under, build, 1000);

        await under.ReleasesAsync(before);
        await ServiceUnderFault.UntilAsync(async () => await under.Service.FigureAsync("containerapi_watchers", default) == 0);
        Assert.Equal(0, await under.Service.FigureAsync("containerapi_unobserved_exceptions_total", default));
        Assert.True(under.Service.Errors == 0, string.Join('\n', under.Service.Log));
        // Without watchers there is no subscription. The build does not end with its followers.
        await ServiceUnderFault.UntilAsync(() => Task.FromResult(under.Engine.Events.Listeners == 0));
        Assert.Equal("running", await StateAsync(under, build));
    }

    [Fact]
    public async Task Clients_that_never_read_use_bounded_memory_and_delay_nobody()
    {
        await using var under = await ServiceUnderFault.StartAsync(new StubOptions { Running = 100 });
        under.Engine.Build = (_, token) => Scripts.Lines(
            [
                .. Enumerable.Range(0, 50_000).Select(n => $$"""{"stream":"line {{n}} of a build with a long log, {{new string('x', 30)}}\n"}"""),
                $$$"""{"aux":{"ID":"{{{Scripts.BuiltImage}}}"}}""",
            ],
            token);
        var build = await under.DetachAsync();
        await ServiceUnderFault.UntilAsync(async () => await StateAsync(under, build) == "succeeded");
        await LeaveAsync(under, build, 20);
        // Opens connections to the engine, which stay open for a while.
        using var list = await under.Service.Http.GetAsync("containers?include=network");
        var before = under.Service.Holds();

        var silent = new List<Socket>();
        for (var n = 0; n < 100; n++)
        {
            silent.Add(await under.NeverReadAsync("containers/watch?all=true&interval=1&include=network"));
            silent.Add(await under.NeverReadAsync($"builds/{build}/events"));
        }

        using var quick = await under.OpenAsync("containers/watch?all=true&interval=1&include=network");
        for (var samples = 0; samples < 5;)
        {
            samples += (await quick.ReadLineAsync())!.Contains("\"sample\"", StringComparison.Ordinal) ? 1 : 0;
        }

        var during = under.Service.Holds();
        // Each client holds one pending write: a line of a watch or a part of a log. Whole logs would be gigabytes.
        Assert.True(during.Megabytes < before.Megabytes + 400, $"{before} became {during}");
        using var answer = await under.Service.Http.GetAsync("containers?include=none");
        Assert.True(answer.IsSuccessStatusCode);
        silent.ForEach(s => s.Dispose());
        quick.Dispose();
        await under.ReleasesAsync(before);
    }

    private static Task LeaveAsync(ServiceUnderFault under, string build, int count) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 250 }, async (n, _) =>
        {
            using var stream = await under.OpenAsync(n % 2 == 0 ? "containers/watch?include=none" : $"builds/{build}/events");
            Assert.NotNull(await stream.ReadLineAsync(CancellationToken.None));
        });

    private static async Task<string?> StateAsync(ServiceUnderFault under, string build) =>
        (await under.Service.Http.GetJsonAsync("builds/" + build)).GetProperty("state").GetString();
}
