using ContainerApi.Tests.Builds;

namespace ContainerApi.Tests.Cluster;

/// <summary>Requests about one thing that another replica owns.</summary>
public sealed class ForwardingTests(TwoReplicas nodes) : IClassFixture<TwoReplicas>
{
    [Theory]
    [InlineData("/containers/api")]
    [InlineData("/v1/containers/api?engine=node2&fields=name,engine")]
    [InlineData("/containers/api/stats")]
    [InlineData("/containers/api/processes")]
    [InlineData("/images/node2:v1")]
    [InlineData("/containers/same?engine=node2")]
    public async Task Read_of_one_thing_is_answered_by_its_owner(string path) =>
        Assert.Equal("node2", (await nodes.First.GetJsonAsync(path)).GetProperty("engine").GetString());

    [Fact]
    public async Task Engine_of_another_replica_describes_itself() =>
        Assert.Equal("ok", (await nodes.First.GetJsonAsync("/engines/node2")).GetProperty("state").GetString());

    [Fact]
    public async Task Name_on_several_engines_is_a_conflict_with_candidates()
    {
        var problem = await nodes.First.GetJsonAsync("/containers/same", HttpStatusCode.Conflict);

        Assert.Equal("ambiguous_reference", problem.GetProperty("code").GetString());
        Assert.Equal(["node1", "node2"], problem.Items("engine", "matches").Order());
        Assert.Equal("node1", (await nodes.First.GetJsonAsync("/containers/same?local=true")).GetProperty("engine").GetString());
    }

    [Fact]
    public async Task Unknown_things_are_404()
    {
        await nodes.First.GetJsonAsync("/containers/nothing", HttpStatusCode.NotFound);
        await nodes.First.GetJsonAsync("/containers/api?engine=elsewhere", HttpStatusCode.NotFound);
        await nodes.First.GetJsonAsync("/images/nothing", HttpStatusCode.NotFound);
        await nodes.First.GetJsonAsync("/builds/01ARZ3NDEKTSV4RRFFQ69G5FAV", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Change_goes_to_the_named_engine_and_must_name_it()
    {
        using var unnamed = await nodes.First.Client.PostAsync("/containers/api/stop", null);
        var problem = await unnamed.ReadProblemAsync(HttpStatusCode.BadRequest, "engine_required");
        using var named = await nodes.First.Client.PostAsync("/containers/api/stop?engine=node2", null);

        Assert.EndsWith("Allowed engines: node1, node2.", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, named.StatusCode);
        Assert.Contains("node2 4", nodes.Stopped);
    }

    [Fact]
    public async Task Engine_in_a_JSON_body_decides()
    {
        using var response = await nodes.First.Client.PostTextAsync(
            "/v1/images/tag", $$"""{"image":"node2:v1","tag":"{{TwoReplicas.Tagged}}","engine":"node2"}""");

        Assert.Equal("node2", (await response.ReadJsonAsync(HttpStatusCode.Created)).GetProperty("engine").GetString());
        Assert.Equal("/v1/images/tagged:v1?engine=node2", response.Headers.Location?.ToString());
        Assert.False(response.Headers.Contains("ContainerApi-Replica"));
    }

    [Fact]
    public async Task Owner_authenticates_the_caller_again()
    {
        using var response = await nodes.First.WithKey(TwoReplicas.OnlyFirst).Client.GetAsync("/containers/api?engine=node2");

        await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Request_of_a_replica_is_not_forwarded_again()
    {
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(
            nodes.Stage.CertificateFile, nodes.Stage.KeyFile);
        using var client = ClusterStage.PeerClient(certificate);
        client.DefaultRequestHeaders.Add("X-Api-Key", TwoReplicas.Admin);

        using var one = await client.GetAsync(nodes.Stage.PeerAddress(0) + "/containers/api?engine=node2");
        var list = await client.GetJsonAsync(nodes.Stage.PeerAddress(0) + "/containers?include=none");

        Assert.Equal(HttpStatusCode.NotFound, one.StatusCode);
        Assert.Equal(["node1"], list.Items("name", "engines"));
    }

    [Fact]
    public async Task Build_for_another_engine_streams_and_is_a_resource_at_every_replica()
    {
        var posting = SendAsync("/builds?engine=node2", CancellationToken.None);
        var build = await nodes.NextBuildAsync();
        build.Begin();
        using var response = await posting;
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var started = await BuildApi.LineAsync(reader);
        var id = BuildApi.Text(started, "buildId");

        // The build runs: its lines arrive while they are written.
        Assert.Equal("node2", BuildApi.Text(started, "engine"));
        Assert.Equal("running", BuildApi.Text(await nodes.First.GetJsonAsync($"/builds/{id}"), "state"));
        build.Finish();
        Assert.Contains("\"error\":null", (await reader.ReadToEndAsync()).Split('\n')[^2], StringComparison.Ordinal);
        Assert.Contains("\"result\"", await nodes.First.Client.GetStringAsync($"/builds/{id}/events"), StringComparison.Ordinal);
        using var deleted = await nodes.First.Client.DeleteAsync($"/builds/{id}");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await nodes.Second.GetJsonAsync($"/builds/{id}", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Build_for_any_engine_goes_to_the_one_with_the_fewest()
    {
        // Another test may still have a build on the other engine.
        var busy = new List<EngineBuild>();
        for (var n = 0; n < 2; n++)
        {
            _ = SendAsync("/builds?engine=node1&mode=detach", CancellationToken.None);
            busy.Add(await nodes.NextBuildAsync());
            busy[^1].Begin();
        }

        foreach (var replica in new[] { nodes.First, nodes.Second })
        {
            var posting = replica.Client.PostTextAsync("/builds?engine=any&mode=detach", "FROM x", "text/x-dockerfile");
            (await nodes.NextBuildAsync()).Succeed();
            using var response = await posting;

            Assert.Equal("node2", BuildApi.Text(await response.ReadJsonAsync(HttpStatusCode.Accepted), "engine"));
        }

        busy.ForEach(b => b.Finish());
    }

    [Fact]
    public async Task Client_that_leaves_stops_its_build_at_the_owner()
    {
        using var leaving = new CancellationTokenSource();
        var posting = SendAsync("/builds?engine=node2", leaving.Token);
        var build = await nodes.NextBuildAsync();
        build.Begin();
        var response = await posting;

        response.Dispose();
        await leaving.CancelAsync();

        await build.Stopped;
    }

    private Task<HttpResponseMessage> SendAsync(string path, CancellationToken cancellationToken) => nodes.First.Client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("FROM x", Encoding.UTF8, "text/x-dockerfile") },
        HttpCompletionOption.ResponseHeadersRead, cancellationToken);
}
