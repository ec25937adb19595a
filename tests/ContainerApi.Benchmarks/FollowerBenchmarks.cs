using System.Diagnostics;

namespace ContainerApi.Benchmarks;

/// <summary>A step that prints a million lines for ten concurrent readers.</summary>
internal static class FollowerBenchmarks
{
    private const int Lines = 1_000_000;
    private const int Followers = 10;
    private const int Rounds = 3;

    /// <summary>
    /// The classic builder returns every line. BuildKit limits a step's output (1 MiB, 200 KiB/s), so its readers must get what is left.
    /// </summary>
    public static async Task FollowersAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        var dockerfile = $"FROM {await engine.ImportShellAsync()}\nRUN seq {Lines}\n";
        await BuildAsync(service, dockerfile, "classic", 1);
        foreach (var builder in new[] { "classic", "buildkit" })
        {
            // The memory of the service before the build and its maximum during the build.
            var (alone, followed, rises) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                alone.Add(await Commands.DockerBuildAsync(
                    engine.EndpointText, builder == "buildkit", ["--no-cache", "--label", EngineUnderTest.RunLabel, "-"],
                    Encoding.UTF8.GetBytes(dockerfile)));
                var before = service.Process.MemoryMegabytes;
                using var done = new CancellationTokenSource();
                var max = service.Process.MaxMemoryAsync(done.Token);
                followed.Add(await BuildAsync(service, dockerfile, builder, Followers));
                await done.CancelAsync();
                rises.Add(await max - before);
            }

            var (one, ten) = (new Sample(alone), new Sample(followed));
            var rate = one.Median / ten.Median;
            var command = builder == "classic" ? "`docker build`, whose output is plain" : "`docker build --progress=plain`, clipped both";
            report.Add(
                $"a step that prints {Lines:N0} lines, {builder}, to {Followers} followers, against one {command}", $"{ten} against {one}",
                Report.Times(rate), "at least 0.8 × the rate", rate >= 0.8);
            report.Add(
                $"the same, {builder}: memory of the service while it does, above that before",
                $"{rises[0]:0} MB in the first build, {rises.Max():0} MB at most", "", "under 64 MB", rises.Max() < 64);
        }
    }

    /// <returns>Milliseconds from the request to the last line of the last reader.</returns>
    private static async Task<double> BuildAsync(ServiceUnderTest service, string dockerfile, string builder, int followers)
    {
        var started = Stopwatch.GetTimestamp();
        using var accepted = await service.Http.PostAsJsonAsync(
            "images/build", new { dockerfile, noCache = true, builder, detach = true, label = EngineUnderTest.RunLabel });
        accepted.EnsureSuccessStatusCode();
        var id = (await accepted.Content.ReadFromJsonAsync<JsonObject>())!["id"]!.GetValue<string>();
        var read = await Task.WhenAll(Enumerable.Range(0, followers).Select(_ => Task.Run(() => FollowAsync(service, id))));
        return read.Distinct().Count() == 1 && (builder == "buildkit" || read[0] == Lines)
            ? Stopwatch.GetElapsedTime(started).TotalMilliseconds
            : throw new InvalidOperationException($"The followers read {string.Join(", ", read)} lines.");
    }

    /// <summary>Reads and counts all lines: each must arrive once.</summary>
    private static async Task<int> FollowAsync(ServiceUnderTest service, string id)
    {
        using var response = await service.Http.GetAsync($"builds/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[64 * 1024];
        var (ends, escaped) = (0, false);
        var last = new StringBuilder();
        while (await body.ReadAsync(buffer) is var read and > 0)
        {
            foreach (var b in buffer.AsSpan(0, read))
            {
                ends += escaped && b == (byte)'n' ? 1 : 0;
                escaped = !escaped && b == (byte)'\\';
            }

            last.Append(Encoding.UTF8.GetString(buffer.AsSpan(Math.Max(0, read - 500), Math.Min(500, read))));
            last.Remove(0, Math.Max(0, last.Length - 500));
        }

        return last.ToString().Contains("\"succeeded\"", StringComparison.Ordinal)
            ? ends : throw new InvalidOperationException($"A follower read {ends} lines; the end was {last}");
    }
}
