using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Access;
using ContainerApi.Stubs;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Builds;
using ContainerApi.Tests.Containers;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Cluster;

/// <summary>A watch of several replicas.</summary>
public sealed class MergedWatchTests
{
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Watch_has_the_containers_and_changes_of_all_replicas_and_survives_their_restart()
    {
        await using var stage = new ClusterStage();
        var first = stage.Start(0, Engine("node1", [Facts.Container('1', "web")], Channel.CreateUnbounded<ContainerEvent>()));
        var happened = Channel.CreateUnbounded<ContainerEvent>();
        List<ContainerFacts> containers = [Facts.Container('2', "api")];
        var second = stage.Start(1, Engine("node2", containers, happened));
        await first.UntilAsync("/containers?include=none", list => list.GetProperty("total").GetInt32() == 2);

        await using var watch = await OpenAsync(first, "/containers/watch?include=none");
        var snapshot = await watch.UntilAsync("snapshot");
        lock (containers)
        {
            containers.Add(Facts.Container('3', "db"));
        }

        happened.Writer.TryWrite(new ContainerEvent(Facts.Id('3'), "start", Facts.Noon));
        var added = await watch.UntilAsync("added");
        await second.DisposeAsync();
        var stopped = await watch.UntilAsync("engine");
        stage.Start(1, Engine("node2", [Facts.Container('3', "db")], Channel.CreateUnbounded<ContainerEvent>()));
        var back = await watch.UntilAsync("engine");
        var removed = await watch.UntilAsync("removed");

        Assert.Equal(["api", "web"], snapshot.Items("name").Order());
        Assert.Equal(["ok", "ok"], snapshot.Items("state", "engines"));
        Assert.Equal("db", added.GetProperty("container").GetProperty("name").GetString());
        Assert.Equal("node2", stopped.GetProperty("engine").GetProperty("name").GetString());
        Assert.Equal("unavailable", stopped.GetProperty("engine").GetProperty("state").GetString());
        Assert.Equal("ok", back.GetProperty("engine").GetProperty("state").GetString());
        Assert.Equal("api", removed.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("m0123456789ab-7")]
    [InlineData("0123456789ab-7")]
    [InlineData("unknown")]
    public async Task Watch_after_a_foreign_id_begins_with_a_snapshot_and_a_silent_replica_is_an_entry(string id)
    {
        await using var stage = new ClusterStage();
        var first = stage.Start(0, Engine("node1", [Facts.Container('1', "web")], Channel.CreateUnbounded<ContainerEvent>()));

        await using var watch = await OpenAsync(first, "/containers/watch?include=none&after=" + id);
        var snapshot = await watch.UntilAsync("snapshot");

        Assert.Equal(["web"], snapshot.Items("name"));
        Assert.Equal(["ok", "unavailable"], snapshot.Items("state", "engines").Order());
    }

    [Fact]
    public async Task Watchers_with_one_key_and_one_request_share_a_stream_that_ends_with_the_last()
    {
        await using var stage = new ClusterStage();
        await using var peer = await stage.StubAsync(1, "node2", async http =>
        {
            await http.Response.WriteAsync(PeerStub.Snapshot("node2"));
            await http.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        });
        var keys = new Keys().Add("one", Scopes.All).Add("two", Scopes.All);
        var first = stage.Start(0, keys, Engine("node1", [], Channel.CreateUnbounded<ContainerEvent>()));
        List<Watch> watches = [];
        foreach (var (key, path) in new[] { ("one", ""), ("one", ""), ("two", ""), ("one", "&all=true") })
        {
            watches.Add(await OpenAsync(first.WithKey(key), "/containers/watch?include=none" + path));
            Assert.Equal(["ok", "ok"], (await watches[^1].UntilAsync("snapshot")).Items("state", "engines"));
        }

        Assert.Equal(3, peer.Open);
        Assert.Equal(
            ["/containers/watch?include=none&all=true&local=true", "/containers/watch?include=none&local=true",
                "/containers/watch?include=none&local=true"],
            peer.Calls.Where(c => c.StartsWith("/containers", StringComparison.Ordinal)).Order());
        foreach (var watch in watches)
        {
            await watch.DisposeAsync();
        }

        await BuildApi.UntilAsync(() => Task.FromResult(peer.Open == 0));
    }

    private static FakeEngine Engine(string name, List<ContainerFacts> containers, Channel<ContainerEvent> happened)
    {
        var engine = Facts.EngineNamed(name);
        engine.ListContainers = (_, _) =>
        {
            lock (containers)
            {
                return Task.FromResult<IReadOnlyList<ContainerFacts>>([.. containers]);
            }
        };
        engine.WatchContainers = token => EventsAsync(happened, token);
        return engine;
    }

    private static async IAsyncEnumerable<ContainerEvent> EventsAsync(
        Channel<ContainerEvent> happened, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return ContainerEvent.Subscribed;
        await foreach (var one in happened.Reader.ReadAllAsync(cancellationToken))
        {
            yield return one;
        }
    }

    private static async Task<Watch> OpenAsync(Replica replica, string path)
    {
        var response = await replica.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new Watch(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    private sealed record Watch(HttpResponseMessage Response, StreamReader Reader) : IAsyncDisposable
    {
        /// <summary>The next event of a type.</summary>
        public async Task<JsonElement> UntilAsync(string type)
        {
            while (true)
            {
                var line = await Reader.ReadLineAsync().WaitAsync(WaitTimeout) ?? throw new EndOfStreamException("The watch ended.");
                var happened = JsonSerializer.Deserialize<JsonElement>(line);
                if (happened.GetProperty("type").GetString() == type)
                {
                    return happened;
                }
            }
        }

        public ValueTask DisposeAsync()
        {
            Reader.Dispose();
            Response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
