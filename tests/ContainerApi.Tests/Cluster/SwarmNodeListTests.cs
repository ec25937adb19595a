using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Cluster;

/// <summary>Two replicas of a Swarm, of which the first has a manager's engine, and nodes without a replica.</summary>
public sealed class SwarmNodeListTests : IAsyncLifetime
{
    private const string List = "/containers?include=none";

    private readonly ClusterStage _stage;
    private Replica _manager = null!;
    private Replica _worker = null!;
    private IReadOnlyList<SwarmNode> _nodes = [];
    private IPAddress[] _named = [];

    public SwarmNodeListTests() => _stage = new ClusterStage { Resolve = (_, _) => Task.FromResult(Volatile.Read(ref _named)) };

    public Task InitializeAsync()
    {
        _named = [.. _stage.Addresses];
        _nodes = [Node("node1", true, 0), Node("node2", true, 1)];
        var engine = Facts.EngineNamed("node1", Facts.Container('1'));
        engine.ListNodes = (service, _) => Task.FromResult(service == "containerapi" ? Volatile.Read(ref _nodes) : []);
        engine.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.45" });
        _manager = _stage.Start(0, engine);
        _worker = _stage.Start(1, Facts.EngineNamed("node2", Facts.Container('2')));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    [Fact]
    public async Task Node_that_is_down_is_an_entry_at_every_replica()
    {
        await _manager.UntilAsync(List, list => list.GetProperty("total").GetInt32() == 2 && list.GetProperty("complete").GetBoolean());

        Volatile.Write(ref _nodes, [.. _nodes, Node("node3", false, 2)]);
        foreach (var replica in new[] { _manager, _worker })
        {
            await replica.UntilAsync(List, list => list.GetProperty("engines").GetArrayLength() == 3);
            var list = await replica.GetJsonAsync(List);

            Assert.False(list.GetProperty("complete").GetBoolean());
            Assert.Equal(2, list.GetProperty("total").GetInt32());
            var down = list.GetProperty("engines").EnumerateArray().Single(e => e.GetProperty("name").GetString() == "node3");
            Assert.Equal(("unavailable", "worker", "drain"),
                (down.GetProperty("state").GetString(), down.GetProperty("role").GetString(), down.GetProperty("availability").GetString()));
            Assert.EndsWith("its Swarm node is down.", down.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.Equal(Facts.Noon, down.GetProperty("since").GetDateTimeOffset());
        }

        var engines = await _manager.GetJsonAsync("/engines?state=unavailable");
        Assert.Equal(["drain"], engines.Items("availability"));
        using var named = await _manager.Client.GetAsync(List + "&engine=node3");
        await named.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
    }

    [Fact]
    public async Task Replica_that_the_name_lost_is_found_at_its_task_and_a_silent_address_has_its_node()
    {
        await _manager.UntilAsync(List, list => list.GetProperty("complete").GetBoolean() && list.GetProperty("total").GetInt32() == 2);

        Volatile.Write(ref _named, []);
        Assert.Equal(2, (await _manager.GetJsonAsync(List)).GetProperty("total").GetInt32());
        Volatile.Write(ref _nodes, [.. _nodes, Node("node4", true, 3)]);
        await _manager.UntilAsync(List, list => list.GetProperty("engines").GetArrayLength() == 3);

        var list = await _manager.GetJsonAsync(List);
        Assert.Equal(["node1", "node2", "node4"], list.Items("name", "engines").Order());
        Assert.Equal(["unavailable"], list.Items("state", "engines").Where(s => s != "ok"));
    }

    private SwarmNode Node(string name, bool isReady, int n)
    {
        var address = _stage.Addresses[0].GetAddressBytes();
        address[3] = (byte)(n + 1);
        return new(name, n == 0 ? "manager" : "worker", isReady ? "active" : "drain", isReady, Facts.Noon, [new IPAddress(address).ToString()]);
    }
}
