namespace ContainerApi.EngineTests;

/// <summary>Commits and their dry runs; the engine is inspected for the result.</summary>
[Collection(EngineCollection.Name)]
public sealed class CommitTests(EngineFixture fixture) : ImageCalls(fixture)
{
    [Fact]
    public async Task Commit_keeps_files_changes_comment_and_author()
    {
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "echo kept > /tmp/kept; sleep 1000" } });
        await UntilWrittenAsync(id, "/tmp/kept");
        var tag = Tag();

        var image = await CommitAsync(new
        {
            container = id[..12],
            tag,
            comment = "a note, ünïcode & more=less",
            author = "Ann <ann@example.org>",
            changes = new[]
            {
                MyLabel, "LABEL what=\"two words\"", "env A=1 B=2", "CMD [\"cat\", \"/tmp/kept\"]", "EXPOSE 8080/udp", "USER 1000", "WORKDIR /tmp",
            },
        });

        Assert.Equal(id, Text(image, "container"));
        Assert.Equal([tag], Texts(image["tags"]));
        var real = await InspectAsync(tag);
        Assert.Equal(Text(real, "Id"), Text(image, "id"));
        // The engine has nanoseconds, .NET ticks of 100 ns.
        Assert.Equal(DateTimeOffset.Parse(Text(real, "Created"), null), image["createdAt"]!.GetValue<DateTimeOffset>(), TimeSpan.FromMicroseconds(1));
        Assert.Equal(("a note, ünïcode & more=less", "Ann <ann@example.org>"), (Text(real, "Comment"), Text(real, "Author")));
        var config = real["Config"]!;
        Assert.Equal("two words", Text(config["Labels"]!, "what"));
        Assert.Superset(new HashSet<string> { "A=1", "B=2", "PATH=/bin" }, Texts(config["Env"]).ToHashSet());
        Assert.Equal(["cat", "/tmp/kept"], Texts(config["Cmd"]));
        Assert.Equal(("1000", "/tmp"), (Text(config, "User"), Text(config, "WorkingDir")));
        Assert.True(config["ExposedPorts"]!.AsObject().ContainsKey("8080/udp"));
        var history = JsonNode.Parse(await Fixture.Engine.GetStringAsync($"images/{tag}/history"))!.AsArray();
        Assert.Equal("a note, ünïcode & more=less", Text(history[0]!, "Comment"));
        Assert.Equal(2, history.Count);
        await RunsAsync(tag, "kept\n");
    }

    [Fact]
    public async Task Dry_run_returns_changes_and_configuration_and_changes_nothing()
    {
        var id = await Fixture.CreateAsync(new
        {
            Entrypoint = new[] { "sh", "-c" },
            Cmd = new[] { "rm /bin/yes; echo kept > /tmp/kept; sleep 1000" },
            Env = new[] { "GIVEN=yes" },
            User = "0",
            WorkingDir = "/tmp",
        });
        await UntilWrittenAsync(id, "/tmp/kept");
        var (images, state) = (await Fixture.ImageIdsAsync(), (await Fixture.InspectAsync(id))["State"]!.ToJsonString());

        using var response = await Fixture.Client.PostAsJsonAsync(
            "/images/commit", new { container = id, stop = true, pause = true, changes = new[] { "CMD other" }, dryRun = true });

        var dryRun = await ReadAsync(response, HttpStatusCode.OK);
        var preview = dryRun["preview"]!;
        Assert.Equal(images, await Fixture.ImageIdsAsync());
        Assert.Equal(state, (await Fixture.InspectAsync(id))["State"]!.ToJsonString());
        Assert.Equal(id, Text(dryRun, "container"));
        Assert.Equal(["sh", "-c"], Texts(preview["entrypoint"]));
        Assert.Equal(["rm /bin/yes; echo kept > /tmp/kept; sleep 1000"], Texts(preview["command"]));
        Assert.Equal("yes", Text(preview["environment"]!, "GIVEN"));
        Assert.Equal(("0", "/tmp"), (Text(preview, "user"), Text(preview, "workingDirectory")));
        var changes = preview["changes"]!.AsArray().ToDictionary(c => Text(c!, "path"), c => Text(c!, "kind"));
        Assert.Equal(("deleted", "added", "modified"), (changes["/bin/yes"], changes["/tmp/kept"], changes["/tmp"]));
        Assert.Empty(dryRun["tags"]!.AsArray());
        Assert.False(preview["changesCut"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("running", null, "running")]
    [InlineData("running", false, "running")]
    [InlineData("paused", null, "paused")]
    [InlineData("exited", null, "exited")]
    [InlineData("created", null, "created")]
    public async Task Commit_keeps_the_state_of_the_container(string state, bool? pause, string after)
    {
        var id = await Fixture.SleepAsync(start: state != "created");
        if (state is "paused" or "exited")
        {
            await Fixture.PostAsync($"containers/{id}/{(state == "paused" ? "pause" : "stop?t=0")}");
        }

        var image = await CommitAsync(new { container = id, tag = Tag(), pause, changes = new[] { MyLabel } });

        Assert.Equal(Text(image, "id"), (await InspectAsync(image["tags"]![0]!.GetValue<string>()))["Id"]!.GetValue<string>());
        Assert.Equal(after, await Fixture.StateAsync(id));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(null, true)]
    public async Task Commit_pauses_as_requested(bool? pause, bool pauses)
    {
        var id = await Fixture.SleepAsync();
        // Event times have whole seconds; this excludes the events of the start.
        var since = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        await CommitAsync(new { container = id, tag = Tag(), pause, changes = new[] { MyLabel } });

        var filter = Uri.EscapeDataString($$"""{"container":["{{id}}"],"event":["pause","commit"]}""");
        var events = await Fixture.Engine.GetStringAsync(
            $"events?since={since}&until={DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1}&filters={filter}");
        Assert.Contains("\"commit\"", events, StringComparison.Ordinal);
        Assert.Equal(pauses, events.Contains("\"pause\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Commit_with_stop_stops_the_container()
    {
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, StopTimeout = 0 });

        await CommitAsync(new { container = id, tag = Tag(), stop = true, changes = new[] { MyLabel } });

        Assert.Equal("exited", await Fixture.StateAsync(id));
    }

    [Fact]
    public async Task Commit_to_a_registry_with_port_uses_latest_as_the_default_tag()
    {
        var id = await Fixture.SleepAsync(start: false);
        var name = $"localhost:5000/containerapi-test/{Fixture.UniqueName("split")}";

        var image = await CommitAsync(new { container = id, tag = name, changes = new[] { MyLabel } });
        await CommitAsync(new { container = id, tag = name + ":v1", changes = new[] { MyLabel } });

        Assert.Equal([name + ":latest"], Texts(image["tags"]));
        Assert.Equal([name + ":v1"], Texts((await InspectAsync(name + ":v1"))["RepoTags"]));
    }

    [Fact]
    public async Task The_engine_accepts_the_longest_allowed_tag()
    {
        var name = new string('a', 237) + ":v1";
        try
        {
            using var tagged = await Fixture.Client.PostAsJsonAsync("/images/tag", new { image = Fixture.Image, tag = name });
            await ReadAsync(tagged, HttpStatusCode.Created);
        }
        finally
        {
            using var removed = await Fixture.Engine.DeleteAsync($"images/{name}");
        }
    }

    [Theory]
    [InlineData("EXPOSE abc", "abc")]
    [InlineData("ENV", "ENV requires")]
    [InlineData("ONBUILD FROM x", "FROM isn't allowed")]
    public async Task Changes_refused_by_the_engine_return_400_with_its_message(string change, string words)
    {
        var id = await Fixture.SleepAsync(start: false);

        using var response = await Fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, changes = new[] { change } });

        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains(words, Text(problem, "detail"), StringComparison.Ordinal);
    }

    /// <summary>Waits until a file exists in the container.</summary>
    private async Task UntilWrittenAsync(string id, string path)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            using var found = await Fixture.Engine.GetAsync($"containers/{id}/archive?path={path}", limit.Token);
            if (found.IsSuccessStatusCode)
            {
                return;
            }
        }
    }

    /// <summary>Runs the image and compares its output.</summary>
    private async Task RunsAsync(string image, string expected)
    {
        var id = await Fixture.CreateAsync(new { Image = image, Tty = true });
        await Fixture.PostAsync($"containers/{id}/wait");
        Assert.Equal(expected, (await Fixture.Engine.GetStringAsync($"containers/{id}/logs?stdout=1")).ReplaceLineEndings("\n"));
    }
}
