using ContainerApi.Containers;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Tests.Containers.Formatting;

public sealed class ContainerMetricsTests
{
    private static readonly DateTimeOffset Created = new(2026, 11, 25, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Known_values_have_samples_with_the_names_of_cAdvisor()
    {
        var lines = Lines(List(Row("web") with
        {
            Processes = new ProcessesSection([new(1, 0, "root", null, null, null, null, "x"), new(2, 1, "root", null, null, null, null, "y")])
            {
                State = SectionState.Ok,
            },
            Network = Network(),
            Usage = new UsageSection { State = SectionState.Ok, CpuTimeMs = 1500, MemoryBytes = 4096 },
        }));

        const string Labels = "engine=\"local\",id=\"111111111111\",name=\"web\",image=\"busybox\"";
        Assert.Contains($"container_created_timestamp_seconds{{{Labels}}} {Created.ToUnixTimeSeconds()}", lines);
        Assert.Contains($"container_state{{{Labels},state=\"running\"}} 1", lines);
        Assert.Contains($"container_processes{{{Labels}}} 2", lines);
        Assert.Contains($"container_cpu_usage_seconds_total{{{Labels}}} 1.5", lines);
        Assert.Contains($"container_memory_working_set_bytes{{{Labels}}} 4096", lines);
        Assert.Contains($"container_network_receive_bytes_total{{{Labels},interface=\"eth0\"}} 1", lines);
        Assert.Contains($"container_network_transmit_packets_dropped_total{{{Labels},interface=\"eth0\"}} 8", lines);
        Assert.DoesNotContain(lines, l => l.StartsWith("container_health{", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.StartsWith("container_fs_reads", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_the_owner_of_a_shared_network_has_its_metrics()
    {
        var lines = Lines(List(Row("sidecar") with { Network = Network() with { SharedWith = Facts.Id('2') } }));

        Assert.DoesNotContain(lines, l => l.StartsWith("container_network_", StringComparison.Ordinal));
    }

    [Fact]
    public void Configured_labels_are_escaped()
    {
        var lines = Lines(
            List(Row("web", new Dictionary<string, string> { ["com.example/team"] = "a\"b\\c\nd", ["other"] = "x" })),
            new MetricsOptions { ContainerLabels = ["com.example/team", "missing"] });

        var state = Assert.Single(lines, l => l.StartsWith("container_state{", StringComparison.Ordinal));
        Assert.Contains("container_label_com_example_team=\"a\\\"b\\\\c\\nd\",container_label_missing=\"\"", state);
        Assert.DoesNotContain("other", state);
    }

    [Fact]
    public void Containers_beyond_the_maximum_are_counted()
    {
        var lines = Lines(List(Row("a"), Row("b"), Row("c")), new MetricsOptions { MaxContainers = 2 });

        Assert.Equal(2, lines.Count(l => l.StartsWith("container_state{", StringComparison.Ordinal)));
        Assert.Contains("containerapi_metrics_omitted_containers 1", lines);
    }

    [Fact]
    public async Task Metrics_of_an_unreachable_engine_return_200()
    {
        await using var host = new ApiHost(new FakeEngine
        {
            ListContainers = (_, _) => throw new EngineException(ErrorCode.EngineUnavailable, "local", "down"),
        });

        using var answer = await host.Client.GetAsync(new Uri("/metrics/containers", UriKind.Relative));

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Contains("containerapi_engine_up{engine=\"local\"} 0\n", await answer.Content.ReadAsStringAsync());
    }

    private static NetworkSection Network() => new()
    {
        State = SectionState.Ok,
        Interfaces = new Dictionary<string, InterfaceTraffic> { ["eth0"] = new(1, 2, 3, 4, 5, 6, 7, 8) },
    };

    private static string[] Lines(ContainerCollection list, MetricsOptions? options = null) =>
        ContainerMetrics.Write(list, options ?? new()).Split('\n');

    private static ContainerRow Row(string name, IReadOnlyDictionary<string, string>? labels = null)
    {
        var container = Facts.Container('1', name: name) with { Image = "busybox", CreatedAt = Created };
        return new("local", labels is null ? container : container with { Labels = labels });
    }

    private static ContainerCollection List(params ContainerRow[] rows) =>
        new(rows, [new("local", "ok", "1.41", rows.Length, null)], rows.Length, null);
}
