namespace ContainerApi.EngineTests;

/// <summary>Logs of a real engine.</summary>
[Collection(EngineCollection.Name)]
public sealed class LogTests(EngineFixture fixture)
{
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Logs_of_several_containers_are_in_order_of_time()
    {
        var (prefix, ids) = await StartAsync(3, "n=0; while [ $n -lt 20 ]; do echo $n; n=$((n+1)); sleep 0.02; done");
        await EngineFixture.UntilAsync(async () => (await Task.WhenAll(ids.Select(fixture.StateAsync))).All(s => s == "exited"));

        var text = await fixture.Client.GetStringAsync($"/logs?all=true&name={prefix}");

        var events = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!);
        var lines = events.Where(l => Text(l, "type") == "line").ToList();
        Assert.Equal(lines.Select(l => Text(l, "at")).Order(StringComparer.Ordinal), lines.Select(l => Text(l, "at")));
        Assert.All(ids, id => Assert.Equal(Numbers(20), lines.Where(l => Text(l, "containerId") == id).Select(l => Text(l, "text"))));
    }

    [Fact]
    public async Task Followed_log_continues_after_a_restart_and_ends_with_the_container()
    {
        var (_, ids) = await StartAsync(1, "echo begin; exec sleep 1000");
        using var stream = await FollowAsync($"/containers/{ids[0]}/logs?follow=true");
        Assert.Equal("begin", await LineAsync(stream));

        await fixture.PostAsync($"containers/{ids[0]}/restart?t=0");
        Assert.Equal("begin", await LineAsync(stream));

        using var removed = await fixture.Engine.DeleteAsync($"containers/{ids[0]}?force=1");
        JsonNode happened;
        do
        {
            happened = await NextAsync(stream);
        }
        while (Text(happened, "type") != "result");
        Assert.Equal("succeeded", Text(happened, "state"));
    }

    [Theory]
    [InlineData("tail=all")]
    [InlineData("tail=5")]
    public async Task Followed_logs_that_are_cut_resume_without_a_loss_or_a_repetition(string query)
    {
        var (prefix, ids) = await StartAsync(3, "n=0; while [ $n -lt 150 ]; do echo $n; n=$((n+1)); sleep 0.02; done; exec sleep 1000");
        var address = $"/logs?follow=true&name={prefix}&{query}";
        var got = ids.ToDictionary(id => id, _ => new List<int>());
        string? seq = null;
        while (got.Values.Any(g => g.LastOrDefault() != 149))
        {
            using var stream = await FollowAsync(seq is null ? address : $"{address}&after={seq}");
            for (var taken = 0; taken < 100 && got.Values.Any(g => g.LastOrDefault() != 149);)
            {
                var line = await NextAsync(stream);
                if (Text(line, "type") == "line")
                {
                    got[Text(line, "containerId")!].Add(int.Parse(Text(line, "text")!, CultureInfo.InvariantCulture));
                    seq = Text(line, "seq");
                    taken++;
                }
            }
        }

        Assert.All(got.Values, g => Assert.Equal(Enumerable.Range(g[0], 150 - g[0]), g));
    }

    private static IEnumerable<string> Numbers(int count) => Enumerable.Range(0, count).Select(n => n.ToString(CultureInfo.InvariantCulture));

    private async Task<(string Prefix, IReadOnlyList<string> Ids)> StartAsync(int count, string script)
    {
        var prefix = fixture.UniqueName("logs");
        var ids = await Task.WhenAll(Enumerable.Range(0, count).Select(n => fixture.CreateAsync(
            new { Cmd = new[] { "sh", "-c", script }, HostConfig = new { NetworkMode = "none" } }, $"{prefix}-{n}")));
        return (prefix, ids);
    }

    private async Task<StreamReader> FollowAsync(string address) => new(await fixture.Client.GetStreamAsync(address).WaitAsync(WaitTimeout));

    private static async Task<JsonNode> NextAsync(StreamReader stream)
    {
        using var timeout = new CancellationTokenSource(WaitTimeout);
        return JsonNode.Parse(await stream.ReadLineAsync(timeout.Token) ?? throw new EndOfStreamException())!;
    }

    private static async Task<string?> LineAsync(StreamReader stream)
    {
        while (true)
        {
            var happened = await NextAsync(stream);
            if (Text(happened, "type") == "line")
            {
                return Text(happened, "text");
            }

            Assert.Contains(Text(happened, "type"), new[] { "ended", "heartbeat" });
        }
    }
}
