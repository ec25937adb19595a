using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>For a key that is limited to labels or engines, nothing else exists.</summary>
public sealed class VisibilityTests
{
    private static readonly ImageFacts Image = new() { Id = Keys.Mine.ImageId, Tags = ["app:latest"], CreatedAt = Facts.Noon, SizeBytes = 1 };

    [Fact]
    public async Task Operations_on_an_invisible_container_return_404_and_show_nothing_of_it()
    {
        // The engine fails every change of a container, because it does not expect the call.
        var engine = Engine();
        engine.Ping = _ => Task.FromResult("1.41");
        engine.InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image });
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        await using var host = new ApiHost(Keys.WithLimited(), engine);
        using var client = host.With(Keys.Limited);

        foreach (var operation in AccessTests.Operations)
        {
            foreach (var name in new[] { "foreign", Keys.Others.Id, Keys.Others.Id[..12] })
            {
                var request = operation with
                {
                    Path = operation.Path.Replace("/web", "/" + name, StringComparison.Ordinal),
                    Body = operation.Id switch
                    {
                        "commitContainer" => $$"""{"container":"{{name}}","tag":"a"}""",
                        "createImage" => $$"""{"source":"{{name}}","tag":"a"}""",
                        _ => operation.Body,
                    },
                };
                using var message = request.Request();
                using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
                var text = await BeginningOfAsync(response);

                // An error may repeat the caller's own text.
                var shown = response.IsSuccessStatusCode ? text : text.Replace($"'{name}'", "", StringComparison.Ordinal);
                Assert.DoesNotContain("foreign", shown);
                Assert.DoesNotContain(Keys.Others.Id[..12], shown);
                if (request != operation)
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
        IReadOnlyList<string> scopes = [Scopes.EnginesRead];
        await using var host = new ApiHost(
            new Keys().Add("all", scopes).Add("one", scopes, engines: ["far"]).Add("none", [Scopes.ContainersRead]), near, far);

        foreach (var (client, expected) in new[]
        {
            (host.Client, ""), (host.With("all"), "near far"), (host.With("one"), "far"), (host.With("none"), ""),
        })
        {
            var answer = await client.GetJsonAsync("/readyz");
            Assert.Equal("degraded", answer.GetProperty("state").GetString());
            Assert.Equal(expected, string.Join(' ', answer.Items("name", "engines")));
        }

        far.Ping = near.Ping;
        using var response = await host.Client.GetAsync("/readyz");
        var problem = await response.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        Assert.Equal("No engine answers.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Lists_counts_and_metrics_include_only_visible_containers()
    {
        await using var host = new ApiHost(Keys.WithLimited().Add("all", Scopes.All), Engine());
        using var client = host.With(Keys.Limited);

        Assert.Equal(2, (await host.With("all").GetJsonAsync("/containers?maxAge=60")).GetProperty("total").GetInt32());
        // Callers with different visibility do not share a collection.
        var list = await client.GetJsonAsync("/containers?maxAge=60");
        Assert.Equal(["mine"], list.Items("name"));
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        Assert.Equal(1, list.GetProperty("engines")[0].GetProperty("containers").GetInt32());
        var counts = (await client.GetJsonAsync("/engines/local")).GetProperty("containers");
        Assert.Equal((1, 1), (counts.GetProperty("total").GetInt32(), counts.GetProperty("running").GetInt32()));
        Assert.Equal(1, (await client.GetJsonAsync("/images")).GetProperty("items")[0].GetProperty("containers").GetInt32());
        Assert.Contains("name=\"mine\"", await client.GetStringAsync("/metrics/containers"));
    }

    [Fact]
    public async Task Containers_of_build_steps_are_hidden_from_callers_with_labels()
    {
        var retagged = Keys.Mine with { Image = "sha256:" + Facts.Id('f') };
        var step = retagged with { Id = Facts.Id('5'), Name = "step" };
        var engine = Facts.Engine(retagged, step);
        var inspected = 0;
        engine.InspectContainer = (reference, _) =>
        {
            Interlocked.Increment(ref inspected);
            var isStep = reference.Value is "step" || reference.Value == step.Id;
            return Task.FromResult(ContainerDetails.Of(isStep ? step : retagged) with { IsBuildStep = isStep });
        };
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        await using var host = new ApiHost(Keys.WithLimited().Add("all", Scopes.All), engine);
        using var client = host.With(Keys.Limited);

        var list = await client.GetJsonAsync("/containers");
        Assert.Equal(["mine"], list.Items("name"));
        Assert.Equal(2, inspected);
        using (var watch = new StreamReader(await client.GetStreamAsync("/containers/watch?include=none")))
        {
            var snapshot = JsonSerializer.Deserialize<JsonElement>((await watch.ReadLineAsync())!);
            Assert.Equal(["mine"], snapshot.Items("name"));
            Assert.Equal(1, snapshot.GetProperty("engines")[0].GetProperty("containers").GetInt32());
        }

        await client.GetJsonAsync("/containers/step", HttpStatusCode.NotFound);
        Assert.Equal(2, (await host.With("all").GetJsonAsync("/containers")).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Prefix_is_ambiguous_only_among_visible_containers()
    {
        var foreign = Facts.Container('1', "foreign") with { Id = new string('1', 63) + "2" };
        await using var host = new ApiHost(Keys.WithLimited().Add("all", Scopes.All), Facts.Engine(Keys.Mine, foreign));

        await host.With(Keys.Limited).GetJsonAsync("/containers/1111");
        var conflict = await host.With("all").GetJsonAsync("/containers/1111", HttpStatusCode.Conflict);

        Assert.Contains("foreign", conflict.GetRawText());
    }

    [Fact]
    public async Task Shared_network_names_only_a_visible_container()
    {
        var sharing = Keys.Mine with { NetworkMode = "container:" + Keys.Others.Id, Networks = [] };
        var sidecar = Facts.Container('3', "sidecar", network: "container:" + Keys.Mine.Id) with { Labels = Keys.Mine.Labels };
        await using var host = new ApiHost(Keys.WithLimited(), Facts.Engine(sharing, sidecar, Keys.Others));

        Assert.Equal(("container", null), await NetworkAsync("mine"));
        Assert.Equal(("container", Keys.Mine.Id), await NetworkAsync("sidecar"));

        async Task<(string?, string?)> NetworkAsync(string name)
        {
            var list = await host.With(Keys.Limited).GetJsonAsync("/containers?name=" + name);
            var network = list.GetProperty("items").EnumerateArray().Single().GetProperty("network");
            return (network.GetProperty("mode").GetString(), network.GetProperty("sharedWith").GetString());
        }
    }

    [Theory]
    [InlineData("""{"image":"app","labels":{"x":"1"}}""", HttpStatusCode.Created)]
    [InlineData("""{"image":"app","labels":{"team":"a"}}""", HttpStatusCode.Created)]
    [InlineData("""{"image":"app","labels":{"team":"b"}}""", HttpStatusCode.Forbidden)]
    [InlineData("""{"image":"app","networkMode":"container:foreign"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"image":"app","networkMode":"container:mine"}""", HttpStatusCode.Created)]
    public async Task Created_container_has_the_labels_of_its_creator(string body, HttpStatusCode expected)
    {
        var created = new List<ContainerSpec>();
        var engine = Keys.TwoTeams();
        engine.CreateContainer = (spec, _) =>
        {
            created.Add(spec);
            return Task.FromResult(new CreatedContainer(Facts.Id('9'), []));
        };
        engine.InspectContainer = (_, _) => Task.FromResult(new ContainerDetails(Facts.Id('9'), "made", Keys.Mine.Labels));
        await using var host = new ApiHost(Keys.WithLimited(), engine);

        using var response = await host.With(Keys.Limited).PostTextAsync("/containers", body);

        await response.ReadJsonAsync(expected);
        Assert.Equal(expected == HttpStatusCode.Created ? ["a"] : [], created.Select(m => m.Labels["team"]));
    }

    [Fact]
    public async Task Engine_error_does_not_name_an_invisible_container()
    {
        var engine = Keys.TwoTeams();
        engine.RemoveImage = (_, _, _) =>
            throw new EngineException(ErrorCode.Conflict, "local", $"image is being used by running container {Keys.Others.Id[..12]}");
        await using var host = new ApiHost(Keys.WithLimited(), engine);

        using var response = await host.With(Keys.Limited).DeleteAsync("/images/app");

        var problem = await response.ReadProblemAsync(HttpStatusCode.Conflict, "conflict");
        Assert.Equal("image is being used by running container (id)", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Key_limited_to_an_engine_sees_no_other()
    {
        var (near, far) = (Facts.EngineNamed("near", Facts.Container('1', "near")), Facts.EngineNamed("far", Facts.Container('2', "there")));
        await using var host = new ApiHost(new Keys().Add("far", Scopes.All, engines: ["far"]), near, far);
        using var client = host.With("far");

        var list = await client.GetJsonAsync("/containers");
        using var other = await client.GetAsync("/containers?engine=near");
        using var watch = await client.GetAsync("/containers/watch?engine=near");

        Assert.Equal(["there"], list.Items("name"));
        Assert.Equal(["far"], list.Items("name", "engines"));
        await other.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
        await watch.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
    }

    [Fact]
    public async Task Key_whose_engines_match_none_sees_nothing_and_is_reported_at_startup()
    {
        await using var service = new RecordedLog(new Keys().Add("lost", Scopes.All, engines: ["gone"]), Keys.TwoTeams());
        using var client = service.CreateClient();
        client.DefaultRequestHeaders.Add("X-Api-Key", "lost");

        foreach (var address in new[] { "/containers", "/containers?all=true&format=csv", "/images", "/engines", "/builds", "/metrics/containers" })
        {
            using var response = await client.GetAsync(address);
            Assert.True(response.IsSuccessStatusCode, $"{address}: {await response.Content.ReadAsStringAsync()}");
            Assert.DoesNotContain("mine", await response.Content.ReadAsStringAsync());
        }

        using var one = await client.GetAsync("/containers/mine");
        await one.ReadProblemAsync(HttpStatusCode.NotFound, "container_not_found");
        using var image = await client.GetAsync("/images/busybox");
        await image.ReadProblemAsync(HttpStatusCode.NotFound, "image_not_found");
        Assert.Contains(service.Lines, l => l.Message.Contains("names the unknown engine 'gone'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_limited_to_labels_sees_only_its_own_builds()
    {
        var engine = Keys.TwoTeams();
        engine.Ping = _ => Task.FromResult("1.41");
        engine.Build = (_, _, _) => throw new EngineException(ErrorCode.EngineUnavailable, "local", "unreachable");
        await using var host = new ApiHost(Keys.WithLimited().Add("all", Scopes.All), engine);
        using var all = host.With("all");
        using var limited = host.With(Keys.Limited);
        foreach (var client in new[] { all, limited })
        {
            using var started = await client.PostTextAsync("/images/build", "FROM scratch\n", "text/x-dockerfile");
        }

        Assert.Equal(["key:" + Keys.Limited], (await limited.GetJsonAsync("/builds")).Items("startedBy"));
        var builds = (await all.GetJsonAsync("/builds")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(2, builds.Count);
        var other = "/builds/" + builds.Single(b => b.GetProperty("startedBy").GetString() == "key:all").GetProperty("id").GetString();
        using var inspected = await limited.GetAsync(other);
        using var followed = await limited.GetAsync(other + "/events");
        using var deleted = await limited.DeleteAsync(other);
        foreach (var refused in new[] { inspected, followed, deleted })
        {
            await refused.ReadProblemAsync(HttpStatusCode.NotFound, "build_not_found");
        }
    }

    [Fact]
    public async Task Builds_of_one_caller_do_not_remove_those_of_another()
    {
        var engine = Keys.TwoTeams();
        engine.Ping = _ => Task.FromResult("1.41");
        engine.Build = (_, _, _) => throw new EngineException(ErrorCode.EngineUnavailable, "local", "unreachable");
        await using var host = new ApiHost(Keys.WithLimited().Add("all", Scopes.All).With("Builds:History:MaxBuilds", "3"), engine);
        using var all = host.With("all");
        foreach (var name in (string[])["all", .. Enumerable.Repeat(Keys.Limited, 5)])
        {
            using var client = host.With(name);
            using var started = await client.PostTextAsync("/images/build", "FROM scratch\n", "text/x-dockerfile");
        }

        string[] expected = ["key:" + Keys.Limited, "key:" + Keys.Limited, "key:all"];
        Assert.Equal(expected, (await all.GetJsonAsync("/builds")).Items("startedBy"));
    }

    private static FakeEngine Engine()
    {
        var engine = Keys.TwoTeams();
        engine.Describe = _ => Task.FromResult(
            new EngineInfo { ApiVersion = "1.41", Containers = 2, ContainersRunning = 2, ContainersPaused = 0, ContainersStopped = 0 });
        engine.ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([Image]);
        return engine;
    }

    /// <summary>The first line of a stream, or a whole document.</summary>
    private static async Task<string> BeginningOfAsync(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/x-ndjson")
        {
            return await response.Content.ReadAsStringAsync();
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        return await reader.ReadLineAsync() ?? "";
    }
}
