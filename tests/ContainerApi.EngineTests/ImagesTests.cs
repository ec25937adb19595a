using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ContainerApi.EngineTests;

/// <summary>Images through the service; what really came of it is asked of the engine itself.</summary>
[Collection(EngineCollection.Name)]
public sealed class ImagesTests(EngineFixture fixture)
{
    private string MyLabel => $"LABEL {EngineFixture.Label}={fixture.Run}";

    [Fact]
    public async Task A_commit_keeps_what_was_written_and_said()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "echo kept > /tmp/kept; sleep 1000" } });
        await UntilWrittenAsync(id, "/tmp/kept");
        var tag = Tag();

        var image = await CommitAsync(new
        {
            container = id[..12],
            tag,
            comment = "a note, ünïcode & more=less",
            author = "Ann <ann@example.org>",
            changes = new[] { MyLabel, "LABEL what=\"two words\"", "env A=1 B=2", "CMD [\"cat\", \"/tmp/kept\"]", "EXPOSE 8080/udp", "USER 1000", "WORKDIR /tmp" },
        });

        Assert.Equal(id, image["container"]!.GetValue<string>());
        Assert.Equal([tag], Texts(image["tags"]));
        var real = await InspectAsync(tag);
        Assert.Equal(real["Id"]!.GetValue<string>(), image["id"]!.GetValue<string>());
        // The engine counts nanoseconds, we a hundred of them.
        Assert.Equal(DateTimeOffset.Parse(real["Created"]!.GetValue<string>(), null), image["createdAt"]!.GetValue<DateTimeOffset>(), TimeSpan.FromMicroseconds(1));
        Assert.Equal(("a note, ünïcode & more=less", "Ann <ann@example.org>"), (real["Comment"]!.GetValue<string>(), real["Author"]!.GetValue<string>()));
        var config = real["Config"]!;
        Assert.Equal("two words", config["Labels"]!["what"]!.GetValue<string>());
        Assert.Superset(new HashSet<string> { "A=1", "B=2", "PATH=/bin" }, Texts(config["Env"]).ToHashSet());
        Assert.Equal(["cat", "/tmp/kept"], Texts(config["Cmd"]));
        Assert.Equal(("1000", "/tmp"), (config["User"]!.GetValue<string>(), config["WorkingDir"]!.GetValue<string>()));
        Assert.True(config["ExposedPorts"]!.AsObject().ContainsKey("8080/udp"));
        var history = JsonNode.Parse(await fixture.Engine.GetStringAsync($"images/{tag}/history"))!.AsArray();
        Assert.Equal("a note, ünïcode & more=less", history[0]!["Comment"]!.GetValue<string>());
        Assert.Equal(2, history.Count);
        await RunsAsync(tag, "kept\n");
    }

    [Theory]
    [InlineData()]
    [InlineData("CMD [\"cat\", \"/tmp/kept\"]")]
    [InlineData("CMD echo $HOME \"two words\"")]
    [InlineData("ENTRYPOINT [\"sh\"]")]
    [InlineData("ENTRYPOINT sleep 5")]
    [InlineData("CMD 1", "ENTRYPOINT [\"sleep\"]")]
    [InlineData("ENTRYPOINT []")]
    [InlineData("ENTRYPOINT")]
    [InlineData("CMD")]
    [InlineData("CMD []")]
    [InlineData("CMD []", "ENTRYPOINT [\"a\"]")]
    [InlineData("CMD [\"a\"]", "CMD []", "ENTRYPOINT [\"a\"]")]
    [InlineData("CMD [\"a\"]", "ENTRYPOINT []")]
    [InlineData("ENTRYPOINT []", "CMD []")]
    [InlineData("CMD [not json")]
    [InlineData("CMD [ \"a\" , \"b\\/\" ] and more")]
    [InlineData("CMD -- --version")]
    [InlineData("CMD echo \\", "ENV A=1")]
    [InlineData("CMD echo \\\\", "ENV A=1")]
    [InlineData("ENV A=1 B=\"two words\" C='$A' D=a\\ b")]
    [InlineData("ENV A the rest  of it")]
    [InlineData("ENV A \"x\" 'y'")]
    [InlineData("env A=1", "ENV B=$A-${A} C=${A:-x}${NONE:-y}${A:+z} PATH=/else:$PATH E=\\$A")]
    [InlineData("ENV GIVEN=other", "ENV GIVEN=last")]
    [InlineData("ENV A=$ B=$$ C=$1x$GIVEN D=${GIVEN:?no} E=${NONE:-${GIVEN}}z F=\"${NONE:-\"q\"}\" G=${EMPTY:-e}${EMPTY:+y}")]
    [InlineData("ENV A=\"a\\nb\" B=a\\nb C=\"\\$GIVEN\" D=\\\\x E= F=\"\"", "ENV A=1 A=2 $GIVEN=3 a=b=c")]
    [InlineData("USER 1000:1000", "WORKDIR /a/b/", "WORKDIR ../c")]
    [InlineData("USER $NONE", "WORKDIR /a/../b/")]
    [InlineData("USER \"a $GIVEN\"", "WORKDIR below $GIVEN")]
    [InlineData("LABEL a=b", "EXPOSE 80", "VOLUME /data", "HEALTHCHECK --retries=2 CMD true", "ONBUILD CMD x")]
    public async Task A_dry_run_says_what_the_commit_of_the_same_request_makes_and_makes_nothing(params string[] changes)
    {
        var id = await fixture.CreateAsync(
            new { Entrypoint = new[] { "sh", "-c" }, Cmd = new[] { "sleep 1000" }, Env = new[] { "GIVEN=yes", "EMPTY=" }, User = "0", WorkingDir = "/tmp" });
        await AsTheCommitAsync(id, changes);
    }

    [Theory]
    [InlineData("CMD a b")]
    [InlineData("ENTRYPOINT a b", "ENV A=$UNSET- GIVEN=1", "WORKDIR x", "USER a")]
    public async Task A_dry_run_of_a_container_that_says_little_but_has_a_shell_is_right_too(params string[] changes)
    {
        await AsTheCommitAsync(
            await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, Env = new[] { "UNSET" }, Shell = new[] { "/bin/ash", "-ec" } }, start: false), changes);
    }

    [Theory]
    [InlineData("CMD [1]")]
    [InlineData("ENTRYPOINT [\"a\", null]")]
    [InlineData("CMD --version")]
    [InlineData("ENV")]
    [InlineData("ENV A")]
    [InlineData("ENV A=1 B")]
    [InlineData("ENV =x")]
    [InlineData("ENV A=\"x")]
    [InlineData("ENV A='x")]
    [InlineData("ENV \"a b\" c")]
    [InlineData("ENV A=${GIVEN")]
    [InlineData("ENV A=${GIVEN-x}")]
    [InlineData("ENV A=${}")]
    [InlineData("ENV A=${NONE:?x}")]
    [InlineData("ENV A=${NONE:-a b}")]
    [InlineData("USER")]
    [InlineData("WORKDIR")]
    [InlineData("WORKDIR $NONE")]
    public async Task What_a_commit_refuses_its_dry_run_refuses(string change)
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, Env = new[] { "GIVEN=yes" } }, start: false);

        foreach (var dryRun in new[] { true, false })
        {
            using var response = await fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, changes = new[] { change }, dryRun });
            await ProblemAsync(response, HttpStatusCode.BadRequest, "invalid_request");
        }
    }

    [Fact]
    public async Task A_dry_run_stops_and_pauses_nothing()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } });
        var before = JsonNode.Parse(await fixture.Engine.GetStringAsync($"containers/{id}/json"))!["State"]!.ToJsonString();

        using var dry = await fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, stop = true, pause = true, dryRun = true });

        await ReadAsync(dry, HttpStatusCode.OK);
        Assert.Equal(before, JsonNode.Parse(await fixture.Engine.GetStringAsync($"containers/{id}/json"))!["State"]!.ToJsonString());
    }

    [Fact]
    public async Task A_dry_run_tells_the_paths_that_the_container_changed()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "rm /bin/yes; echo kept > /tmp/kept; sleep 1000" } });
        await UntilWrittenAsync(id, "/tmp/kept");

        using var dry = await fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, dryRun = true });
        var preview = await ReadAsync(dry, HttpStatusCode.OK);

        var changes = preview["changes"]!.AsArray().ToDictionary(c => Text(c!, "path"), c => Text(c!, "kind"));
        Assert.Equal(("deleted", "added", "modified"), (changes["/bin/yes"], changes["/tmp/kept"], changes["/tmp"]));
        Assert.Null(preview["tag"]);
        Assert.False(preview["changesCut"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("running", null, "running")]
    [InlineData("running", false, "running")]
    [InlineData("paused", null, "paused")]
    [InlineData("exited", null, "exited")]
    [InlineData("created", null, "created")]
    public async Task A_container_in_any_state_can_be_committed_and_stays_as_it_is(string state, bool? pause, string after)
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, start: state != "created");
        if (state is "paused" or "exited")
        {
            await fixture.PostAsync($"containers/{id}/{(state == "paused" ? "pause" : "stop?t=0")}");
        }

        var image = await CommitAsync(new { container = id, tag = Tag(), pause, changes = new[] { MyLabel } });

        Assert.Equal(image["id"]!.GetValue<string>(), (await InspectAsync(image["tags"]![0]!.GetValue<string>()))["Id"]!.GetValue<string>());
        var real = JsonNode.Parse(await fixture.Engine.GetStringAsync($"containers/{id}/json"))!;
        Assert.Equal(after, real["State"]!["Status"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(null, true)]
    public async Task Pausing_arrives_at_the_engine_as_it_was_asked_for(bool? pause, bool pauses)
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } });
        // A whole second on the engine's clock, so that the events of the start lie before it.
        var since = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        await CommitAsync(new { container = id, tag = Tag(), pause, changes = new[] { MyLabel } });

        var filter = Uri.EscapeDataString($$"""{"container":["{{id}}"],"event":["pause","commit"]}""");
        var events = await fixture.Engine.GetStringAsync($"events?since={since}&until={DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1}&filters={filter}");
        Assert.Contains("\"commit\"", events, StringComparison.Ordinal);
        Assert.Equal(pauses, events.Contains("\"pause\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_commit_can_stop_the_container_first()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, StopTimeout = 0 });

        await CommitAsync(new { container = id, tag = Tag(), stop = true, changes = new[] { MyLabel } });

        var real = JsonNode.Parse(await fixture.Engine.GetStringAsync($"containers/{id}/json"))!;
        Assert.Equal("exited", real["State"]!["Status"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_tag_with_a_registry_and_a_port_is_split_where_it_should_and_one_without_a_tag_is_the_latest()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, start: false);
        var name = $"localhost:5000/containerapi-test/{fixture.UniqueName("split")}";

        var image = await CommitAsync(new { container = id, tag = name, changes = new[] { MyLabel } });
        await CommitAsync(new { container = id, tag = name + ":v1", changes = new[] { MyLabel } });

        Assert.Equal([name + ":latest"], Texts(image["tags"]));
        Assert.Equal([name + ":v1"], Texts((await InspectAsync(name + ":v1"))["RepoTags"]));
    }

    [Theory]
    [InlineData("localhost:5000/App:v1")]
    [InlineData("a:b:c")]
    [InlineData("[::1]:5000/app:v1")]
    [InlineData("library/sha256:v1")]
    [InlineData("app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("")]
    public async Task A_name_that_is_none_leaves_no_image_behind(string tag)
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, Labels = new Dictionary<string, string> { ["refused"] = tag } }, start: false);

        using var response = await fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, tag });

        await ProblemAsync(response, HttpStatusCode.BadRequest, "invalid_reference");
        // An image takes its container's labels along.
        var filter = Uri.EscapeDataString($$"""{"label":["refused={{tag}}"]}""");
        Assert.Equal("[]", (await fixture.Engine.GetStringAsync($"images/json?filters={filter}")).Trim());
    }

    [Fact]
    public async Task The_longest_name_that_the_service_takes_is_one_that_the_engine_takes()
    {
        var name = new string('a', 237) + ":v1";
        try
        {
            using var tagged = await fixture.Client.PostAsJsonAsync("/images/tag", new { image = fixture.Image, tag = name });
            await ReadAsync(tagged, HttpStatusCode.Created);
        }
        finally
        {
            using var removed = await fixture.Engine.DeleteAsync($"images/{name}");
        }
    }

    [Theory]
    [InlineData("EXPOSE abc", "abc")]
    [InlineData("ENV", "ENV requires")]
    [InlineData("ONBUILD FROM x", "FROM isn't allowed")]
    public async Task Changes_that_the_engine_refuses_are_a_problem_in_its_words(string change, string words)
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, start: false);

        using var response = await fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, changes = new[] { change } });

        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains(words, problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_filters_as_asked_and_counts_the_containers_of_each_image()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, start: false);
        var tag = Tag();
        var value = Guid.NewGuid().ToString("n");
        await CommitAsync(new { container = id, tag, changes = new[] { MyLabel, $"LABEL own={value}" } });
        var unnamed = await CommitAsync(new { container = id, changes = new[] { MyLabel, $"LABEL own={value}" } });
        await fixture.CreateAsync(new { Image = tag, Cmd = new[] { "sleep", "1" } }, start: false);
        await fixture.CreateAsync(new { Image = tag, Cmd = new[] { "sleep", "1000" } });

        var named = await ListAsync($"label=own={value}&dangling=false");
        var dangling = await ListAsync($"label=own={value}&dangling=true");
        var both = await ListAsync($"label=own={value}&label={EngineFixture.Label}");
        var byName = await ListAsync($"reference={tag[..^3]}*");

        var row = Assert.Single(named);
        Assert.Equal([tag], Texts(row!["tags"]));
        Assert.Equal(2, row["containers"]!.GetValue<int>());
        Assert.Equal(value, row["labels"]!["own"]!.GetValue<string>());
        Assert.Equal(row["id"]!.GetValue<string>()["sha256:".Length..][..12], row["shortId"]!.GetValue<string>());
        Assert.Equal((await InspectAsync(tag))["Size"]!.GetValue<long>(), row["sizeBytes"]!.GetValue<long>());
        Assert.Equal(unnamed["id"]!.GetValue<string>(), Assert.Single(dangling)!["id"]!.GetValue<string>());
        Assert.Empty(Texts(dangling[0]!["tags"]));
        Assert.Equal(2, both.Count);
        Assert.Equal(row["id"]!.GetValue<string>(), Assert.Single(byName)!["id"]!.GetValue<string>());
        Assert.Empty(await ListAsync($"label=own={value}&label=not-there"));
    }

    [Fact]
    public async Task An_image_is_shown_with_its_history_by_name_escaped_name_id_and_short_id()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, start: false);
        var tag = $"localhost:5000/containerapi-test/{fixture.UniqueName("shown")}:v1";
        var committed = await CommitAsync(new { container = id, tag, comment = "shown", changes = new[] { MyLabel, "ENTRYPOINT [\"sh\"]", "VOLUME /data" } });
        var imageId = committed["id"]!.GetValue<string>();

        foreach (var name in new[] { tag, Uri.EscapeDataString(tag), imageId, imageId["sha256:".Length..], imageId["sha256:".Length..][..12] })
        {
            using var response = await fixture.Client.GetAsync($"/images/{name}");
            var image = await ReadAsync(response, HttpStatusCode.OK);
            Assert.Equal(imageId, image["id"]!.GetValue<string>());
            Assert.Equal((["sh"], ["/data"]), (Texts(image["entrypoint"]).ToArray(), Texts(image["volumes"]).ToArray()), ArraysEqual);
            Assert.Equal(["shown", "Imported from -"], image["history"]!.AsArray().Select(h => h!["comment"]!.GetValue<string>()));
            Assert.Equal("linux", image["os"]!.GetValue<string>());
            Assert.Single(image["layers"]!.AsArray());
        }
    }

    [Fact]
    public async Task A_second_name_is_given_and_taken_off_and_the_image_goes_with_the_last()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, start: false);
        var (first, second) = (Tag(), Tag());
        var imageId = (await CommitAsync(new { container = id, tag = first, changes = new[] { MyLabel } }))["id"]!.GetValue<string>();

        using var tagged = await fixture.Client.PostAsJsonAsync("/images/tag", new { image = imageId["sha256:".Length..][..12], tag = second });
        var answer = await ReadAsync(tagged, HttpStatusCode.Created);
        Assert.Equal(imageId, answer["id"]!.GetValue<string>());
        Assert.Equal(new[] { first, second }.Order(StringComparer.Ordinal), Texts(answer["tags"]).Order(StringComparer.Ordinal));
        using var byId = await fixture.Client.DeleteAsync($"/images/{imageId}?force=false");
        await ProblemAsync(byId, HttpStatusCode.Conflict, "conflict");
        using var untagged = await fixture.Client.DeleteAsync($"/images/{first}");
        var removed = await ReadAsync(untagged, HttpStatusCode.OK);
        Assert.Equal(([first], []), (Texts(removed["untagged"]).ToArray(), Texts(removed["deleted"]).ToArray()), ArraysEqual);
        using var last = await fixture.Client.DeleteAsync($"/images/{second}");
        Assert.Contains(imageId, Texts((await ReadAsync(last, HttpStatusCode.OK))["deleted"]));
        using var gone = await fixture.Client.GetAsync($"/images/{second}");
        await ProblemAsync(gone, HttpStatusCode.NotFound, "image_not_found");
    }

    [Fact]
    public async Task An_image_that_a_container_uses_is_removed_by_force_alone()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, start: false);
        var tag = Tag();
        await CommitAsync(new { container = id, tag, changes = new[] { MyLabel } });
        await fixture.CreateAsync(new { Image = tag, Cmd = new[] { "sleep", "1" } }, start: false);

        using var refused = await fixture.Client.DeleteAsync($"/images/{tag}?force=false");
        await ProblemAsync(refused, HttpStatusCode.Conflict, "conflict");
        using var removed = await fixture.Client.DeleteAsync($"/images/{tag}?force=true");
        Assert.Equal([tag], Texts((await ReadAsync(removed, HttpStatusCode.OK))["untagged"]));
    }

    [Fact]
    public async Task A_pull_tells_its_layers_and_ends_with_id_and_digest()
    {
        await using var registry = await TinyRegistry.StartAsync(EngineFixture.Label, fixture.Run);

        var lines = await PullAsync(new { image = registry.Reference });

        var result = lines[^1];
        Assert.Equal(("result", "succeeded"), (Text(result, "type"), Text(result, "state")));
        Assert.Equal((registry.ImageId, registry.Digest, registry.Reference), (Text(result, "id"), Text(result, "digest"), Text(result, "image")));
        Assert.Null(result["error"]);
        Assert.All(lines[..^1], l => Assert.Equal("progress", Text(l, "type")));
        var layers = lines[..^1].Select(l => l["layer"]?.GetValue<string>()).OfType<string>().Distinct().ToList();
        Assert.Equal(12, Assert.Single(layers).Length);
        Assert.Contains(lines, l => l["current"] is not null);
        Assert.Equal(registry.ImageId, (await InspectAsync(registry.Reference))["Id"]!.GetValue<string>());
        // By digest, the tag beside it or not.
        foreach (var image in new[] { $"{registry.Name}@{registry.Digest}", $"{registry.Reference}@{registry.Digest}" })
        {
            Assert.Equal(registry.ImageId, Text((await PullAsync(new { image }))[^1], "id"));
        }
    }

    [Fact]
    public async Task A_layer_that_is_not_what_it_should_be_is_a_failure_in_the_result()
    {
        await using var registry = await TinyRegistry.StartAsync(EngineFixture.Label, fixture.Run, brokenLayer: true);

        var lines = await PullAsync(new { image = registry.Reference });

        var result = lines[^1];
        Assert.Equal(("result", "failed"), (Text(result, "type"), Text(result, "state")));
        Assert.Null(result["id"]);
        Assert.Equal("engine_error", Text(result["error"]!, "code"));
        Assert.NotEmpty(Text(result["error"]!, "message"));
        Assert.Single(lines, l => Text(l, "type") == "result");
    }

    [Fact]
    public async Task An_image_for_another_platform_is_a_failure_in_the_result()
    {
        await using var registry = await TinyRegistry.StartAsync(EngineFixture.Label, fixture.Run);
        await PullAsync(new { image = registry.Reference });

        var result = (await PullAsync(new { image = registry.Reference, platform = "linux/s390x" }))[^1];

        Assert.Equal(("failed", "image_not_found"), (Text(result, "state"), Text(result["error"]!, "code")));
        Assert.Equal("succeeded", Text((await PullAsync(new { image = registry.Reference, platform = "linux/x86_64" }))[^1], "state"));
    }

    [Fact]
    public async Task A_registry_that_wants_credentials_gets_them()
    {
        await using var registry = await TinyRegistry.StartAsync(EngineFixture.Label, fixture.Run, "ann:s3cret");

        using var without = await fixture.Client.PostAsJsonAsync("/images/pull", new { image = registry.Reference });
        await ProblemAsync(without, HttpStatusCode.Forbidden, "forbidden");
        using var wrong = await fixture.Client.PostAsJsonAsync("/images/pull", new { image = registry.Reference, registryAuth = new { username = "ann", password = "wrong" } });
        await ProblemAsync(wrong, HttpStatusCode.Forbidden, "forbidden");
        var lines = await PullAsync(new { image = registry.Reference, registryAuth = new { username = "ann", password = "s3cret" } });

        Assert.Equal(registry.ImageId, Text(lines[^1], "id"));
    }

    [Theory]
    [InlineData(null, 502, "engine_error")]
    [InlineData(":no-such-tag", 404, "image_not_found")]
    public async Task What_cannot_be_pulled_is_a_problem(string? tag, int status, string code)
    {
        await using var registry = await TinyRegistry.StartAsync(EngineFixture.Label, fixture.Run);
        var image = tag is null ? "127.0.0.1:1/no/image:v1" : registry.Name + tag;

        using var response = await fixture.Client.PostAsJsonAsync("/images/pull", new { image });

        await ProblemAsync(response, (HttpStatusCode)status, code);
    }

    /// <summary>Holds a dry run against the image that the commit of the same request makes, and the engine's images before against those after.</summary>
    private async Task AsTheCommitAsync(string id, string[] changes)
    {
        var tag = Tag();
        var before = await ImageIdsAsync();

        using var dry = await fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, tag, changes, dryRun = true });
        var preview = await ReadAsync(dry, HttpStatusCode.OK);

        Assert.Equal(before, await ImageIdsAsync());
        Assert.Equal((id, tag), (Text(preview, "container"), Text(preview, "tag")));
        await CommitAsync(new { container = id, tag, changes });
        var config = (await InspectAsync(tag))["Config"]!;
        Assert.Equal(config["Cmd"]?.ToJsonString(), preview["command"]?.ToJsonString());
        Assert.Equal(config["Entrypoint"]?.ToJsonString(), preview["entrypoint"]?.ToJsonString());
        Assert.Equal(Texts(config["Env"]), Texts(preview["environment"]));
        Assert.Equal(config["User"]!.GetValue<string>(), preview["user"]?.GetValue<string>() ?? "");
        Assert.Equal(config["WorkingDir"]!.GetValue<string>(), preview["workingDirectory"]?.GetValue<string>() ?? "");
    }

    private async Task<string[]> ImageIdsAsync() =>
        [.. JsonNode.Parse(await fixture.Engine.GetStringAsync("images/json?all=1"))!.AsArray().Select(i => Text(i!, "Id")).Order(StringComparer.Ordinal)];

    private string Tag() => $"containerapi-test/{fixture.UniqueName("image")}:v1";

    private async Task<JsonNode> CommitAsync(object request)
    {
        using var response = await fixture.Client.PostAsJsonAsync("/images/commit", request);
        return await ReadAsync(response, HttpStatusCode.Created);
    }

    private async Task<JsonArray> ListAsync(string query)
    {
        using var response = await fixture.Client.GetAsync("/images?" + query);
        return (await ReadAsync(response, HttpStatusCode.OK))["items"]!.AsArray();
    }

    private async Task<JsonNode[]> PullAsync(object request)
    {
        using var response = await fixture.Client.PostAsJsonAsync("/images/pull", request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];
    }

    /// <summary>Waits until a file is in the container; there is no event for it.</summary>
    private async Task UntilWrittenAsync(string id, string path)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            using var found = await fixture.Engine.GetAsync($"containers/{id}/archive?path={path}", limit.Token);
            if (found.IsSuccessStatusCode)
            {
                return;
            }
        }
    }

    /// <summary>Runs the image with its own command and holds what it prints against <paramref name="expected"/>.</summary>
    private async Task RunsAsync(string image, string expected)
    {
        var id = await fixture.CreateAsync(new { Image = image, Tty = true });
        await fixture.PostAsync($"containers/{id}/wait");
        Assert.Equal(expected, (await fixture.Engine.GetStringAsync($"containers/{id}/logs?stdout=1")).ReplaceLineEndings("\n"));
    }

    private async Task<JsonNode> InspectAsync(string image) => JsonNode.Parse(await fixture.Engine.GetStringAsync($"images/{image}/json"))!;

    private static bool ArraysEqual((string[], string[]) a, (string[], string[]) b) => a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2);

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();

    private static IEnumerable<string> Texts(JsonNode? list) => list!.AsArray().Select(t => t!.GetValue<string>());

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {text}");
        return JsonNode.Parse(text)!;
    }

    private static async Task<JsonNode> ProblemAsync(HttpResponseMessage response, HttpStatusCode expected, string code)
    {
        var problem = await ReadAsync(response, expected);
        Assert.Equal(code, problem["code"]!.GetValue<string>());
        return problem;
    }
}
