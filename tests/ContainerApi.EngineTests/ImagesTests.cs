namespace ContainerApi.EngineTests;

/// <summary>Images through the service; the engine's API gives the expected values.</summary>
[Collection(EngineCollection.Name)]
public sealed class ImagesTests(EngineFixture fixture) : ImageCalls(fixture)
{
    [Fact]
    public async Task List_filters_images_and_counts_their_containers()
    {
        var id = await Fixture.SleepAsync(start: false);
        var tag = Tag();
        var value = Guid.NewGuid().ToString("n");
        await CommitAsync(new { container = id, tag, changes = new[] { MyLabel, $"LABEL own={value}" } });
        var unnamed = await CommitAsync(new { container = id, changes = new[] { MyLabel, $"LABEL own={value}" } });
        await Fixture.CreateAsync(new { Image = tag, Cmd = new[] { "sleep", "1" } }, start: false);
        await Fixture.CreateAsync(new { Image = tag, Cmd = new[] { "sleep", "1000" } });

        var named = await ListAsync($"label=own={value}&dangling=false");
        var dangling = await ListAsync($"label=own={value}&dangling=true");
        var both = await ListAsync($"label=own={value}&label={EngineFixture.Label}");
        var byName = await ListAsync($"reference={tag[..^3]}*");

        var row = Assert.Single(named);
        Assert.Equal([tag], Texts(row!["tags"]));
        Assert.Equal(2, row["containers"]!.GetValue<int>());
        Assert.Equal(value, Text(row["labels"]!, "own"));
        Assert.Equal(Text(row, "id")["sha256:".Length..][..12], Text(row, "shortId"));
        // The containerd image store counts the compressed layers in its list, too.
        var listed = JsonNode.Parse(await Fixture.Engine.GetStringAsync("images/json"))!.AsArray().Single(i => Text(i!, "Id") == Text(row, "id"))!;
        Assert.Equal(listed["Size"]!.GetValue<long>(), row["sizeBytes"]!.GetValue<long>());
        Assert.Equal(Text(unnamed, "id"), Assert.Single(dangling)!["id"]!.GetValue<string>());
        Assert.Empty(Texts(dangling[0]!["tags"]));
        Assert.Equal(2, both.Count);
        Assert.Equal(Text(row, "id"), Assert.Single(byName)!["id"]!.GetValue<string>());
        Assert.Empty(await ListAsync($"label=own={value}&label=not-there"));
    }

    [Fact]
    public async Task Inspect_returns_the_image_by_name_and_by_id()
    {
        var id = await Fixture.SleepAsync(start: false);
        var tag = $"localhost:5000/containerapi-test/{Fixture.UniqueName("shown")}:v1";
        var committed = await CommitAsync(
            new { container = id, tag, comment = "shown", changes = new[] { MyLabel, "ENTRYPOINT [\"sh\"]", "VOLUME /data" } });
        var imageId = Text(committed, "id");

        foreach (var name in new[] { tag, Uri.EscapeDataString(tag), imageId, imageId["sha256:".Length..], imageId["sha256:".Length..][..12] })
        {
            using var response = await Fixture.Client.GetAsync($"/images/{name}");
            var image = await ReadAsync(response, HttpStatusCode.OK);
            Assert.Equal(imageId, Text(image, "id"));
            Assert.Equal((["sh"], ["/data"]), (Texts(image["entrypoint"]).ToArray(), Texts(image["volumes"]).ToArray()), ArraysEqual);
            Assert.Equal(["shown", "Imported from -"], image["history"]!.AsArray().Select(h => Text(h!, "comment")));
            Assert.Equal("linux", Text(image, "os"));
            Assert.Single(image["layers"]!.AsArray());
        }
    }

    [Fact]
    public async Task Removal_of_the_last_tag_deletes_the_image()
    {
        var id = await Fixture.SleepAsync(start: false);
        var (first, second) = (Tag(), Tag());
        var imageId = (await CommitAsync(new { container = id, tag = first, changes = new[] { MyLabel } }))["id"]!.GetValue<string>();

        using var tagged = await Fixture.Client.PostAsJsonAsync("/images/tag", new { image = imageId["sha256:".Length..][..12], tag = second });
        var answer = await ReadAsync(tagged, HttpStatusCode.Created);
        Assert.Equal(imageId, Text(answer, "id"));
        Assert.Equal(new[] { first, second }.Order(StringComparer.Ordinal), Texts(answer["tags"]).Order(StringComparer.Ordinal));
        using var byId = await Fixture.Client.DeleteAsync($"/images/{imageId}?force=false");
        await ProblemAsync(byId, HttpStatusCode.Conflict, "conflict");
        using var untagged = await Fixture.Client.DeleteAsync($"/images/{first}");
        var removed = await ReadAsync(untagged, HttpStatusCode.OK);
        Assert.Equal(([first], []), (Texts(removed["untagged"]).ToArray(), Texts(removed["deleted"]).ToArray()), ArraysEqual);
        using var last = await Fixture.Client.DeleteAsync($"/images/{second}");
        Assert.Contains(imageId, Texts((await ReadAsync(last, HttpStatusCode.OK))["deleted"]));
        using var gone = await Fixture.Client.GetAsync($"/images/{second}");
        await ProblemAsync(gone, HttpStatusCode.NotFound, "image_not_found");
    }

    [Fact]
    public async Task Removal_of_an_image_in_use_needs_force()
    {
        var id = await Fixture.SleepAsync(start: false);
        var tag = Tag();
        await CommitAsync(new { container = id, tag, changes = new[] { MyLabel } });
        await Fixture.CreateAsync(new { Image = tag, Cmd = new[] { "sleep", "1" } }, start: false);

        using var refused = await Fixture.Client.DeleteAsync($"/images/{tag}?force=false");
        await ProblemAsync(refused, HttpStatusCode.Conflict, "image_in_use");
        using var removed = await Fixture.Client.DeleteAsync($"/images/{tag}?force=true");
        Assert.Equal([tag], Texts((await ReadAsync(removed, HttpStatusCode.OK))["untagged"]));
    }

    [Fact]
    public async Task Pull_streams_layers_and_ends_with_id_and_digest()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run);

        var lines = await PullAsync(new { image = registry.Reference });

        var result = lines[^1];
        Assert.Equal(("result", "succeeded"), (Text(result, "type"), Text(result, "state")));
        var id = Text(result, "imageId");
        Assert.Contains(id, registry.Ids);
        Assert.Equal((registry.Digest, registry.Reference), (Text(result, "digest"), Text(result, "image")));
        Assert.Null(result["error"]);
        Assert.All(lines[..^1], l => Assert.Equal("progress", Text(l, "type")));
        var layers = lines[..^1].Select(l => l["layer"]?.GetValue<string>()).OfType<string>().Distinct().ToList();
        Assert.Equal(12, Assert.Single(layers).Length);
        Assert.All(["Pulling fs layer", "Download complete", "Pull complete"], s => Assert.Contains(lines, l => Text(l, "status") == s));
        Assert.Equal(id, (await InspectAsync(registry.Reference))["Id"]!.GetValue<string>());
        // By digest, with and without a tag.
        foreach (var image in new[] { $"{registry.Name}@{registry.Digest}", $"{registry.Reference}@{registry.Digest}" })
        {
            Assert.Equal(id, Text((await PullAsync(new { image }))[^1], "imageId"));
        }
    }

    /// <summary>The containerd image store counts bytes every 100 ms, so it has no count of a layer that arrives at once.</summary>
    [Fact]
    public async Task Pull_counts_the_bytes_of_a_layer_while_it_is_downloaded()
    {
        var isCounted = new TaskCompletionSource();
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run, layerContinues: isCounted.Task);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var body = JsonContent.Create(new { image = registry.Reference });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/pull") { Content = body };
        using var response = await Fixture.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));

        var lines = new List<JsonNode>();
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            lines.Add(JsonNode.Parse(line)!);
            if (lines[^1]["currentBytes"]?.GetValue<long>() > 0)
            {
                isCounted.TrySetResult();
            }
        }

        var counted = lines.Where(l => Text(l, "status") == "Downloading" && l["currentBytes"]?.GetValue<long>() > 0).ToList();
        Assert.All(counted, l => Assert.InRange(l["currentBytes"]!.GetValue<long>(), 1, l["totalBytes"]!.GetValue<long>()));
        Assert.NotEmpty(counted);
        Assert.Equal("succeeded", Text(lines[^1], "state"));
    }

    [Fact]
    public async Task Pull_of_a_corrupt_layer_fails_in_the_result()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run, brokenLayer: true);

        var lines = await PullAsync(new { image = registry.Reference });

        var result = lines[^1];
        Assert.Equal(("result", "failed"), (Text(result, "type"), Text(result, "state")));
        Assert.Null(result["imageId"]);
        Assert.Equal("engine_error", Text(result["error"]!, "code"));
        Assert.NotEmpty(Text(result["error"]!, "message"));
        Assert.Single(lines, l => Text(l, "type") == "result");
    }

    [Fact]
    public async Task Pull_for_another_platform_fails_in_the_result()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run);
        await PullAsync(new { image = registry.Reference });

        var result = (await PullAsync(new { image = registry.Reference, platform = "linux/s390x" }))[^1];

        Assert.Equal(("failed", "image_not_found"), (Text(result, "state"), Text(result["error"]!, "code")));
        Assert.Equal("succeeded", Text((await PullAsync(new { image = registry.Reference, platform = "linux/x86_64" }))[^1], "state"));
    }

    [Fact]
    public async Task Pull_from_a_private_registry_needs_credentials()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run, "ann:s3cret");

        using var without = await Fixture.Client.PostAsJsonAsync("/images/pull", new { image = registry.Reference });
        await ProblemAsync(without, HttpStatusCode.Forbidden, "registry_unauthorized");
        using var wrong = await Fixture.Client.PostAsJsonAsync(
            "/images/pull", new { image = registry.Reference, registryAuth = new { username = "ann", password = "wrong" } });
        await ProblemAsync(wrong, HttpStatusCode.Forbidden, "registry_unauthorized");
        var lines = await PullAsync(new { image = registry.Reference, registryAuth = new { username = "ann", password = "s3cret" } });

        Assert.Contains(Text(lines[^1], "imageId"), registry.Ids);
    }

    [Theory]
    [InlineData(null, 503, "registry_unavailable")]
    [InlineData(":no-such-tag", 404, "image_not_found")]
    public async Task Pull_of_a_missing_image_returns_a_problem(string? tag, int status, string code)
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run);
        var image = tag is null ? "127.0.0.1:1/no/image:v1" : registry.Name + tag;

        using var response = await Fixture.Client.PostAsJsonAsync("/images/pull", new { image });

        await ProblemAsync(response, (HttpStatusCode)status, code);
    }

    private async Task<JsonArray> ListAsync(string query)
    {
        using var response = await Fixture.Client.GetAsync("/images?" + query);
        return (await ReadAsync(response, HttpStatusCode.OK))["items"]!.AsArray();
    }

    private Task<List<JsonObject>> PullAsync(object request) => Fixture.StreamAsync("/images/pull", request);

    private static bool ArraysEqual((string[], string[]) a, (string[], string[]) b) =>
        a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2);
}
