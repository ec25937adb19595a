namespace ContainerApi.EngineTests;

/// <summary>What log drivers of a real engine do: files that rotate, bytes that are not text, long lines, drivers that cannot be read.</summary>
[Collection(EngineCollection.Name)]
public sealed class LogDriverTests(EngineFixture fixture)
{
    private const int Lines = 600;

    private static readonly Dictionary<string, string> Rotating = new() { ["max-size"] = "40k", ["max-file"] = "10" };

    [Theory]
    [InlineData("json-file")]
    [InlineData("local")]
    public async Task Rotated_files_lose_no_line(string driver)
    {
        var id = await StartAsync(
            $"s=$(printf %0200d 0); n=0; while [ $n -lt {Lines} ]; do echo $n $s; n=$((n+1)); [ $((n%20)) = 0 ] && sleep 0.05; done",
            driver, Rotating);

        var expected = Enumerable.Range(0, Lines).Select(n => $"{n} {new string('0', 200)}").ToList();
        // Engine 20.10 repeats lines when it rotates a followed file, and loses those of the driver local.
        if (driver == "json-file")
        {
            Assert.Equal(expected, (await LogAsync(id, "?follow=true", end: expected[^1])).Distinct());
        }

        await EndedAsync(id);
        Assert.Equal(expected, await LogAsync(id, "?tail=all"));
    }

    [Theory]
    [InlineData("json-file")]
    [InlineData("local")]
    public async Task Binary_output_is_text_with_replacement_characters(string driver)
    {
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(n => (byte)n), .. "ä€😀\e[1m"u8];
        var id = await StartAsync($"printf '{string.Concat(bytes.Select(b => "\\" + Convert.ToString(b, 8).PadLeft(3, '0')))}\\n'", driver);
        await EndedAsync(id);

        Assert.Equal(Encoding.UTF8.GetString(bytes).Split('\n'), await LogAsync(id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Long_line_is_one_line_with_whole_characters(bool tty)
    {
        var id = await StartAsync("s=$(printf %020000d 0); echo x${s//0/ä}", "local", tty: tty);
        await EndedAsync(id);

        Assert.Equal(["x" + new string('ä', 20_000)], await LogAsync(id));
    }

    [Fact]
    public async Task Large_log_is_read_to_its_end()
    {
        var id = await StartAsync("yes $(printf %010240d 0) | head -n 2000", "json-file");
        await EndedAsync(id);

        var lines = await LogAsync(id, "?tail=all");

        Assert.Equal(2000, lines.Count);
        Assert.All(lines, l => Assert.Equal(10_240, l.Length));
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("syslog", true)]
    [InlineData("syslog", false)]
    public async Task Driver_that_cannot_be_read_is_422(string driver, bool isCached)
    {
        Dictionary<string, string>? options = driver == "none"
            ? null
            : new() { ["syslog-address"] = $"udp://127.0.0.1:{FreePort()}", ["cache-disabled"] = isCached ? "false" : "true" };
        var id = await StartAsync("echo hello", driver, options);
        await EndedAsync(id);

        if (isCached)
        {
            Assert.Equal(["hello"], await LogAsync(id));
            return;
        }

        foreach (var query in new[] { "", "?follow=true" })
        {
            using var response = await fixture.Client.GetAsync($"/containers/{id}/logs{query}");
            await ProblemAsync(response, HttpStatusCode.UnprocessableEntity, "feature_unsupported");
        }
    }

    [Fact]
    public async Task Log_since_a_future_time_waits_for_it()
    {
        var id = await StartAsync("n=0; while [ $n -lt 200 ]; do echo x; n=$((n+1)); sleep 0.05; done", "json-file");
        var since = DateTimeOffset.UtcNow.AddSeconds(1).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

        Assert.Empty(await LogAsync(id, "?since=2200-01-01T00:00:00Z"));
        using var stream = new StreamReader(await fixture.Client.GetStreamAsync($"/containers/{id}/logs?follow=true&since={since}"));
        var first = JsonNode.Parse((await stream.ReadLineAsync())!)!;

        Assert.True(string.CompareOrdinal(Text(first, "at"), since) >= 0, $"{first} is before {since}");
    }

    private Task<string> StartAsync(string script, string driver, Dictionary<string, string>? options = null, bool tty = false) =>
        fixture.CreateAsync(new
        {
            Cmd = new[] { "sh", "-c", script },
            Tty = tty,
            HostConfig = new { NetworkMode = "none", LogConfig = new { Type = driver, Config = options ?? [] } },
        });

    private Task EndedAsync(string id) => EngineFixture.UntilAsync(async () => await fixture.StateAsync(id) == "exited");

    /// <summary>The texts of a log, up to its result or a text.</summary>
    private async Task<List<string>> LogAsync(string id, string query = "", string? end = null)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var stream = new StreamReader(await fixture.Client.GetStreamAsync($"/containers/{id}/logs{query}", timeout.Token));
        var texts = new List<string>();
        while (end is null || texts.LastOrDefault() != end)
        {
            var happened = JsonNode.Parse((await stream.ReadLineAsync(timeout.Token))!)!;
            if (Text(happened, "type") == "result")
            {
                Assert.Equal(("succeeded", true), (Text(happened, "state"), happened["complete"]!.GetValue<bool>()));
                return texts;
            }

            if (Text(happened, "type") == "line")
            {
                texts.Add(Text(happened, "text"));
            }
        }

        return texts;
    }
}
