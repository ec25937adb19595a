namespace ContainerApi.Tests.Containers;

/// <summary>Project, service, replica and node of containers, and the filters by them.</summary>
public sealed class ContainerGroupTests
{
    private const string Project = "com.docker.compose.project";
    private const string Service = "com.docker.compose.service";

    [Theory]
    [InlineData("com.docker.compose.project=shop com.docker.compose.service=web com.docker.compose.container-number=2", "shop", "web", 2)]
    [InlineData("com.docker.stack.namespace=s com.docker.swarm.service.name=s_web com.docker.swarm.task.name=s_web.3.k1x9", "s", "web", 3)]
    [InlineData("com.docker.stack.namespace=s com.docker.swarm.service.name=s_web com.docker.swarm.task.name=s_web.n0d3.k1x9", "s", "web", null)]
    [InlineData("com.docker.swarm.service.name=shop_web com.docker.swarm.task.name=shop_web.1.k1x9", null, "shop_web", 1)]
    [InlineData("com.docker.stack.namespace=shop com.docker.swarm.service.name=shop_", "shop", "shop_", null)]
    [InlineData("io.podman.compose.project=shop io.podman.compose.service=db", "shop", "db", null)]
    [InlineData("com.docker.compose.project= com.docker.compose.container-number=x", null, null, null)]
    [InlineData("com.docker.swarm.task.name=x com.docker.compose.container-number=99999999999", null, null, null)]
    [InlineData("maintainer=shop", null, null, null)]
    public void Group_is_read_from_the_labels_of_each_tool(string labels, string? project, string? service, int? replica)
    {
        var group = ContainerGroup.Of(labels.Split(' ').Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]));

        Assert.Equal(new ContainerGroup(project, service, replica), group);
    }

    [Fact]
    public async Task Every_row_has_its_group()
    {
        using var host = new ApiHost(Facts.Engine(
            Grouped('1', "shop", "web") with { Node = "worker-1" }, Facts.Container('2')));

        var rows = await host.ItemsAsync("?include=none&sort=name&fields=project,service,replica,node,name");

        Assert.Equal("""{"name":"c1","project":"shop","service":"web","replica":null,"node":"worker-1"}""", rows[0].GetRawText());
        Assert.Equal("""{"name":"c2","project":null,"service":null,"replica":null,"node":null}""", rows[1].GetRawText());
    }

    [Theory]
    [InlineData("project=shop", "c1,c2")]
    [InlineData("project=shop,blog", "c1,c2,c3")]
    [InlineData("project=shop&project=blog&service=web", "c1,c3")]
    [InlineData("service=web", "c1,c3")]
    [InlineData("project=sho", "")]
    public async Task List_filters_by_project_and_service(string query, string names)
    {
        using var host = new ApiHost(Facts.Engine(
            Grouped('1', "shop", "web"), Grouped('2', "shop", "db"), Grouped('3', "blog", "web"), Facts.Container('4')));

        var rows = await host.ItemsAsync($"?include=none&sort=name&{query}");

        Assert.Equal(names, string.Join(',', rows.At("name")));
    }

    [Theory]
    [InlineData("/containers?project=")]
    [InlineData("/containers?service=%01")]
    [InlineData("/containers/watch?project=")]
    public async Task Empty_or_unprintable_group_is_refused(string path)
    {
        using var host = new ApiHost(Facts.Engine());

        using var response = await host.Client.GetAsync(path);

        await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Table_has_columns_of_groups_only_where_a_row_has_a_value()
    {
        using var host = new ApiHost(Facts.Engine(Grouped('1', "shop", "web"), Facts.Container('2')));
        using var without = new ApiHost(Facts.Engine(Facts.Container('2')));

        var table = await host.Client.GetStringAsync("/containers?include=none&format=table&sort=name");
        var plain = await without.Client.GetStringAsync("/containers?include=none&format=table");
        var csv = await without.Client.GetStringAsync("/containers?include=none&format=csv");

        var lines = table.Split('\n');
        Assert.EndsWith("PROJECT   SERVICE   NAMES", lines[0]);
        Assert.EndsWith("shop      web       c1", lines[1]);
        Assert.EndsWith("-         -         c2", lines[2]);
        Assert.DoesNotContain("NODE", table);
        Assert.DoesNotContain("PROJECT", plain);
        Assert.Contains("name,project,service,replica,node,", csv);
    }

    [Fact]
    public async Task Metrics_have_the_group_as_labels()
    {
        using var host = new ApiHost(Facts.Engine(Grouped('1', "shop", "web"), Facts.Container('2')));

        var lines = (await host.Client.GetStringAsync("/metrics/containers")).Split('\n').Where(l => l.StartsWith("container_state{")).ToList();

        Assert.Contains("""project="shop",service="web",""", lines.Single(l => l.Contains("name=\"c1\"")));
        Assert.DoesNotContain("project=", lines.Single(l => l.Contains("name=\"c2\"")));
    }

    private static ContainerFacts Grouped(char digit, string project, string service) =>
        Facts.Container(digit) with { Labels = new Dictionary<string, string> { [Project] = project, [Service] = service } };
}
