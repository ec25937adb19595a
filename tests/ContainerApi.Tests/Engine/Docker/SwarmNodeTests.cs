using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Wire;
using ContainerApi.Stubs;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>What a Swarm manager says about the nodes of a service; recorded from engine 20.10.</summary>
public sealed class SwarmNodeTests : StubEngineTests
{
    [Fact]
    public async Task Nodes_of_a_service_have_state_role_and_addresses()
    {
        await StartAsync();
        Stub.When("/info", Behaviours.Answer(200, """{"Name":"node1","Swarm":{"NodeID":"1","ControlAvailable":true}}"""));
        Stub.When("/nodes", Behaviours.Answer(200, Captured("swarm_nodes.json")));
        Stub.When("/tasks", http => Behaviours.Answer(
            200, http.Request.Query["filters"] == """{"service":["app_api"]}""" ? Captured("swarm_tasks.json") : "[]")(http));

        var nodes = await Engine.ListNodesAsync("app_api", CancellationToken.None);

        Assert.Equal(["node1 manager active True 10.0.1.3,10.111.168.1", "node2 worker active False 10.0.1.2,10.111.168.2"],
            nodes.Select(n => $"{n.Name} {n.Role} {n.Availability} {n.IsReady} {string.Join(',', n.Addresses)}").Order());
    }

    [Fact]
    public async Task Worker_is_no_manager()
    {
        await StartAsync();
        Stub.When("/info", Behaviours.Answer(200, """{"Name":"node1","Swarm":{"NodeID":"1","ControlAvailable":false}}"""));

        var failure = await Assert.ThrowsAsync<EngineException>(() => Engine.ListNodesAsync("app_api", CancellationToken.None));

        Assert.Equal(ErrorCode.FeatureUnsupported, failure.Code);
    }

    private static string Captured(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Captures", name));
}

/// <summary>Which nodes should run a service.</summary>
public sealed class SwarmTranslationTests
{
    [Theory]
    [InlineData("ready", "running", true)]
    [InlineData("ready", "shutdown", false)]
    [InlineData("down", "shutdown", true)]
    [InlineData("unknown", "running", true)]
    [InlineData("ready", null, false)]
    [InlineData("down", null, false)]
    public void Node_counts_if_a_task_should_run_or_did_before_it_went_down(string state, string? desired, bool expected)
    {
        var node = new WireNode("1", default, new("worker", "active"), new("node1"), new(state, null));

        var nodes = SwarmTranslation.ToNodes([node], desired is null ? [] : [new("1", desired, null)]);

        Assert.Equal(expected, nodes.Count == 1);
    }
}
