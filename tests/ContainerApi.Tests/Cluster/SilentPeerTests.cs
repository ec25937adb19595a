using System.Diagnostics;
using System.Net.Sockets;
using ContainerApi.Stubs;
using ContainerApi.Tests.Containers;
using ContainerApi.Tests.Engine;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Cluster;

/// <summary>Replicas that do not answer, or that are not trusted.</summary>
public sealed class SilentPeerTests
{
    private const string List = "/containers?include=none";

    [Fact]
    public async Task Stopped_replica_is_an_entry_and_comes_back()
    {
        await using var stage = new ClusterStage();
        var first = stage.Start(0, Facts.EngineNamed("node1", Facts.Container('1')));

        var alone = await first.GetJsonAsync(List);

        Assert.False(alone.GetProperty("complete").GetBoolean());
        var entry = Assert.Single(alone.GetProperty("engines").EnumerateArray(), e => e.GetProperty("state").GetString() != "ok");
        Assert.Equal("unavailable", entry.GetProperty("state").GetString());
        Assert.Equal($"{stage.Addresses[1]}:8443", entry.GetProperty("name").GetString());
        Assert.Contains("Connection refused", entry.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(JsonValueKind.String, entry.GetProperty("since").ValueKind);
        Assert.Single(alone.GetProperty("items").EnumerateArray());

        stage.Start(1, Facts.EngineNamed("node2", Facts.Container('2')));
        await first.UntilAsync(List, list => list.GetProperty("complete").GetBoolean() && list.GetProperty("total").GetInt32() == 2);
    }

    [Fact]
    public async Task Stopped_replica_keeps_the_name_of_its_engine_and_its_things_are_unavailable()
    {
        await using var stage = new ClusterStage();
        var node1 = Facts.EngineNamed("node1", Facts.Container('1'));
        node1.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.45" });
        var first = stage.Start(0, node1);
        var second = stage.Start(1, Facts.EngineNamed("node2", Facts.Container('2')));
        await first.UntilAsync(List, list => list.GetProperty("complete").GetBoolean());
        await second.DisposeAsync();

        var list = await first.GetJsonAsync(List + "&sort=name");
        using var one = await first.Client.GetAsync("/containers/c2?engine=node2");
        using var named = await first.Client.GetAsync(List + "&engine=node2");
        var engines = await first.GetJsonAsync("/engines?state=unavailable");

        Assert.Equal(["c1"], list.Items("name"));
        Assert.Equal(["node1", "node2"], list.Items("name", "engines").Order());
        await one.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        await named.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        Assert.Equal(["node2"], engines.Items("name"));
    }

    [Fact]
    public async Task Replica_that_accepts_and_says_nothing_costs_the_timeout_once()
    {
        await using var stage = new ClusterStage { ListTimeout = TimeSpan.FromMilliseconds(500) };
        using var silent = new TcpListener(stage.Addresses[1], 8443);
        silent.Start();
        var first = stage.Start(0, Facts.EngineNamed("node1", Facts.Container('1')));

        var list = await first.GetJsonAsync(List);
        var began = Stopwatch.GetTimestamp();
        var again = await first.GetJsonAsync(List);

        Assert.Equal(["ok", "timeout"], list.Items("state", "engines").Order());
        Assert.Equal(list.GetProperty("engines").EnumerateArray().Last().GetProperty("since").GetString(),
            again.GetProperty("engines").EnumerateArray().Last().GetProperty("since").GetString());
        Assert.Single(again.GetProperty("items").EnumerateArray());
        // Generous: the list itself takes a few milliseconds, on a busy machine a few hundred.
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Replica_of_another_authority_is_not_trusted()
    {
        await using var stage = new ClusterStage();
        using var other = new TestAuthority();
        var (file, key) = other.Write(other.Peer(), "peer");
        var first = stage.Start(0, Facts.EngineNamed("node1", Facts.Container('1')));
        stage.Start(
            1,
            new Dictionary<string, string?> { ["Cluster:CaFile"] = other.CaFile, ["Cluster:CertificateFile"] = file, ["Cluster:KeyFile"] = key },
            Facts.EngineNamed("node2", Facts.Container('2')));

        var list = await first.GetJsonAsync(List);

        Assert.Equal(["c1"], list.Items("name"));
        var entry = Assert.Single(list.GetProperty("engines").EnumerateArray(), e => e.GetProperty("state").GetString() != "ok");
        Assert.Contains("its certificate was issued by an authority", entry.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Addresses_of_the_name_are_followed_and_kept_while_it_has_none()
    {
        IPAddress[] named = [];
        Exception? failure = null;
        await using var stage = new ClusterStage
        {
            Resolve = (_, _) => Volatile.Read(ref failure) is { } e ? Task.FromException<IPAddress[]>(e) : Task.FromResult(Volatile.Read(ref named)),
        };
        var first = stage.Start(0, Facts.EngineNamed("node1", Facts.Container('1')));
        stage.Start(1, Facts.EngineNamed("node2", Facts.Container('2')));

        Assert.True((await first.GetJsonAsync(List)).GetProperty("complete").GetBoolean());
        Volatile.Write(ref named, [.. stage.Addresses]);
        await first.UntilAsync(List, list => list.GetProperty("total").GetInt32() == 2);
        Volatile.Write(ref failure, new SocketException((int)SocketError.HostNotFound));
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        await first.GetJsonAsync(List);

        Assert.Equal(2, (await first.GetJsonAsync(List)).GetProperty("total").GetInt32());
        Volatile.Write(ref named, []);
        Volatile.Write(ref failure, null);
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        await first.GetJsonAsync(List);
        Assert.Equal(2, (await first.GetJsonAsync(List)).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Replica_with_the_name_of_another_engine_is_left_out_with_the_reason()
    {
        await using var stage = new ClusterStage(3);
        var first = stage.Start(0, Facts.EngineNamed("local", Facts.Container('1')));
        stage.Start(1, Facts.EngineNamed("local", Facts.Container('2')));
        stage.Start(2, Facts.EngineNamed("node3", Facts.Container('3')));

        await first.UntilAsync(List, list => list.Items("state", "engines").Contains("error"));
        var list = await first.GetJsonAsync(List + "&sort=name");

        Assert.Equal(["c1", "c3"], list.Items("name"));
        var entry = Assert.Single(list.GetProperty("engines").EnumerateArray(), e => e.GetProperty("state").GetString() == "error");
        Assert.Equal($"{stage.Addresses[1]}:8443", entry.GetProperty("name").GetString());
        Assert.Contains(
            "its engine has the name 'local', as the engine of the called replica. Give each an own name",
            entry.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Address_that_another_replica_has_got_is_its_own()
    {
        await using var stage = new ClusterStage();
        await using var peer = await stage.StubAsync(
            1, "node2",
            http => http.Response.WriteAsync(PeerStub.List(http.Response.Headers["ContainerApi-Replica"].ToString().Split(' ')[1], 0, "")));
        var first = stage.Start(0, Facts.EngineNamed("node1", Facts.Container('1')));
        await first.UntilAsync(List, list => list.Items("name", "engines").Contains("node2"));

        peer.Engine = "node3";
        var list = await first.GetJsonAsync(List);
        using var gone = await first.Client.GetAsync(List + "&engine=node2");

        Assert.Equal(["node1", "node3"], list.Items("name", "engines").Order());
        await gone.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
    }

    [Fact]
    public async Task Replica_with_an_expired_certificate_comes_back_with_a_new_one()
    {
        await using var stage = new ClusterStage();
        var (file, key) = stage.Authority.Write(stage.Authority.Peer(ends: -1), "second");
        var first = stage.Start(0, Facts.EngineNamed("node1", Facts.Container('1')));
        stage.Start(
            1, new Dictionary<string, string?> { ["Cluster:CertificateFile"] = file, ["Cluster:KeyFile"] = key },
            Facts.EngineNamed("node2", Facts.Container('2')));

        var expired = await first.GetJsonAsync(List);
        stage.Authority.Write(stage.Authority.Peer(), "second");

        Assert.False(expired.GetProperty("complete").GetBoolean());
        await first.UntilAsync(List, list => list.GetProperty("complete").GetBoolean() && list.GetProperty("total").GetInt32() == 2);
    }

    [Fact]
    public async Task Clock_of_a_replica_an_hour_ahead_changes_no_list()
    {
        await using var stage = new ClusterStage { Time = n => n == 1 ? new ClockAhead() : TimeProvider.System };
        var first = stage.Start(0, Facts.EngineNamed("node1", Facts.Container('1')));
        var second = stage.Start(1, Facts.EngineNamed("node2", Facts.Container('2')));

        foreach (var replica in new[] { first, second })
        {
            await replica.UntilAsync(List, list => list.GetProperty("complete").GetBoolean() && list.GetProperty("total").GetInt32() == 2);
        }
    }

    private sealed class ClockAhead : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(1);
    }
}
