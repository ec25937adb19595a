using System.Diagnostics;

namespace ContainerApi.Benchmarks;

/// <summary>Logs, compared with <c>docker logs</c>, and many followed logs in one stream.</summary>
internal static class LogBenchmarks
{
    private const int Lines = 1_000_000;
    private const int Rounds = 3;
    private const int Followed = 50;
    private const int LinesPerSecond = 20_000;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(20);

    /// <summary>A log of a million lines of 100 bytes. The first round is a warm-up.</summary>
    public static async Task LogsAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        var image = await engine.ImportShellAsync();
        var id = await engine.RunAsync(image, $"yes {new string('x', 99)} | head -n {Lines}");
        await engine.WaitAsync(id);
        var idle = service.Process.MemoryMegabytes;
        using var done = new CancellationTokenSource();
        var max = service.Process.MaxMemoryAsync(done.Token);
        var times = await Measure.SideBySideAsync(Rounds, 1,
            () => Commands.RunAsync("sh", "-c", "exec docker -H \"$1\" logs \"$2\" >/dev/null", "sh", engine.EndpointText, id),
            () => ReadAsync("text", Lines * 100),
            () => ReadAsync("ndjson", Lines * 300));
        await done.CancelAsync();
        var rise = await max - idle;
        foreach (var (format, time, goal) in new[] { ("text", times[1], 0.9), ("ndjson", times[2], 0.5) })
        {
            var rate = times[0].Median / time.Median;
            report.Add(
                $"a log of {Lines:N0} lines of 100 bytes, `format={format}`, against `docker logs`, rate", $"{time} against {times[0]}",
                Report.Times(rate), $"at least {goal} ×", rate >= goal);
        }

        report.Add("memory growth meanwhile", $"from {idle:0} MB", $"{rise:0} MB", "under 32 MB", rise < 32);

        async Task ReadAsync(string format, long min)
        {
            await using var body = await service.Http.GetStreamAsync($"containers/{id}/logs?tail=all&format={format}");
            var buffer = new byte[64 * 1024];
            var total = 0L;
            while (await body.ReadAsync(buffer) is var read and > 0)
            {
                total += read;
            }

            if (total < min)
            {
                throw new InvalidOperationException($"The log has {total} bytes.");
            }
        }
    }

    /// <summary>Containers that count, followed in one stream: each number must arrive, soon after its time.</summary>
    public static async Task FollowAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        var image = await engine.ImportShellAsync();
        const int Block = LinesPerSecond / Followed / 4;
        var script = $"n=0; while true; do i=0; while [ $i -lt {Block} ]; do echo $n; n=$((n+1)); i=$((i+1)); done; sleep 0.25; done";
        for (var n = 0; n < Followed; n++)
        {
            await engine.RunAsync(image, script);
        }

        using var stream = new StreamReader(await service.Http.GetStreamAsync($"logs?follow=true&tail=1&label={EngineUnderTest.RunLabel}"));
        var (last, delays, lost) = (new Dictionary<string, int>(), new List<double>(), 0L);
        var (started, cpu, warm) = (Stopwatch.GetTimestamp(), TimeSpan.Zero, false);
        while (Stopwatch.GetElapsedTime(started) < Span)
        {
            var line = await stream.ReadLineAsync() ?? throw new EndOfStreamException();
            var happened = JsonSerializer.Deserialize<JsonElement>(line);
            if (happened.GetProperty("type").GetString() != "line")
            {
                continue;
            }

            var id = happened.GetProperty("containerId").GetString()!;
            var number = int.Parse(happened.GetProperty("text").GetString()!, CultureInfo.InvariantCulture);
            lost += last.TryGetValue(id, out var before) ? Math.Abs(number - before - 1) : 0;
            last[id] = number;
            if (warm)
            {
                delays.Add((DateTimeOffset.UtcNow - happened.GetProperty("at").GetDateTimeOffset()).TotalMilliseconds);
            }
            else if (Stopwatch.GetElapsedTime(started) > Span / 4)
            {
                (started, cpu, warm) = (Stopwatch.GetTimestamp(), service.Process.CpuTime, true);
            }
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var (rate, share, sample) = (delays.Count / seconds, (service.Process.CpuTime - cpu).TotalSeconds / seconds, new Sample(delays));
        report.Add(
            $"{Followed} containers followed in one stream, lines a second", $"{rate:0} for {seconds:0} s, {lost} lost or repeated", "",
            "nothing lost", lost == 0 && last.Count == Followed);
        report.Add(
            "the same, delay of a line", $"median {sample.Median:0} ms, p99 {sample.At(0.99):0} ms", "", "p99 under 250 ms", sample.At(0.99) < 250);
        report.Add("the same, CPU of the service", "", $"{share * 100:0} % of a core", "under 60 %", share < 0.6);
    }
}
