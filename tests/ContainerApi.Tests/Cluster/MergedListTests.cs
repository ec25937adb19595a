
namespace ContainerApi.Tests.Cluster;

/// <summary>Lists of two replicas that answer.</summary>
public sealed class MergedListTests(TwoReplicas nodes) : IClassFixture<TwoReplicas>
{
    [Fact]
    public async Task Containers_of_all_replicas_are_listed_by_each()
    {
        foreach (var replica in new[] { nodes.First, nodes.Second })
        {
            var list = await replica.GetJsonAsync("/v1/containers?sort=name");

            Assert.Equal(["api", "db", "same", "same", "web"], list.Items("name"));
            Assert.Equal(["node1", "node2"], list.Items("name", "engines").Order());
            Assert.Equal(["ok", "ok"], list.Items("state", "engines"));
            Assert.Equal(5, list.GetProperty("total").GetInt32());
            Assert.True(list.GetProperty("complete").GetBoolean());
            Assert.All(list.GetProperty("items").EnumerateArray(), c =>
            {
                Assert.Equal("ok", c.GetProperty("usage").GetProperty("state").GetString());
                Assert.Equal(42, c.GetProperty("processes").GetProperty("items")[0].GetProperty("pid").GetInt32());
                Assert.Equal("172.17.0.2", c.GetProperty("networks")[0].GetProperty("ipv4").GetString());
            });
        }
    }

    [Fact]
    public async Task Local_list_has_the_engine_of_the_replica_alone()
    {
        var list = await nodes.Second.GetJsonAsync("/containers?local=true&include=none");

        Assert.Equal(["node2"], list.Items("name", "engines"));
        Assert.Equal(2, list.GetProperty("total").GetInt32());
    }

    [Theory]
    [InlineData("name", "api,db,same,same,web")]
    [InlineData("-createdAt", "same,api,same,db,web")]
    [InlineData("-usage.memoryBytes", "web,db,same,api,same")]
    public async Task Pages_continue_at_every_replica(string sort, string expected)
    {
        var names = new List<string?>();
        string? cursor = null;
        do
        {
            var replica = names.Count % 2 == 0 ? nodes.First : nodes.Second;
            var page = await replica.GetJsonAsync($"/containers?include=none&sort={sort}&limit=1" + (cursor is null ? "" : "&cursor=" + cursor));
            names.AddRange(page.Items("name"));
            Assert.Equal(5, page.GetProperty("total").GetInt32());
            Assert.False(page.GetProperty("items")[0].TryGetProperty("usage", out _));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null && names.Count < 10);

        Assert.Equal(expected, string.Join(',', names));
    }

    [Fact]
    public async Task Filters_fields_and_formats_are_those_of_one_replica()
    {
        var csv = await nodes.First.Client.GetStringAsync("/containers?name=same&fields=engine,name,usage.pids&format=csv&sort=engine");
        var one = await nodes.First.GetJsonAsync("/containers?engine=node2&fields=name&sort=name");

        Assert.Equal("engine,name,usage.pids\r\nnode1,same,1\r\nnode2,same,1\r\n", csv);
        Assert.Equal(["api", "same"], one.Items("name"));
        Assert.Equal(["node2"], one.Items("name", "engines"));
        await nodes.First.GetJsonAsync("/containers?engine=elsewhere", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Unchanged_list_is_304()
    {
        using var first = await nodes.First.Client.GetAsync("/containers?include=none");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers?include=none");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var second = await nodes.First.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task Key_sees_and_may_what_each_replica_allows_it()
    {
        var second = await nodes.First.WithKey(TwoReplicas.OnlySecond).GetJsonAsync("/containers?include=none");
        var first = await nodes.First.WithKey(TwoReplicas.OnlyFirst).GetJsonAsync("/containers?include=none&sort=name");

        Assert.Equal(["node2"], second.Items("name", "engines"));
        Assert.Equal(2, second.GetProperty("total").GetInt32());
        Assert.Equal(["db", "same", "web"], first.Items("name"));
        Assert.False(first.GetProperty("complete").GetBoolean());
        var refused = first.GetProperty("engines").EnumerateArray().Single(e => e.GetProperty("name").GetString() == "node2");
        Assert.Equal("error", refused.GetProperty("state").GetString());
        Assert.Equal("unauthenticated", refused.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Summary_adds_the_sums_of_all_replicas()
    {
        var summary = await nodes.First.GetJsonAsync("/summary?by=engine&by=image");

        Assert.Equal(["node1", "node2"], summary.GetProperty("groups").EnumerateArray()
            .Select(g => g.GetProperty("key").GetProperty("engine").GetString()));
        Assert.Equal(5, summary.GetProperty("total").GetProperty("containers").GetProperty("running").GetInt32());
        Assert.Equal(5 * 4096, summary.GetProperty("total").GetProperty("usage").GetProperty("memoryBytes").GetInt64());
        Assert.True(summary.GetProperty("complete").GetBoolean());
        var byProject = await nodes.First.GetJsonAsync("/summary");
        Assert.Equal(5, Assert.Single(byProject.GetProperty("groups").EnumerateArray()).GetProperty("processes").GetInt32());
    }

    [Theory]
    [InlineData("/engines", "name")]
    [InlineData("/images", "engine")]
    public async Task Other_lists_have_all_engines(string path, string field)
    {
        Assert.Equal(["node1", "node2"], (await nodes.First.GetJsonAsync(path + "?sort=" + field)).Items(field));
        Assert.Equal(["node2"], (await nodes.First.GetJsonAsync(path + "?engine=node2")).Items(field));
        Assert.Equal(["node1"], (await nodes.First.GetJsonAsync(path + "?local=true")).Items(field));
    }

    [Fact]
    public async Task Metrics_of_all_replicas_have_each_family_once()
    {
        var lines = (await nodes.First.Client.GetStringAsync("/metrics/containers")).Split('\n');
        var local = await nodes.First.Client.GetStringAsync("/metrics/containers?local=true");

        Assert.Equal(5, lines.Count(l => l.StartsWith("container_state{", StringComparison.Ordinal)));
        Assert.Single(lines, l => l.StartsWith("# TYPE container_state ", StringComparison.Ordinal));
        Assert.Single(lines, "containerapi_engine_up{engine=\"node1\"} 1");
        Assert.Single(lines, "containerapi_engine_up{engine=\"node2\"} 1");
        Assert.Single(lines, "containerapi_metrics_omitted_containers 0");
        Assert.DoesNotContain("node2", local, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Builds_of_all_replicas_are_listed()
    {
        var posting = nodes.Second.Client.PostTextAsync("/builds?mode=detach&engine=node2", "FROM x", "text/x-dockerfile");
        (await nodes.NextBuildAsync()).Succeed();
        using var response = await posting;
        var id = (await response.ReadJsonAsync(HttpStatusCode.Accepted)).GetProperty("id").GetString();

        var list = await nodes.First.GetJsonAsync("/builds");

        Assert.Contains(id, list.Items("id"));
        Assert.True(list.GetProperty("complete").GetBoolean());
        Assert.DoesNotContain(id, (await nodes.First.GetJsonAsync("/builds?local=true")).Items("id"));
    }
}
