namespace ContainerApi.Tests.Containers.Logs;

/// <summary>A followed stream that was cut while its engine was slow continues without a loss or a repetition.</summary>
public sealed class LogSlowEngineTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly FakeLogs _logs = new();
    private readonly TestClock _clock = new();
    private readonly ApiHost _host;
    private readonly Dictionary<char, List<string>> _got = [];
    private string? _seq;

    /// <summary>Seconds after noon.</summary>
    private double Now => (_clock.GetUtcNow() - Facts.Noon).TotalSeconds;

    public LogSlowEngineTests()
    {
        _clock.SetUtcNow(Facts.Noon.AddSeconds(100));
        var engine = LogHttpTests.Engine(_logs, [.. "1234".Select(c => Facts.Container(c))]);
        _host = new ApiHost(limits: null, _clock, new Dictionary<string, string?>(), engine);
    }

    [Theory]
    [InlineData("tail=2", true)]
    [InlineData("tail=2", false)]
    [InlineData("tail=all", true)]
    [InlineData("tail=all", false)]
    [InlineData("since=2026-11-23T12:00:04Z", true)]
    [InlineData("since=2026-11-23T12:00:04Z", false)]
    [InlineData("tail=3&output=stdout", false)]
    public async Task Log_that_was_not_read_before_the_cut_is_read_after_it(string query, bool holdsCalls)
    {
        for (var n = 1; n <= 5; n++)
        {
            _logs.Add('1', n, $"{n}").Add('2', n + 0.5, $"{n}", n == 4 ? LogOutput.Stderr : LogOutput.Stdout);
        }

        _logs.HoldsCalls = holdsCalls;
        _logs.Hold('2');
        using (var reader = await FollowAsync(query))
        {
            await ReadToAsync(reader, '1', "5");
            // Long enough that the silent log seems to be empty.
            for (var n = 6; n <= 60; n++)
            {
                _logs.Add('1', Now + n, $"{n}");
                await ReadToAsync(reader, '1', $"{n}");
            }

            _logs.Add('2', Now, "6");
        }

        _logs.Add('2', Now + 60, "7").Release('2');
        using var resumed = await FollowAsync(query);
        await ReadToAsync(resumed, '2', "7");
        _logs.Add('1', Now + 61, "61");
        await ReadToAsync(resumed, '1', "61");

        var first = query switch { "tail=2" => 4, "tail=all" => 1, "tail=3&output=stdout" => 3, _ => 4 };
        Assert.Equal(Enumerable.Range(first, 8 - first).Where(n => n != 4 || query != "tail=3&output=stdout").Select(n => $"{n}"), _got['2']);
        Assert.Equal(Enumerable.Range(first, 62 - first).Select(n => $"{n}"), _got['1']);
    }

    [Theory]
    [InlineData("tail=3", 1)]
    [InlineData("tail=3", 2)]
    [InlineData("tail=3", 3)]
    [InlineData("tail=all", 4)]
    [InlineData("tail=all", 5)]
    public async Task Cuts_at_any_line_lose_and_repeat_nothing(string query, int seed)
    {
        var random = new Random(seed);
        var (second, isStarted) = (0.0, false);
        var expected = "1234".ToDictionary(c => c, _ => new List<string>());
        for (var n = 0; n < 40; n++)
        {
            Add();
        }

        foreach (var texts in expected.Values.Where(_ => query == "tail=3"))
        {
            texts.RemoveRange(0, Math.Max(0, texts.Count - 3));
        }

        isStarted = true;
        for (var runs = 0; runs < 12; runs++)
        {
            var held = "1234".Where(c => runs < 11 && random.Next(3) == 0 && (runs > 0 || c != '1')).ToHashSet();
            foreach (var container in held)
            {
                _logs.Hold(container);
            }

            _logs.HoldsCalls = random.Next(2) == 0;
            using var reader = await FollowAsync(query);
            // The tails of the first run are read before there is more to read.
            for (var steps = runs == 0 ? 0 : 1; steps < 9; steps++)
            {
                if (steps > 0)
                {
                    Add();
                }

                if (runs > 0 && held.Count > 0 && random.Next(6) == 0)
                {
                    _logs.Release(held.First());
                    held.Remove(held.First());
                }

                var owed = "1234".Except(held).Sum(c => expected[c].Count - _got.GetValueOrDefault(c, []).Count);
                for (var n = runs == 11 || steps == 0 ? owed : random.Next(owed + 1); n > 0; n--)
                {
                    await ReadAsync(reader);
                }
            }

            foreach (var container in held)
            {
                _logs.Release(container);
            }
        }

        Assert.All(expected, e => Assert.Equal(e.Value, _got.GetValueOrDefault(e.Key, [])));

        void Add()
        {
            var container = "1234"[random.Next(4)];
            second = (isStarted ? Math.Max(second, Now) : second) + (random.NextDouble() * 2);
            var text = string.Create(CultureInfo.InvariantCulture, $"{container}-{second:0.000}");
            expected[container].Add(text);
            _logs.Add(container, second, text);
        }
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private async Task<StreamReader> FollowAsync(string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/logs?follow=true&" + query);
        if (_seq is not null)
        {
            request.Headers.Add("Last-Event-ID", _seq);
        }

        var response = await WithClockAsync(_host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new StreamReader(await response.Content.ReadAsStreamAsync());
    }

    private async Task ReadToAsync(StreamReader reader, char container, string text)
    {
        while (!_got.GetValueOrDefault(container, []).Contains(text))
        {
            await ReadAsync(reader);
        }
    }

    /// <summary>Reads the next line of a log.</summary>
    private async Task ReadAsync(StreamReader reader)
    {
        using var limited = new CancellationTokenSource(Deadline);
        while (true)
        {
            var happened = JsonSerializer.Deserialize<JsonElement>((await WithClockAsync(reader.ReadLineAsync(limited.Token).AsTask()))!);
            if (LogHttpTests.Text(happened, "type") != "line")
            {
                continue;
            }

            _seq = LogHttpTests.Text(happened, "seq");
            var container = LogHttpTests.Text(happened, "containerId")![0];
            if (!_got.TryGetValue(container, out var texts))
            {
                _got[container] = texts = [];
            }

            texts.Add(LogHttpTests.Text(happened, "text")!);
            return;
        }
    }

    /// <summary>Lets the time go on until something is there.</summary>
    private async Task<T> WithClockAsync<T>(Task<T> task)
    {
        while (await Task.WhenAny(task, Task.Delay(1)) != task)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        return await task;
    }
}
