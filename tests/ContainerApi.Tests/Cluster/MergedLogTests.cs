using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Tests.Containers;
using ContainerApi.Tests.Containers.Logs;

namespace ContainerApi.Tests.Cluster;

/// <summary>The logs of several replicas in one stream.</summary>
public sealed class MergedLogTests
{
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(60);

    private readonly FakeLogs _first = new();
    private readonly FakeLogs _second = new();

    [Fact]
    public async Task Lines_of_all_replicas_are_in_order_of_time_and_continue_at_every_replica()
    {
        await using var stage = new ClusterStage();
        _first.Add('1', 1, "a").Add('1', 3, "c");
        _second.Add('2', 2, "b").Add('2', 4, "d");
        var first = stage.Start(0, Engine("node1", '1', _first));
        var second = stage.Start(1, Engine("node2", '2', _second));

        var events = await ReadAsync(first, "/logs");
        var rest = await ReadAsync(second, "/logs?after=" + events[1].GetProperty("seq").GetString());
        var alone = await ReadAsync(second, "/logs?local=true&after=" + events[2].GetProperty("seq").GetString());

        Assert.Equal(["a", "b", "c", "d"], Texts(events));
        Assert.Equal(4, events[^1].GetProperty("lines").GetInt64());
        Assert.True(events[^1].GetProperty("complete").GetBoolean());
        Assert.Equal("2026-11-23T12:00:02.000000000Z", events[1].GetProperty("at").GetString());
        Assert.Equal(["c", "d"], Texts(rest));
        Assert.Equal(["d"], Texts(alone));
        Assert.Equal("c1 | a\nc2 | b\nc1 | c\nc2 | d\n", await first.Client.GetStringAsync("/logs?format=text"));
        Assert.Equal(["b", "d"], Texts(await ReadAsync(first, "/logs?engine=node2")));
    }

    [Fact]
    public async Task Log_of_a_replica_that_does_not_answer_is_incomplete()
    {
        await using var stage = new ClusterStage();
        _first.Add('1', 1, "a");
        var first = stage.Start(0, Engine("node1", '1', _first));

        var events = await ReadAsync(first, "/logs");

        Assert.Equal(["a"], Texts(events));
        Assert.Equal("unavailable", events.Single(e => TypeOf(e) == "engine").GetProperty("engine").GetProperty("state").GetString());
        Assert.False(events[^1].GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task Followed_log_continues_without_a_loss_when_a_replica_answers_again()
    {
        await using var stage = new ClusterStage();
        _first.Add('1', 1, "a");
        _second.Add('2', 2, "b");
        var first = stage.Start(0, Engine("node1", '1', _first));
        var second = stage.Start(1, Engine("node2", '2', _second));
        await first.UntilAsync("/containers?include=none", list => list.GetProperty("total").GetInt32() == 2);
        using var response = await first.Client.GetAsync("/logs?follow=true", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("line a", await NextAsync(reader));
        Assert.Equal("line b", await NextAsync(reader));
        await second.DisposeAsync();
        Assert.Equal("engine unavailable", await NextAsync(reader));
        _second.Add('2', 3, "c");
        _first.Add('1', 4, "d");
        Assert.Equal("line d", await NextAsync(reader));
        stage.Start(1, Engine("node2", '2', _second));
        Assert.Equal("engine ok", await NextAsync(reader));
        Assert.Equal("line c", await NextAsync(reader));
        _second.Add('2', 5, "e");
        Assert.Equal("line e", await NextAsync(reader));
    }

    private static async Task<List<JsonElement>> ReadAsync(Replica replica, string path) =>
        [.. (await replica.Client.GetStringAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    private static IEnumerable<string?> Texts(IEnumerable<JsonElement> events) =>
        events.Where(e => TypeOf(e) == "line").Select(e => e.GetProperty("text").GetString());

    private static string? TypeOf(JsonElement happened) => happened.GetProperty("type").GetString();

    private static async Task<string> NextAsync(StreamReader reader)
    {
        while (true)
        {
            var line = await reader.ReadLineAsync().WaitAsync(WaitTimeout) ?? throw new EndOfStreamException("The log ended.");
            var happened = JsonSerializer.Deserialize<JsonElement>(line);
            switch (TypeOf(happened))
            {
                case "line":
                    return "line " + happened.GetProperty("text").GetString();
                case "engine":
                    return "engine " + happened.GetProperty("engine").GetProperty("state").GetString();
                case "result":
                    return line;
            }
        }
    }

    private static FakeEngine Engine(string name, char container, FakeLogs logs)
    {
        var engine = Facts.EngineNamed(name, Facts.Container(container));
        engine.ReadLogs = logs.ReadAsync;
        engine.WatchContainers = EventsAsync;
        return engine;
    }

    private static async IAsyncEnumerable<ContainerEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return ContainerEvent.Subscribed;
        await foreach (var one in Channel.CreateUnbounded<ContainerEvent>().Reader.ReadAllAsync(cancellationToken))
        {
            yield return one;
        }
    }
}
