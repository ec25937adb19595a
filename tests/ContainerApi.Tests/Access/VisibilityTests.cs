using System.Net;
using System.Text;
using System.Text.Json;
using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>For a key that is bound to labels or engines nothing else exists.</summary>
public sealed class VisibilityTests
{
    [Fact]
    public async Task No_operation_shows_or_changes_an_invisible_container()
    {
        // Every change of a container is a call that this engine does not expect, and would fail as such.
        var engine = Keys.TwoTeams();
        engine.Ping = _ => Task.FromResult("1.41");
        engine.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.41", Containers = 2, ContainersRunning = 2, ContainersPaused = 0, ContainersStopped = 0 });
        engine.ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([new ImageFacts { Id = Keys.Mine.ImageId, Tags = ["app:latest"], CreatedAt = Facts.Noon, SizeBytes = 1 }]);
        engine.InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = new ImageFacts { Id = Keys.Mine.ImageId, Tags = ["app:latest"], CreatedAt = Facts.Noon, SizeBytes = 1 } });
        engine.WatchContainers = _ => Subscribed();
        await using var host = new ApiHost(Keys.WithBound(), engine);
        using var client = host.With(Keys.Bound);

        foreach (var operation in await AccessTests.OperationsAsync(host))
        {
            foreach (var name in new[] { "foreign", Keys.Others.Id, Keys.Others.Id[..12] })
            {
                var request = operation with
                {
                    Path = operation.Path.Replace("/web", "/" + name, StringComparison.Ordinal),
                    Body = operation.Id is "commitContainer" ? $$"""{"container":"{{name}}","tag":"a"}"""
                        : operation.Id is "createImage" ? $$"""{"source":"{{name}}","tag":"a"}"""
                        : operation.Body,
                };
                using var message = request.Request();
                using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
                var text = await FirstOfAsync(response);

                // What the caller wrote itself may be repeated in an error.
                var shown = response.IsSuccessStatusCode ? text : text.Replace($"'{name}'", "", StringComparison.Ordinal);
                Assert.DoesNotContain("foreign", shown);
                Assert.DoesNotContain(Keys.Others.Id[..12], shown);
                if (request.Path != operation.Path || request.Body != operation.Body)
                {
                    Assert.True(response.StatusCode == HttpStatusCode.NotFound, $"{operation.Id}: {response.StatusCode} {text}");
                }
            }
        }
    }

    [Fact]
    public async Task Readiness_names_only_visible_engines()
    {
        var near = new FakeEngine { Name = "near", Ping = _ => throw new EngineException(ErrorCode.EngineUnavailable, "near", "Refused.") };
        var far = new FakeEngine { Name = "far", Ping = _ => Task.FromResult("1.45") };
        await using var host = new ApiHost(new Keys().Add("all", [Scopes.EnginesRead]).Add("one", [Scopes.EnginesRead], engines: ["far"]).Add("none", [Scopes.ContainersRead]), near, far);

        var seen = new Dictionary<string, string>();
        foreach (var (who, client) in new[] { ("nobody", host.Client), ("all", host.With("all")), ("one", host.With("one")), ("none", host.With("none")) })
        {
            var answer = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync("/readyz"));
            Assert.Equal("degraded", answer.GetProperty("state").GetString());
            seen[who] = string.Join(' ', answer.GetProperty("engines").EnumerateArray().Select(e => e.GetProperty("name").GetString()));
        }

        Assert.Equal(new Dictionary<string, string> { ["nobody"] = "", ["all"] = "near far", ["one"] = "far", ["none"] = "" }, seen);
        far.Ping = near.Ping;
        using var response = await host.Client.GetAsync("/readyz");
        var problem = await response.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        Assert.Equal("No engine answers.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Lists_counts_and_metrics_include_only_visible_containers()
    {
        var engine = Keys.TwoTeams();
        engine.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.41", Containers = 2, ContainersRunning = 2, ContainersPaused = 0, ContainersStopped = 0 });
        engine.ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([new ImageFacts { Id = Keys.Mine.ImageId, CreatedAt = Facts.Noon, SizeBytes = 1 }]);
        await using var host = new ApiHost(Keys.WithBound(), engine);
        using var client = host.With(Keys.Bound);

        var list = await JsonAsync(client, "/containers");
        Assert.Equal("mine", list.GetProperty("items").EnumerateArray().Single().GetProperty("name").GetString());
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        Assert.Equal(1, list.GetProperty("engines")[0].GetProperty("containers").GetInt32());
        var counts = (await JsonAsync(client, "/engines/local")).GetProperty("containers");
        Assert.Equal((1, 1), (counts.GetProperty("total").GetInt32(), counts.GetProperty("running").GetInt32()));
        Assert.Equal(1, (await JsonAsync(client, "/images")).GetProperty("items")[0].GetProperty("containers").GetInt32());
        Assert.Contains("name=\"mine\"", await client.GetStringAsync("/metrics/containers"));
    }

    [Fact]
    public async Task A_prefix_is_ambiguous_only_among_visible_containers()
    {
        var foreign = Facts.Container('1', "foreign") with { Id = new string('1', 63) + "2" };
        await using var host = new ApiHost(Keys.WithBound().Add("all", Scopes.All), Facts.Engine(Keys.Mine, foreign));

        using var bound = await host.With(Keys.Bound).GetAsync("/containers/1111");
        using var all = await host.With("all").GetAsync("/containers/1111");

        Assert.Equal(HttpStatusCode.OK, bound.StatusCode);
        Assert.Contains("foreign", await all.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Conflict, all.StatusCode);
    }

    [Fact]
    public async Task Callers_with_different_visibility_do_not_share_a_collection()
    {
        await using var host = new ApiHost(Keys.WithBound().Add("all", Scopes.All), Keys.TwoTeams());

        var all = await JsonAsync(host.With("all"), "/containers?maxAge=60");
        var bound = await JsonAsync(host.With(Keys.Bound), "/containers?maxAge=60");

        Assert.Equal(2, all.GetProperty("total").GetInt32());
        Assert.Equal(1, bound.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_shared_network_names_only_a_visible_container()
    {
        var sharing = Keys.Mine with { NetworkMode = "container:" + Keys.Others.Id, Networks = [] };
        var sidecar = Facts.Container('3', "sidecar", network: "container:" + Keys.Mine.Id) with { Labels = Keys.Mine.Labels };
        await using var host = new ApiHost(Keys.WithBound(), Facts.Engine(sharing, sidecar, Keys.Others));

        var items = (await JsonAsync(host.With(Keys.Bound), "/containers?name=mine")).GetProperty("items").EnumerateArray()
            .Concat((await JsonAsync(host.With(Keys.Bound), "/containers?name=sidecar")).GetProperty("items").EnumerateArray()).ToList();

        Assert.Equal(JsonValueKind.Null, items[0].GetProperty("network").GetProperty("sharedWith").ValueKind);
        Assert.Equal("container", items[0].GetProperty("network").GetProperty("mode").GetString());
        Assert.Equal(Keys.Mine.Id, items[1].GetProperty("network").GetProperty("sharedWith").GetString());
    }

    [Theory]
    [InlineData("""{"image":"app","labels":{"x":"1"}}""", HttpStatusCode.Created)]
    [InlineData("""{"image":"app","labels":{"team":"a"}}""", HttpStatusCode.Created)]
    [InlineData("""{"image":"app","labels":{"team":"b"}}""", HttpStatusCode.Forbidden)]
    [InlineData("""{"image":"app","networkMode":"container:foreign"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"image":"app","networkMode":"container:mine"}""", HttpStatusCode.Created)]
    public async Task A_created_container_is_visible_to_its_creator(string body, HttpStatusCode expected)
    {
        var made = new List<ContainerSpec>();
        var engine = Keys.TwoTeams();
        engine.CreateContainer = (spec, _) =>
        {
            made.Add(spec);
            return Task.FromResult(new CreatedContainer(Facts.Id('9'), []));
        };
        engine.InspectContainer = (_, _) => Task.FromResult(new ContainerDetails(Facts.Id('9'), "made", Keys.Mine.Labels));
        await using var host = new ApiHost(Keys.WithBound(), engine);

        using var response = await host.With(Keys.Bound).PostAsync("/containers", new StringContent(body, Encoding.UTF8, "application/json"));

        await response.ReadJsonAsync(expected);
        Assert.Equal(expected == HttpStatusCode.Created ? ["a"] : [], made.Select(m => m.Labels["team"]));
    }

    [Fact]
    public async Task An_engine_error_does_not_name_an_invisible_container()
    {
        var engine = Keys.TwoTeams();
        engine.RemoveImage = (_, _, _) => throw new EngineException(ErrorCode.Conflict, "local", $"image is being used by running container {Keys.Others.Id[..12]}");
        await using var host = new ApiHost(Keys.WithBound(), engine);

        using var response = await host.With(Keys.Bound).DeleteAsync("/images/app");

        var problem = await response.ReadProblemAsync(HttpStatusCode.Conflict, "conflict");
        Assert.Equal("image is being used by running container (id)", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_key_limited_to_an_engine_sees_no_other()
    {
        var keys = new Keys().Add("far", Scopes.All, engines: ["far"]);
        await using var host = new ApiHost(keys, Facts.EngineNamed("near", Facts.Container('1', "near")), Facts.EngineNamed("far", Facts.Container('2', "there")));
        using var client = host.With("far");

        var list = await JsonAsync(client, "/containers");
        using var other = await client.GetAsync("/containers?engine=near");
        using var watch = await client.GetAsync("/containers/watch?engine=near");

        Assert.Equal(["there"], list.GetProperty("items").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
        Assert.Equal(["far"], list.GetProperty("engines").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
        await other.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
        await watch.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
    }

    [Fact]
    public async Task A_key_limited_to_labels_sees_only_its_own_builds()
    {
        var engine = Keys.TwoTeams();
        engine.Ping = _ => Task.FromResult("1.41");
        engine.Build = (_, _, _) => throw new EngineException(ErrorCode.EngineUnavailable, "local", "away");
        await using var host = new ApiHost(Keys.WithBound().Add("all", Scopes.All), engine);
        using var all = host.With("all");
        using var bound = host.With(Keys.Bound);
        foreach (var client in new[] { all, bound })
        {
            using var started = await client.PostAsync("/images/build", new StringContent("FROM scratch\n", Encoding.UTF8, "text/x-dockerfile"));
        }

        var seen = (await JsonAsync(bound, "/builds")).GetProperty("items").EnumerateArray().ToList();
        var every = (await JsonAsync(all, "/builds")).GetProperty("items").EnumerateArray().ToList();
        var others = every.Single(b => b.GetProperty("startedBy").GetString() == "all").GetProperty("id").GetString();
        using var inspected = await bound.GetAsync("/builds/" + others);
        using var followed = await bound.GetAsync($"/builds/{others}/events");
        using var deleted = await bound.DeleteAsync("/builds/" + others);

        Assert.Equal([Keys.Bound], seen.Select(b => b.GetProperty("startedBy").GetString()));
        Assert.Equal(2, every.Count);
        foreach (var refused in new[] { inspected, followed, deleted })
        {
            await refused.ReadProblemAsync(HttpStatusCode.NotFound, "build_not_found");
        }
    }

    private static async IAsyncEnumerable<ContainerEvent> Subscribed()
    {
        yield return ContainerEvent.Subscribed;
        await Task.Delay(Timeout.Infinite);
    }

    /// <summary>What a stream says at first, or all of a document.</summary>
    private static async Task<string> FirstOfAsync(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/x-ndjson")
        {
            return await response.Content.ReadAsStringAsync();
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        return await reader.ReadLineAsync() ?? "";
    }

    private static async Task<JsonElement> JsonAsync(HttpClient client, string address)
    {
        using var response = await client.GetAsync(address);
        return await response.ReadJsonAsync(HttpStatusCode.OK);
    }
}
