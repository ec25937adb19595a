namespace ContainerApi.Tests.Builds;

public sealed class CreateImageTests : BuildEndpointFixture
{
    [Fact]
    public async Task Create_image_builds_a_directory()
    {
        Directory.CreateDirectory(Path.Combine(_root, "web"));
        File.WriteAllText(Path.Combine(_root, "web", "Dockerfile"), "FROM scratch\n");

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source = "web", tag = "web:v1.0" });

        Assert.Equal(["web:v1.0"], (_built.Spec?.Tags ?? []).Select(t => t.ToString()));
        var lines = await LinesAsync(response);
        Assert.Equal("started build 0", Head(lines[0]));
        Assert.Equal("result", lines[^1].GetProperty("type").GetString());
        Assert.Equal(["Dockerfile"], _built.Files!.Keys);
    }

    [Theory]
    [InlineData("directory:both", "build")]
    [InlineData("container:both", "commit")]
    [InlineData("both", "build")]
    public async Task Create_image_takes_the_kind_of_its_source_as_a_prefix(string source, string action)
    {
        Directory.CreateDirectory(Path.Combine(_root, "both"));
        File.WriteAllText(Path.Combine(_root, "both", "Dockerfile"), "FROM scratch\n");
        _engine.ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Container("both")]);
        _engine.CommitContainer = (_, _) => Task.FromResult(Image);

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source, tag = "x:1" });

        Assert.Equal($"started {action} 0", Head((await LinesAsync(response))[0]));
    }

    [Fact]
    public async Task Create_image_reports_a_failed_commit_in_its_result()
    {
        _engine.ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Container("redis")]);
        _engine.CommitContainer = (_, _) => throw new EngineException(ErrorCode.Conflict, "local", "The container is being removed.");

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source = "redis", tag = "x:1" });

        var lines = await LinesAsync(response);
        Assert.Equal(["started commit 0", "result  1"], lines.Select(Head));
        Assert.Equal("failed", lines[^1].GetProperty("state").GetString());
        Assert.Equal("conflict", lines[^1].GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Create_image_commits_a_container()
    {
        CommitSpec? committed = null;
        Directory.CreateDirectory(Path.Combine(_root, "redis")); // no Dockerfile in it
        _engine.ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Container("redis")]);
        _engine.CommitContainer = (spec, _) =>
        {
            committed = spec;
            return Task.FromResult(Image);
        };

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source = "redis", tag = "localhost:5000/redis:v1.0" });

        var lines = await LinesAsync(response);
        Assert.Equal(["started commit 0", "result  1"], lines.Select(Head));
        var result = lines[^1];
        Assert.Equal("succeeded", result.GetProperty("state").GetString());
        Assert.Equal(Image, result.GetProperty("imageId").GetString());
        Assert.Equal("localhost:5000/redis:v1.0", result.GetProperty("tags")[0].GetString());
        Assert.Equal((new string('a', 64), new ImageName("localhost:5000/redis", "v1.0"), true),
            (committed!.Container, committed.Tag, committed.Pause));
    }

    [Theory]
    [InlineData("nothing", "x:1", 404, "source_not_found")]
    [InlineData("no/such/dir", "x:1", 404, "source_not_found")]
    [InlineData("directory:other", "x:1", 404, "source_not_found")]
    [InlineData("container:nothing", "x:1", 404, "source_not_found")]
    [InlineData("container:no/name", "x:1", 404, "source_not_found")]
    [InlineData("directory:", "x:1", 404, "source_not_found")]
    [InlineData("/etc", "x:1", 403, "context_path_not_allowed")]
    [InlineData("", "x:1", 400, "invalid_request")]
    [InlineData(null, "x:1", 400, "invalid_request")]
    [InlineData("nothing", "X", 400, "invalid_reference")]
    [InlineData("nothing", null, 400, "invalid_request")]
    public async Task Create_image_reports_a_missing_source(string? source, string? tag, int status, string code)
    {
        _engine.ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Container("other")]);

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source, tag });

        var problem = await response.ReadProblemAsync((HttpStatusCode)status, code);
        Assert.Contains(Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name, new[] { "source", "tag" });
    }

    [Theory]
    [InlineData("container:none", "There is no container 'none'.")]
    [InlineData("directory:none", "There is no directory 'none' with a Dockerfile under a context root.")]
    [InlineData("none", "'none' is neither a directory with a Dockerfile under a context root nor a container.")]
    public async Task Missing_source_is_described_by_its_kind(string source, string detail)
    {
        _engine.ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([]);

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source, tag = "x:1" });

        Assert.Equal(detail, (await response.ReadProblemAsync(HttpStatusCode.NotFound, "source_not_found")).GetProperty("detail").GetString());
    }

    /// <summary>The type, the action if there is one, and the seq of a line.</summary>
    private static string Head(JsonElement line) =>
        $"{line.GetProperty("type")} {(line.TryGetProperty("action", out var action) ? action : default)} {line.GetProperty("seq")}";
}
