using ContainerApi.Api;
using ContainerApi.Builds;
using ContainerApi.Builds.History;

namespace ContainerApi.Tests.Builds.History;

public sealed class BuildLogTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Log_can_be_read_from_every_event()
    {
        var log = Log();
        // Large enough for several segments, and the last one is not full.
        for (var n = 0; n < 50; n++)
        {
            log.Add(new WarningEvent(new string('w', 5000), n));
        }

        log.Close();

        for (var from = 0; from <= 50; from++)
        {
            Assert.Equal(Enumerable.Range(from, 50 - from), ReadAll(log, from).Cast<WarningEvent>().Select(w => w.Line!.Value));
            Assert.Equal(Enumerable.Range(from, 50 - from), ReadAll(log, from).Select(e => int.Parse(e.Seq!, CultureInfo.InvariantCulture)));
        }

        Assert.Equal((50, true), (log.Count, log.IsClosed));
    }

    [Fact]
    public void Output_without_a_pause_is_one_event()
    {
        var log = Log();
        log.Add(new LogEvent("1", "stdout", "a\n"));
        log.Add(new LogEvent("1", "stdout", "b\n"));
        log.Add(new LogEvent("1", "stderr", "c\n"));
        log.Add(new LogEvent("2", "stderr", "d\n"));
        log.Flush();
        log.Add(new LogEvent("2", "stderr", "e\n"));
        log.Add(new WarningEvent("w", null));
        log.Flush();
        log.Close();

        Assert.Equal(
            ["1 stdout a\nb\n", "1 stderr c\n", "2 stderr d\n", "2 stderr e\n", "w"],
            ReadAll(log, 0).Select(e => e is LogEvent l ? $"{l.StepId} {l.Stream} {l.Text}" : ((WarningEvent)e).Text));
        Assert.All(ReadAll(log, 0).OfType<LogEvent>(), l => Assert.Equal(_clock.GetUtcNow(), l.At));
    }

    [Fact]
    public void Long_output_is_split_into_events()
    {
        var log = Log();
        var line = new string('x', 999) + "\n";
        for (var n = 0; n < 1000; n++)
        {
            log.Add(new LogEvent("1", "stdout", line));
        }

        log.Close();

        var texts = ReadAll(log, 0).Cast<LogEvent>().Select(l => l.Text).ToList();
        Assert.Equal(1_000_000, texts.Sum(t => t.Length));
        Assert.InRange(texts.Count, 50, 70);
        Assert.All(texts, t => Assert.EndsWith("\n", t, StringComparison.Ordinal));
    }

    [Fact]
    public void Output_beyond_the_limit_is_dropped_with_one_warning()
    {
        var log = Log(new HistoryOptions { MaxLogBytes = 100_000 });
        for (var n = 0; n < 100; n++)
        {
            log.Add(new LogEvent("1", "stdout", new string('x', 16 * 1024)));
        }

        log.Add(new StepEvent("1", 1, 1, "RUN x", StepState.Completed, false, 1));
        log.Add(new ResultEvent(StreamOutcome.Succeeded, null, "local", "sha256:1", [], 1, null));
        log.Close();

        var events = ReadAll(log, 0);
        Assert.InRange(log.Bytes, 90_000, 101_000);
        Assert.Equal("The output of the build exceeds the limit of 100000 bytes; the rest is not kept.",
            Assert.Single(events.OfType<WarningEvent>()).Text);
        Assert.IsType<StepEvent>(events[^2]);
        Assert.IsType<ResultEvent>(events[^1]);
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(e => int.Parse(e.Seq!, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Steps_and_warnings_end_at_twice_the_limit_of_output()
    {
        var log = Log(new HistoryOptions { MaxLogBytes = 100_000 });
        for (var n = 0; n < 100; n++)
        {
            log.Add(new WarningEvent(new string('w', 4000), n));
            log.Add(new StepEvent("1", 1, 1, "RUN x", StepState.Started, null, null));
        }

        log.Add(new ResultEvent(StreamOutcome.Succeeded, null, "local", "sha256:1", [], 1, null));
        log.Close();

        Assert.InRange(log.Bytes, 200_000, 210_000);
        Assert.IsType<ResultEvent>(ReadAll(log, 0)[^1]);
    }

    [Fact]
    public void Stored_events_leave_the_memory()
    {
        var log = Log();
        for (var n = 0; n < 1000; n++)
        {
            log.Add(new WarningEvent(new string('w', 5000), n));
        }

        Assert.Null(log.Read(0).StoredUntil);
        log.MarkStored(log.TakeUnstored());
        var first = log.Read(0).StoredUntil!.Value;
        Assert.InRange(first, 800, 999);
        Assert.Null(log.Read(first).StoredUntil);
        Assert.Empty(log.TakeUnstored());

        log.Add(new WarningEvent("last", 1000));
        log.Close();
        var taken = Assert.Single(log.TakeUnstored());
        Assert.Equal((1000, 1001), (taken.First, taken.Next));
        log.MarkStored([taken]);
        Assert.Equal(1001, log.Read(0).StoredUntil);
    }

    [Fact]
    public async Task Slow_store_delays_the_build_and_a_failed_one_does_not()
    {
        var log = Log();
        Assert.True(log.WaitForRoomAsync(CancellationToken.None).IsCompleted);
        Fill();
        var host = log.WaitForRoomAsync(CancellationToken.None);
        Assert.False(host.IsCompleted);
        log.MarkStored(log.TakeUnstored());
        await host;

        Fill();
        host = log.WaitForRoomAsync(CancellationToken.None);
        Assert.False(host.IsCompleted);
        log.MarkNotStoring();
        await host;
        var before = log.Bytes;
        Fill();
        Assert.InRange(log.Bytes - before, 0, 1000);

        void Fill()
        {
            for (var n = 0; n <= BuildLog.MaxUnstored / 16384; n++)
            {
                log.Add(new LogEvent("1", "stdout", new string('x', 16384)));
            }
        }
    }

    [Fact]
    public async Task Reader_at_the_end_waits_for_more_events_or_the_end()
    {
        var log = Log();
        var grown = log.Read(0).Grown!;
        Assert.False(grown.IsCompleted);
        log.Add(new WarningEvent("w", null));
        await grown;
        grown = log.Read(1).Grown!;
        log.Close();
        await grown;
        Assert.Null(log.Read(1).Grown);
    }

    private BuildLog Log(HistoryOptions? options = null) => new(options ?? new HistoryOptions(), _clock);

    private static List<BuildEvent> ReadAll(BuildLog log, long from)
    {
        var events = new List<BuildEvent>();
        for (var read = log.Read(from).Batch; !read.Lines.Lines.IsEmpty; read = log.Read(read.Lines.Next).Batch)
        {
            events.AddRange(LogBatch.Parse(read.Lines.Lines));
            Assert.Equal(events.TakeLast(read.Events.Count()).Select(e => (e.GetType(), e.Seq)), read.Events.Select(e => (e.GetType(), e.Seq)));
        }

        return events;
    }
}
