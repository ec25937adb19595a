namespace ContainerApi.EngineTests;

/// <summary>The stack of <c>deploy/stack.yml</c> on a Swarm of two nodes: one replica answers for both, and for those that are down.</summary>
[Trait("Category", "Swarm")]
public sealed class SwarmTests(SwarmFixture swarm) : IClassFixture<SwarmFixture>, IAsyncLifetime
{
    private const string Containers = "/containers?include=none";
    private static readonly string[] Sleep = ["sample:v1", "/bin/busybox", "sleep", "1000"];

    public Task InitializeAsync() => swarm.SettleAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Every_replica_lists_the_containers_of_both_nodes_from_the_kernel()
    {
        await swarm.DockerAsync(1, ["run", "-d", "--name", "listed1", .. Sleep]);
        await swarm.DockerAsync(2, ["run", "-d", "--name", "listed2", .. Sleep]);
        foreach (var replica in new[] { swarm.First, swarm.Second })
        {
            var list = (await SwarmFixture.ListAsync(replica, "/containers?sort=name&name=listed", CancellationToken.None))!;

            Assert.Equal(["node1 listed1", "node2 listed2"], list["items"]!.AsArray().Select(c => $"{Text(c!, "engine")} {Text(c!, "name")}"));
            Assert.All(list["items"]!.AsArray(), c =>
            {
                Assert.Equal("host", Text(c!["processes"]!, "source"));
                Assert.Equal("/bin/busybox sleep 1000", Text(c["processes"]!["items"]![0]!, "command"));
                Assert.Equal("root", Text(c["processes"]!["items"]![0]!, "user"));
                Assert.Equal("host", Text(c["network"]!, "source"));
                Assert.Equal("host", Text(c["usage"]!, "source"));
            });
        }

        var replicas = (await SwarmFixture.ListAsync(swarm.First, Containers + "&service=containerapi&sort=engine", CancellationToken.None))!;
        Assert.Equal(["node1 healthy", "node2 healthy"], replicas["items"]!.AsArray().Select(c => $"{Text(c!, "engine")} {Text(c!, "health")}"));
    }

    [Fact]
    public async Task Build_for_the_other_node_streams_and_its_log_follows()
    {
        using var dockerfile = new StringContent("FROM sample:v1\nRUN echo built on node2\n", Encoding.UTF8, "text/x-dockerfile");
        using var built = await swarm.First.PostAsync("/builds?engine=node2&tag=built:v1", dockerfile);
        var events = (await built.Content.ReadAsStringAsync()).TrimEnd().Split('\n');
        Assert.Contains(events, e => e.Contains("built on node2", StringComparison.Ordinal));
        Assert.Equal("succeeded", Text(JsonNode.Parse(events[^1])!, "state"));
        Assert.Contains("built:v1", await swarm.First.GetStringAsync("/images?engine=node2"), StringComparison.Ordinal);
        Assert.DoesNotContain("built:v1", await swarm.First.GetStringAsync("/images?engine=node1"), StringComparison.Ordinal);

        await swarm.DockerAsync(2, "run", "-d", "--name", "writer", "built:v1", "/bin/sh", "-c", "echo one; sleep 1; echo two; sleep 1000");
        using var log = new StreamReader(await swarm.First.GetStreamAsync("/containers/writer/logs?follow=true&engine=node2"));
        var texts = new List<string>();
        while (texts.Count < 2)
        {
            var line = JsonNode.Parse((await log.ReadLineAsync())!)!;
            texts.AddRange(Text(line, "type") == "line" ? [Text(line, "text")] : []);
        }

        Assert.Equal(["one", "two"], texts);
    }

    [Fact]
    public async Task Killed_node_is_an_entry_with_its_role_until_it_is_back()
    {
        using var watch = await WatchAsync(swarm.First);
        await swarm.DockerAsync(2, ["run", "-d", "--name", "killed", .. Sleep]);
        await watch.UntilAsync(e => Text(e, "type") == "added" && Text(e["container"]!, "name") == "killed");

        swarm.Kill(2);
        await watch.UntilAsync(IsState("unavailable", "timeout"));
        await SwarmFixture.UntilAsync(swarm.First, list => EngineOf(list) is { } node2 && Text(node2, "state") is "unavailable" or "timeout");
        await SwarmFixture.UntilAsync(swarm.First, list => EngineOf(list) is { } node2
            && Text(node2["error"]!, "message").EndsWith("its Swarm node is down.", StringComparison.Ordinal)
            && (Text(node2, "role"), Text(node2, "availability")) == ("worker", "active"));
        Assert.Equal(["node1"], ((await SwarmFixture.ListAsync(swarm.First, Containers, CancellationToken.None))!["items"]!.AsArray())
            .Select(c => Text(c!, "engine")).Distinct());
        using var named = await swarm.First.GetAsync("/containers/killed?engine=node2");
        await ProblemAsync(named, HttpStatusCode.ServiceUnavailable, "engine_unavailable");

        await swarm.StartAsync(2);
        await watch.UntilAsync(IsState("ok"));
        await SwarmFixture.UntilAsync(swarm.First, SwarmFixture.IsComplete);
    }

    [Fact]
    public async Task Paused_node_costs_no_call_its_answer()
    {
        await swarm.SignalAsync(2, "STOP");
        try
        {
            await SwarmFixture.UntilAsync(swarm.First, list => EngineOf(list) is { } node2 && Text(node2, "state") == "timeout");
        }
        finally
        {
            await swarm.SignalAsync(2, "CONT");
        }

        await SwarmFixture.UntilAsync(swarm.First, SwarmFixture.IsComplete);
    }

    [Fact]
    public async Task Link_that_is_cut_for_30_seconds_is_survived_by_both_sides()
    {
        await swarm.LinkAsync(2, "down");
        var restored = Task.Delay(TimeSpan.FromSeconds(30));
        await SwarmFixture.UntilAsync(swarm.First, list => EngineOf(list) is { } node2 && Text(node2, "state") is "unavailable" or "timeout");
        while (!restored.IsCompleted)
        {
            Assert.NotNull(await SwarmFixture.ListAsync(swarm.First, Containers, CancellationToken.None));
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }

        await swarm.LinkAsync(2, "up");
        await SwarmFixture.UntilAsync(swarm.First, SwarmFixture.IsComplete);
        await SwarmFixture.UntilAsync(swarm.Second, SwarmFixture.IsComplete);
    }

    [Fact]
    public async Task Service_is_updated_while_clients_watch_and_list()
    {
        using var watch = await WatchAsync(swarm.First);
        using var stopping = new CancellationTokenSource();
        var listing = Task.WhenAll(new[] { swarm.First, swarm.Second }.Select(replica => PollAsync(replica, stopping.Token)));

        await swarm.DockerAsync(
            1, "service", "update", "--detach=false", "-q", "--no-resolve-image", "--update-monitor", "1s", "--force", "containerapi_containerapi");
        await stopping.CancelAsync();

        // Each replica was replaced once, and the lists of the other one said so.
        Assert.All(await listing, seen => Assert.Contains(false, seen));
        await watch.EndAsync();
        await swarm.SettleAsync();

        // A position of a replica that is gone gives a snapshot.
        using var again = await WatchAsync(swarm.Second, watch.Position);
        await again.UntilAsync(e => Text(e, "type") == "snapshot");
    }

    /// <summary>Whether lists were complete, as they followed each other. A refused connection does not count: its replica is replaced.</summary>
    private static async Task<List<bool>> PollAsync(HttpClient replica, CancellationToken cancellationToken)
    {
        var seen = new List<bool>();
        while (!cancellationToken.IsCancellationRequested)
        {
            if (await SwarmFixture.ListAsync(replica, Containers, CancellationToken.None) is { } list)
            {
                seen.Add(SwarmFixture.IsComplete(list));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }

        return seen;
    }

    private static JsonNode? EngineOf(JsonNode list) => list["engines"]!.AsArray().SingleOrDefault(e => Text(e!, "name") == "node2");

    private static Func<JsonNode, bool> IsState(params string[] states) => happened =>
        Text(happened, "type") == "engine" && Text(happened["engine"]!, "name") == "node2" && states.Contains(Text(happened["engine"]!, "state"));

    private static async Task<SwarmWatch> WatchAsync(HttpClient replica, string? after = null)
    {
        var lines = await replica.GetStreamAsync("/containers/watch?include=none" + (after is null ? "" : "&after=" + Uri.EscapeDataString(after)));
        return new(new StreamReader(lines));
    }

    private sealed class SwarmWatch(StreamReader lines) : IDisposable
    {
        private static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(2);

        public string? Position { get; private set; }

        public async Task UntilAsync(Func<JsonNode, bool> isExpected)
        {
            using var timeout = new CancellationTokenSource(WaitTimeout);
            while (!isExpected(JsonNode.Parse(await NextAsync(timeout.Token) ?? throw new EndOfStreamException())!))
            {
            }
        }

        /// <summary>Reads until the replica ends the stream.</summary>
        public async Task EndAsync()
        {
            using var timeout = new CancellationTokenSource(WaitTimeout);
            while (await NextAsync(timeout.Token) is not null)
            {
            }
        }

        public void Dispose() => lines.Dispose();

        private async Task<string?> NextAsync(CancellationToken cancellationToken)
        {
            var line = await lines.ReadLineAsync(cancellationToken);
            Position = line is null ? Position : JsonNode.Parse(line)!["seq"]?.GetValue<string>() ?? Position;
            return line;
        }
    }
}
