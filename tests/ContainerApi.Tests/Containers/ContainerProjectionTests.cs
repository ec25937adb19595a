using System.Reflection;
using ContainerApi.Containers;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Tests.Containers;

public sealed class ContainerProjectionTests
{
    [Theory]
    [InlineData("bridge", true, true, SectionState.Ok, 1000L)]
    [InlineData("mynet", true, true, SectionState.Ok, 1000L)]
    [InlineData("host", true, true, SectionState.Unsupported, null)]
    [InlineData("host", true, false, SectionState.Unsupported, null)]
    [InlineData("none", true, false, SectionState.Ok, 0L)]
    [InlineData("bridge", false, false, SectionState.Ok, 0L)]
    [InlineData("bridge", true, false, SectionState.Unsupported, null)]
    public void Network_section_has_only_the_containers_counters(
        string mode, bool isConnected, bool hasCounters, SectionState state, long? received)
    {
        IReadOnlyList<NetworkFacts> networks = isConnected ? [new NetworkFacts(mode, "10.0.0.2", null, null, null)] : [];
        var statistics = Facts.Statistics();

        var section = Network(
            Facts.Container('1', network: mode) with { Networks = networks }, hasCounters ? statistics : statistics with { Interfaces = null });

        Assert.Equal((mode, state, received), (section.Mode, section.State, section.RxBytes));
        Assert.Equal((state == SectionState.Ok, state == SectionState.Ok), (section.Reason is null, section.Interfaces is not null));
    }

    [Fact]
    public void All_interfaces_are_summed()
    {
        var section = Network(Facts.Container('1'), Facts.Statistics() with
        {
            Interfaces = new Dictionary<string, InterfaceCounters>
            {
                ["eth1"] = new(1, 2, 3, 4, 5, 6, 7, 8),
                ["eth0"] = new(10, 20, 30, 40, 50, 60, 70, 80),
            },
        });

        Assert.Equal(
            (11, 22, 33, 44, 55, 66, 77, 88),
            (section.RxBytes, section.RxPackets, section.RxErrors, section.RxDropped,
                section.TxBytes, section.TxPackets, section.TxErrors, section.TxDropped));
        Assert.Equal(["eth0", "eth1"], section.Interfaces!.Keys);
    }

    [Theory]
    [InlineData("1", "1", null, "1")]
    [InlineData("2", "container", "1", "1")]
    [InlineData("3", "container", "1", "1")]
    [InlineData("4", "container", "2", "1")]
    [InlineData("5", "container", "6", "5")]
    [InlineData("7", "container", null, "7")]
    [InlineData("8", "container", null, "8")]
    [InlineData("a", "container", "8", "8")]
    [InlineData("b", "container", "1", "1")]
    [InlineData("c", "container", null, "c")]
    public void Shared_network_has_the_counters_of_its_last_running_peer(string digit, string mode, string? sharedWith, string owner)
    {
        ContainerFacts[] all =
        [
            Facts.Container('1', "web", network: "1"),
            Shared('2', Facts.Id('1')),
            Shared('3', "web"),
            Shared('4', Facts.Id('2')),
            Shared('5', Facts.Id('6')),
            Shared('6', Facts.Id('5')),
            Shared('7', Facts.Id('9')),
            Facts.Container('d', state: ContainerStates.Exited),
            Shared('8', Facts.Id('d')),
            Shared('a', Facts.Id('8')),
            Shared('b', Facts.Id('c')),
            Shared('c', Facts.Id('1')) with { State = ContainerStates.Exited },
        ];

        var membership = NetworkMembership.Of(all.Single(c => c.Id[0] == digit[0]), id => all.FirstOrDefault(c => c.Id == id || c.Name == id));

        Assert.Equal(
            (mode, sharedWith is null ? null : Facts.Id(sharedWith[0]), Facts.Id(owner[0])),
            (membership.Mode, membership.SharedWith, membership.Owner));
    }

    [Fact]
    public void Container_that_shares_the_hosts_network_has_no_counters_of_its_own()
    {
        var owner = Facts.Container('1', network: "host");

        Assert.True(NetworkMembership.Of(Shared('2', owner.Id), _ => owner).IsHost);
    }

    [Fact]
    public void The_contract_has_the_values_of_the_engine()
    {
        var row = ContainerProjection.ToContainer(new("local", Facts.Container('1', "web") with
        {
            Aliases = ["other/web"],
            Health = "healthy",
            Networks = [new("a", "10.0.0.2", "fd00::2", "10.0.0.1", "02:42:ac:11:00:02"), new("b", null, null, null, null)],
            Ports = [new(80, "tcp", "0.0.0.0", 8080), new(80, "tcp", "::", 8080), new(443, "tcp", null, null)],
            Labels = new Dictionary<string, string> { ["k"] = "a=b", ["ключ"] = "значение" },
        }));

        Assert.Equal(("web", Facts.Id('1'), "111111111111", "healthy"), (row.Name, row.Id, row.ShortId, row.Health));
        Assert.Equal([new("a", "10.0.0.2", "fd00::2", "10.0.0.1", "02:42:ac:11:00:02"), new("b", null, null, null, null)], row.Networks);
        Assert.Equal([new(80, "tcp", "0.0.0.0", 8080), new(80, "tcp", "::", 8080), new(443, "tcp", null, null)], row.Ports);
        Assert.Equal("значение", row.Labels["ключ"]);
        Assert.Equal(["other/web"], row.Aliases);
    }

    [Fact]
    public void Processes_are_sorted_by_pid_and_unknown_values_are_null()
    {
        var reading = Reading<IReadOnlyList<ProcessFacts>>.Ok(SectionSource.Engine, Facts.Noon, 0,
            [Facts.Process(7), new ProcessFacts(3, null, null, null, null, "")]);

        var section = ContainerProjection.Processes(reading);

        Assert.Equal([new(3, null, null, null, null, null, null, ""), new(7, 41, "root", Facts.Noon, 10, null, null, "sleep 100")], section.Items!);
    }

    [Fact]
    public void The_columns_are_the_fields_of_the_contract()
    {
        static string Camel(PropertyInfo p) => JsonNamingPolicy.CamelCase.ConvertName(p.Name);
        var wire = typeof(Container).GetProperties().SelectMany(p => p.PropertyType.IsAssignableTo(typeof(ContainerSection))
            ? p.PropertyType.GetProperties().Select(inner => $"{Camel(p)}.{Camel(inner)}").Append(Camel(p))
            : [Camel(p)]);

        Assert.Equal(wire.Order(), ContainerColumns.Set.Names.Order());
    }

    private static ContainerFacts Shared(char digit, string peer) => Facts.Container(digit, network: "container:" + peer);

    private static NetworkSection Network(ContainerFacts container, StatisticsFacts statistics) => ContainerProjection.Network(
        NetworkMembership.Of(container, _ => null),
        Reading<StatisticsFacts>.Ok(SectionSource.Engine, Facts.Noon, 0, statistics),
        ContainerRates.Unknown);
}
