using System.Diagnostics;

namespace ContainerApi.Benchmarks;

/// <summary>Durations in milliseconds.</summary>
internal sealed class Sample(IEnumerable<double> milliseconds)
{
    private readonly double[] _sorted = [.. milliseconds.Order()];

    public double Median => At(0.5);

    public double At(double quantile) => _sorted[Math.Min(_sorted.Length - 1, (int)(quantile * _sorted.Length))];

    /// <summary>The median and the 10th and 90th percentile.</summary>
    public override string ToString() => $"{Median:0.0} ms ({At(0.1):0.0} to {At(0.9):0.0})";
}

internal static class Measure
{
    /// <summary>
    /// Runs the actions in turn, round after round, so that other load affects all alike; the first <paramref name="warmUp"/> rounds are
    /// not counted.
    /// </summary>
    public static async Task<IReadOnlyList<Sample>> SideBySideAsync(int rounds, int warmUp, params IReadOnlyList<Func<Task>> things)
    {
        var taken = things.Select(_ => new List<double>()).ToList();
        for (var round = 0; round < rounds + warmUp; round++)
        {
            for (var n = 0; n < things.Count; n++)
            {
                var started = Stopwatch.GetTimestamp();
                await things[n]();
                if (round >= warmUp)
                {
                    taken[n].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                }
            }
        }

        return [.. taken.Select(t => new Sample(t))];
    }

    /// <summary>Posts an archive and reads the whole answer; returns the time to the first byte. Throws if the build failed.</summary>
    public static async Task<TimeSpan> FirstByteAsync(HttpClient http, string path, byte[] archive)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(archive) };
        request.Content.Headers.ContentType = new("application/x-tar");
        var started = Stopwatch.GetTimestamp();
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        var first = body.ReadByte();
        var taken = Stopwatch.GetElapsedTime(started);
        using var rest = new StreamReader(body);
        var text = await rest.ReadToEndAsync();
        return first >= 0
            && !text.Contains("errorDetail", StringComparison.Ordinal)
            && !text.Contains("\"state\":\"failed\"", StringComparison.Ordinal)
            ? taken : throw new InvalidOperationException("The build failed: " + text);
    }

    /// <param name="answer">A build's answer; the engine ends with "Successfully built", the service with a result.</param>
    public static void RequireImage(string answer)
    {
        if (!answer.Contains("\"state\":\"succeeded\"", StringComparison.Ordinal) && !answer.Contains("Successfully built", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("The build failed: " + answer);
        }
    }

    /// <summary>Concurrent clients that repeat a call without a pause.</summary>
    public static async Task<(double PerSecond, Sample Latency)> LoadAsync(int clients, TimeSpan span, Func<Task> call)
    {
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => call()));
        var started = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            var taken = new List<double>();
            while (Stopwatch.GetElapsedTime(started) < span)
            {
                var begun = Stopwatch.GetTimestamp();
                await call();
                taken.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            return taken;
        }));
        var all = latencies.SelectMany(l => l).ToList();
        return (all.Count / Stopwatch.GetElapsedTime(started).TotalSeconds, new Sample(all));
    }
}

/// <summary>The Markdown table of a run.</summary>
internal sealed class Report
{
    private readonly List<(string What, string Measured, string Ratio, string Goal, bool? Reached)> _rows = [];

    /// <summary>The machine and versions of a run.</summary>
    public List<string> Circumstances { get; } = [];

    /// <param name="reached">Whether the bound holds; null for a row that is only a comparison.</param>
    public void Add(string what, string measured, string ratio, string goal, bool? reached)
    {
        _rows.Add((what, measured, ratio, goal, reached));
        Console.Error.WriteLine($"{what}: {measured}; {ratio}; {goal}: {Word(reached)}");
    }

    /// <summary>Adds the ratio of two medians, which may be at most <paramref name="limit"/>.</summary>
    public void AddRatio(string what, Sample measured, Sample reference, double limit)
    {
        var ratio = measured.Median / reference.Median;
        Add(what, $"{measured} against {reference}", Times(ratio), $"at most {limit:0.0#} ×", ratio <= limit);
    }

    /// <summary>Adds a row without a bound.</summary>
    public void AddComparison(string what, string measured, string ratio = "") => Add("for comparison: " + what, measured, ratio, "", null);

    public void Print()
    {
        Console.WriteLine(string.Join("; ", Circumstances) + ".");
        Console.WriteLine();
        Console.WriteLine("| what | measured | figure | must reach | |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var row in _rows)
        {
            Console.WriteLine($"| {row.What} | {row.Measured} | {row.Ratio} | {row.Goal} | {Word(row.Reached)} |");
        }
    }

    private static string Word(bool? reached) => reached switch { true => "reached", false => "**missed**", null => "" };

    public static string Times(double ratio) => $"{ratio:0.00} ×";
}
