using System.Collections.Concurrent;
using System.Diagnostics;

namespace ContainerApi.Benchmarks;

/// <summary>Lists of containers compared with the engine's API.</summary>
internal static class ContainerBenchmarks
{
    private const int Clients = 64;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(4);
    private const int LoadRounds = 3;

    /// <summary>One call compared with the slowest engine call that it needs.</summary>
    public static async Task TwentyAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        report.Circumstances.Add(await engine.VersionAsync());
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        await engine.StartContainersAsync(20);
        var times = await Measure.SideBySideAsync(15, 3,
            () => service.GetAsync("containers"),
            () => engine.StatisticsAsync(engine.Ids[0]),
            () => engine.TopAsync(engine.Ids[0]));
        var slowest = times[1].Median > times[2].Median ? times[1] : times[2];
        report.AddRatio("`GET /containers`, 20 running, engine source, against the slowest single engine call that it needs", times[0], slowest, 1.2);
    }

    public static async Task FiftyAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var host = await ServiceUnderTest.StartAsync(engine.EndpointText, "auto");
        await using var remote = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        await engine.StartContainersAsync(50);

        var bounds = new[] { 4, 8, 16, 50 };
        var parallel = await Measure.SideBySideAsync(4, 1, [.. bounds.Select(b => (Func<Task>)(() => engine.NineFieldsAsync(b)))]);
        var best = bounds[Enumerable.Range(0, bounds.Length).MinBy(n => parallel[n].Median)];
        Console.Error.WriteLine("tops at once: " + string.Join(", ", bounds.Zip(parallel).Select(p => $"{p.First}: {p.Second}")));

        var live = await Measure.SideBySideAsync(15, 5,
            () => engine.NineFieldsAsync(best), () => host.GetAsync("containers"), () => remote.GetAsync("containers"));
        var fromHost = live[0].Median / live[1].Median;
        report.Add(
            "live list with all sections, host source, against the fastest parallel calls to the engine's API", $"{live[1]} against {live[0]}",
            $"1/{fromHost:0.0}", "at most 1/20", fromHost >= 20);
        report.AddRatio("live list with all sections, engine source, against the same", live[2], live[0], 1.1);

        var lists = await Measure.SideBySideAsync(300, 300, engine.ListAsync, () => host.GetAsync("containers?include=none"));
        report.AddRatio("`include=none` against the engine's own list", lists[1], lists[0], 1.3);

        await PolledAsync(report, engine, host);
        await OthersAsync(report, engine, live[1]);
    }

    /// <summary>What readers of the list ask next: details and sums.</summary>
    public static async Task DetailsAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "auto");
        await engine.StartContainersAsync(50);
        var inspects = await Measure.SideBySideAsync(100, 20,
            engine.InspectAllAsync, () => service.GetAsync("containers?include=details"), () => service.GetAsync("containers?include=none"));
        report.AddRatio("`include=details` of 50 containers against 50 parallel inspects", inspects[1], inspects[0], 1.2);
        report.AddComparison("`include=none`, the list without the inspects", inspects[2].ToString());
        var sums = await Measure.SideBySideAsync(200, 50, () => service.GetAsync("containers"), () => service.GetAsync("summary"));
        report.AddRatio("`GET /summary` of 50 containers against the list that it is made of", sums[1], sums[0], 1.1);
    }

    /// <summary>Many concurrent clients; the three kinds alternate, so that other load affects all alike.</summary>
    private static async Task PolledAsync(Report report, EngineUnderTest engine, ServiceUnderTest host)
    {
        var collections = new ConcurrentDictionary<string, bool>();
        var (raw, aged, live) = (new List<double>(), new List<double>(), new List<double>());
        var waits = new List<double>();
        var seconds = 0.0;
        for (var round = 0; round < LoadRounds; round++)
        {
            raw.Add((await Measure.LoadAsync(Clients, Load, engine.ListAsync)).PerSecond);
            aged.Add((await Measure.LoadAsync(Clients, Load, () => host.GetAsync("containers?maxAge=1"))).PerSecond);
            var begun = Stopwatch.GetTimestamp();
            var polled = await Measure.LoadAsync(Clients, Load, async () => collections.TryAdd((await host.GetAsync("containers"))!, true));
            seconds += Stopwatch.GetElapsedTime(begun).TotalSeconds;
            live.Add(polled.PerSecond);
            waits.Add(polled.Latency.At(0.99));
        }

        report.Add(
            $"{Clients} clients polling the list with `maxAge=1` against {Clients} on the engine's list",
            $"{PerSecond(aged)} against {PerSecond(raw)}", Report.Times(aged.Average() / raw.Average()), "at least 20 ×",
            aged.Average() >= 20 * raw.Average());
        report.Add(
            $"{Clients} clients polling live, against the same", $"{PerSecond(live)} against {PerSecond(raw)}",
            Report.Times(live.Average() / raw.Average()), "at least 3 ×", live.Average() >= 3 * raw.Average());
        // Each collection has its own ETag, so the number of tags gives the duration of a collection.
        var collection = seconds * 1000 / collections.Count;
        var longest = waits.Order().ElementAt(waits.Count / 2) / collection;
        report.Add(
            $"{Clients} clients polling live: p99 of the waiting, in collections",
            $"p99 {string.Join(", ", waits.Select(w => w.ToString("0.0", CultureInfo.InvariantCulture)))} ms, a collection {collection:0.0} ms",
            $"{longest:0.0}", "under 3", longest < 3);
    }

    /// <summary>The program of the tutorial and <c>docker stats</c>, one run each.</summary>
    private static async Task OthersAsync(Report report, EngineUnderTest engine, Sample live)
    {
        var loop = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../tutorial/loop.py"));
        foreach (var (what, program, arguments) in new[]
        {
            // python3-docker is installed for the distribution's interpreter.
            ("the tutorial's loop with docker-py, nine fields", "/usr/bin/python3", (string[])[loop, engine.EndpointText, EngineUnderTest.RunLabel]),
            ("`docker stats --no-stream`, statistics alone", "docker", ["--host", engine.EndpointText, "stats", "--no-stream"]),
        })
        {
            try
            {
                var begun = Stopwatch.GetTimestamp();
                using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
                var lines = (await process.StandardOutput.ReadToEndAsync()).Count(c => c == '\n');
                await process.WaitForExitAsync();
                var taken = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                var whole = process.ExitCode == 0 && lines >= engine.Ids.Count;
                report.AddComparison(
                    what,
                    whole ? $"{taken:0} ms" : $"failed (exit code {process.ExitCode})",
                    whole ? $"{taken / live.Median:0} × the live list" : "");
            }
            catch (System.ComponentModel.Win32Exception)
            {
                report.AddComparison(what, $"{program} is not installed");
            }
        }
    }

    private static string PerSecond(List<double> rates) => $"{rates.Average():0}/s ({rates.Min():0} to {rates.Max():0})";
}
