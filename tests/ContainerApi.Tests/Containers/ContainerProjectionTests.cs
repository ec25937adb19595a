using System.Reflection;
using System.Text.Json;
using ContainerApi.Containers;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Tests.Containers;

public sealed class ContainerProjectionTests
{
    [Theory]
    [InlineData("bridge", "ok", "bridge", 1000L)]
    [InlineData("mynet", "ok", "mynet", 1000L)]
    [InlineData("host", "Unsupported", "host", null)]
    [InlineData("none", "ok", "none", 0L)]
    public void The_network_section_has_only_the_containers_counters(string mode, string state, string wireMode, long? received)
    {
        var container = Facts.Container('1', network: mode) with
        {
            Networks = mode is "none" or "host" ? [new NetworkFacts(mode, null, null, null, null)] : [new NetworkFacts(mode, "10.0.0.2", null, null, null)],
        };
        var statistics = mode is "none" or "host" ? Facts.Statistics() with { Interfaces = null } : Facts.Statistics();

        var section = Network(container, statistics);

        Assert.Equal(state, section.State.ToString(), ignoreCase: true);
        Assert.Equal((wireMode, received), (section.Mode, section.RxBytes));
        Assert.Equal(state == "ok", section.Reason is null);
    }

    [Fact]
    public void Counters_of_the_host_network_are_not_returned()
    {
        var section = Network(Facts.Container('1', network: "host"), Facts.Statistics());

        Assert.Equal(SectionState.Unsupported, section.State);
        Assert.Null(section.RxBytes);
        Assert.Null(section.Interfaces);
    }

    [Fact]
    public void All_interfaces_are_summed()
    {
        var section = Network(Facts.Container('1'), Facts.Statistics() with
        {
            Interfaces = new Dictionary<string, InterfaceCounters> { ["eth1"] = new(1, 2, 3, 4, 5, 6, 7, 8), ["eth0"] = new(10, 20, 30, 40, 50, 60, 70, 80) },
        });

        Assert.Equal(
            (11, 22, 33, 44, 55, 66, 77, 88),
            (section.RxBytes, section.RxPackets, section.RxErrors, section.RxDropped, section.TxBytes, section.TxPackets, section.TxErrors, section.TxDropped));
        Assert.Equal(["eth0", "eth1"], section.Interfaces!.Keys);
    }

    [Fact]
    public void A_disconnected_container_has_zero_interfaces()
    {
        var section = Network(Facts.Container('1') with { Networks = [] }, Facts.Statistics() with { Interfaces = null });

        Assert.Equal((SectionState.Ok, 0L, 0), (section.State, section.RxBytes, section.Interfaces!.Count));
    }

    [Fact]
    public void Missing_counters_are_unsupported_not_zero()
    {
        var section = Network(Facts.Container('1'), Facts.Statistics() with { Interfaces = null });

        Assert.Equal((SectionState.Unsupported, (long?)null), (section.State, section.RxBytes));
    }

    [Theory]
    [InlineData("by id")]
    [InlineData("by name")]
    public void A_shared_network_returns_the_owners_full_id(string how)
    {
        var owner = Facts.Container('a', "web");
        var container = Facts.Container('1', network: "container:" + (how == "by id" ? owner.Id : "web"));

        var place = NetworkMembership.Of(container, r => r == owner.Id || r == "web" ? owner : null);

        Assert.Equal(("container", owner.Id, owner.Id, false), (place.Mode, place.SharedWith, place.Owner, place.IsHost));
    }

    [Fact]
    public void A_chain_of_shared_networks_ends_at_its_owner()
    {
        var owner = Facts.Container('a', network: "host");
        var middle = Facts.Container('b', network: "container:" + owner.Id);
        var all = new[] { owner, middle };

        var place = NetworkMembership.Of(Facts.Container('c', network: "container:" + middle.Id), id => all.FirstOrDefault(c => c.Id == id));

        Assert.Equal((middle.Id, owner.Id, true), (place.SharedWith, place.Owner, place.IsHost));
    }

    [Fact]
    public void A_cyclic_chain_of_shared_networks_ends()
    {
        var one = Facts.Container('a', network: "container:" + Facts.Id('b'));
        var two = Facts.Container('b', network: "container:" + Facts.Id('a'));

        var place = NetworkMembership.Of(one, id => id == one.Id ? one : two);

        Assert.Equal(two.Id, place.SharedWith);
    }

    [Fact]
    public void A_shared_network_with_an_unknown_owner_keeps_the_id()
    {
        var place = NetworkMembership.Of(Facts.Container('1', network: "container:" + Facts.Id('a')), _ => null);

        Assert.Equal((Facts.Id('a'), false, false), (place.SharedWith, place.IsHost, place.HasNone));
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
        Assert.Equal([new NetworkAddress("a", "10.0.0.2", "fd00::2", "10.0.0.1", "02:42:ac:11:00:02"), new NetworkAddress("b", null, null, null, null)], row.Networks);
        Assert.Equal([new PortMapping(80, "tcp", "0.0.0.0", 8080), new PortMapping(80, "tcp", "::", 8080), new PortMapping(443, "tcp", null, null)], row.Ports);
        Assert.Equal("значение", row.Labels["ключ"]);
        Assert.Equal(["other/web"], row.Aliases);
    }

    [Fact]
    public void Processes_are_sorted_by_pid_and_unknown_values_are_null()
    {
        var reading = Reading<IReadOnlyList<ProcessFacts>>.Ok(SectionSource.Engine, Facts.Noon, 0,
            [Facts.Process(7), new ProcessFacts(3, null, null, null, null, "")]);

        var section = ContainerProjection.Processes(reading);

        Assert.Equal([new ContainerProcess(3, null, null, null, null, ""), new ContainerProcess(7, 41, "root", Facts.Noon, 10, "sleep 100")], section.Items);
    }

    [Fact]
    public void The_columns_are_the_fields_of_the_contract()
    {
        static string Camel(PropertyInfo p) => JsonNamingPolicy.CamelCase.ConvertName(p.Name);
        var wire = typeof(Container).GetProperties().SelectMany(p => p.PropertyType.IsAssignableTo(typeof(ContainerSection))
            ? p.PropertyType.GetProperties().Where(inner => inner.Name != "EqualityContract").Select(inner => $"{Camel(p)}.{Camel(inner)}").Append(Camel(p))
            : [Camel(p)]);

        Assert.Equal(wire.Order(), ContainerColumns.Names.Order());
    }

    private static NetworkSection Network(ContainerFacts container, StatisticsFacts statistics) => ContainerProjection.Network(
        NetworkMembership.Of(container, _ => null),
        Reading<StatisticsFacts>.Ok(SectionSource.Engine, Facts.Noon, 0, statistics),
        ContainerRates.Unknown);
}
