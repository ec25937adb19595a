using ContainerApi.Containers.Logs;

namespace ContainerApi.Tests.Containers.Logs;

/// <summary>A stream that was cut anywhere continues without a loss or a repetition.</summary>
public sealed class LogResumeTests
{
    [Theory]
    [InlineData("", 1)]
    [InlineData("?tail=17", 2)]
    [InlineData("?since=2026-11-23T12:00:03Z", 3)]
    [InlineData("?search=1", 4)]
    public async Task Merged_logs_resume_after_any_line(string query, int seed)
    {
        var random = new Random(seed);
        var logs = new FakeLogs();
        var second = 0.0;
        for (var n = 0; n < 300; n++)
        {
            // Lines of two outputs are not exactly in the order of their times, and several lines have one time.
            // The first line of a tail is found by its time.
            second += !query.Contains("tail", StringComparison.Ordinal) && random.Next(4) == 0 ? 0 : random.NextDouble() / 10;
            logs.Add("1234"[random.Next(4)], Math.Max(0, second - (random.Next(5) == 0 ? random.NextDouble() / 5 : 0)), $"{n}");
        }

        await using var host = LogHttpTests.Host(logs, [.. "1234".Select(c => Facts.Container(c))]);
        var all = await LogHttpTests.LinesAsync(host.Client, "/logs" + query);
        var got = new List<JsonElement>();
        string? seq = null;
        for (var runs = 0; runs < 1000; runs++)
        {
            var after = seq is null ? "" : (query.Length == 0 ? "?" : "&") + "after=" + seq;
            var lines = await LogHttpTests.LinesAsync(host.Client, "/logs" + query + after);
            var taken = lines.Where(l => LogHttpTests.Text(l, "type") == "line").Take(random.Next(1, 9)).ToList();
            got.AddRange(taken);
            if (taken.Count == 0)
            {
                break;
            }

            seq = LogHttpTests.Text(taken[^1], "seq");
        }

        // Among containers, lines that their engine has out of order may change their places.
        Assert.Equal(all.Count - 1, got.Count);
        Assert.All("1234", c => Assert.Equal(TextsOf(c, all), TextsOf(c, got)));

        static IEnumerable<string?> TextsOf(char container, IEnumerable<JsonElement> lines) => lines
            .Where(l => LogHttpTests.Text(l, "type") == "line" && LogHttpTests.Text(l, "containerId") == Facts.Id(container))
            .Select(l => LogHttpTests.Text(l, "text"));
    }

    [Fact]
    public void Position_is_read_as_it_was_written()
    {
        var unread = new LogMark(FakeLogs.At(1), FakeLogs.At(1), 0, LogAnchor.Tail);
        var tracker = new LogTracker();
        var web = tracker.Add("local", Facts.Id('1'), unread);
        tracker.Add("local", Facts.Id('2'), unread);
        web.StartAt(FakeLogs.At(0));
        for (var n = 0; n < 50; n++)
        {
            tracker.Advance(web, FakeLogs.At(n / 2.0));
        }

        Assert.True(LogPosition.TryParse(Encoding.ASCII.GetString(tracker.Seq()), out var position));
        Assert.Equal(FakeLogs.At(15), position.Anchor);
        Assert.Equal(FakeLogs.At(24.5), position.Last);
        Assert.Equal(new LogMark(FakeLogs.At(15), FakeLogs.At(24.5), 20), position.MarkOf("local", Facts.Id('1')));
        Assert.Equal(unread, position.MarkOf("local", Facts.Id('2')));
        Assert.Equal(new LogMark(FakeLogs.At(15), FakeLogs.At(24.5), 0), position.MarkOf("local", Facts.Id('3')));
    }

    [Fact]
    public async Task Rotated_file_loses_no_line_after_a_cut()
    {
        var logs = new FakeLogs().Add('1', 1, "a").Add('1', 1.1, "b").Add('1', 1.2, "c");
        await using var host = LogHttpTests.Host(logs, Facts.Container('1'));
        var seq = LogHttpTests.Text((await LogHttpTests.LinesAsync(host.Client, "/containers/c1/logs"))[1], "seq");
        // Only the newest file is left.
        var rotated = new FakeLogs().Add('1', 1.2, "c").Add('1', 1.3, "d");
        await using var later = LogHttpTests.Host(rotated, Facts.Container('1'));

        var lines = await LogHttpTests.LinesAsync(later.Client, "/containers/c1/logs?after=" + seq);

        Assert.Equal(["c", "d"], lines.SkipLast(1).Select(l => LogHttpTests.Text(l, "text")));
    }

    [Theory]
    [InlineData("AAAA")]
    [InlineData("not base64!")]
    [InlineData("AQABAAAY7F12ojPkPRjsXXaiM")]
    public void Text_that_is_no_position_is_refused(string text) => Assert.False(LogPosition.TryParse(text, out _));
}
