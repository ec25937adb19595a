using ContainerApi.Tests.Containers;
using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Commits and their dry runs over HTTP with a fake engine.</summary>
public sealed class CommitHttpTests
{
    [Theory]
    [InlineData(4097, 0, 0, "comment")]
    [InlineData(0, 1025, 0, "author")]
    [InlineData(0, 0, 64 * 1024, "changes")]
    public async Task Commit_with_a_too_long_field_returns_400_without_calling_the_engine(int comment, int author, int change, string field)
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsJsonAsync(
            "/images/commit",
            new
            {
                container = "web",
                comment = new string('c', comment),
                author = new string('a', author),
                changes = new[] { "CMD " + new string('x', change) },
            });

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task Commit_passes_every_field_to_the_engine_and_stops_first_on_request()
    {
        var calls = new List<string>();
        var engine = EngineWith([Image()]);
        engine.StopContainer = (id, grace, _) =>
        {
            Assert.Null(grace);
            calls.Add("stop " + id[0]);
            return Task.CompletedTask;
        };
        engine.CommitContainer = (spec, _) =>
        {
            calls.Add($"{spec.Tag?.ToString() ?? "no name"} {spec.Comment} {spec.Author} {spec.Pause} {string.Join('|', spec.Changes)}");
            return Task.FromResult(ImageId);
        };
        await using var host = new ApiHost(engine);

        var changes = new[] { "env A=1", "\tLABEL x=y" };
        using var response = await host.Client.PostAsJsonAsync(
            "/images/commit", new { container = "aaaa", comment = "note", author = "Ann", pause = false, stop = true, changes });

        Assert.Equal("[]", (await response.ReadJsonAsync(HttpStatusCode.Created)).GetProperty("tags").GetRawText());
        Assert.Equal(["stop a", "no name note Ann False env A=1|\tLABEL x=y"], calls);
    }

    /// <summary>One container with a configuration and changed files; any other call throws.</summary>
    private static FakeEngine EngineForDryRuns(int changes = 3)
    {
        var engine = EngineWith([]);
        engine.ReadConfiguration = (id, _) => Task.FromResult(id == Facts.Id('a')
            ? new ContainerConfiguration(["httpd"], null, new Dictionary<string, string> { ["PATH"] = "/bin" }, "1000", "/srv")
            : throw new ArgumentException("Another container."));
        engine.ListFileChanges = (_, most, _) =>
            Task.FromResult<IReadOnlyList<FileChange>>([.. Enumerable.Range(0, Math.Min(most, changes)).Select(i => new FileChange("/" + i, i % 3))]);
        return engine;
    }

    [Fact]
    public async Task Dry_run_returns_changed_files_and_current_configuration()
    {
        await using var host = new ApiHost(EngineForDryRuns());

        using var response = await host.Client.PostAsJsonAsync(
            "/images/commit", new { container = "web", tag = "team/app", stop = true, changes = new[] { "CMD run it", "USER 2000" }, dryRun = true });

        Assert.Equal("""
            {"engine":"local","id":null,"tags":["team/app:latest"],"container":"CONTAINER","createdAt":null,"preview":{
            "changes":[{"path":"/0","kind":"modified"},{"path":"/1","kind":"added"},{"path":"/2","kind":"deleted"}],"changesCut":false,
            "command":["httpd"],"entrypoint":null,"environment":{"PATH":"/bin"},"user":"1000","workingDirectory":"/srv"}}
            """.ReplaceLineEndings("").Replace("CONTAINER", Facts.Id('a')), (await response.ReadJsonAsync(HttpStatusCode.OK)).GetRawText());
        Assert.Null(response.Headers.Location);
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(10_000, 10_000, false)]
    [InlineData(10_001, 10_000, true)]
    public async Task Dry_run_returns_at_most_ten_thousand_paths(int changed, int returned, bool truncated)
    {
        await using var host = new ApiHost(EngineForDryRuns(changed));

        using var response = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", dryRun = true });

        var dryRun = await response.ReadJsonAsync(HttpStatusCode.OK);
        var preview = dryRun.GetProperty("preview");
        Assert.Equal((returned, truncated), (preview.GetProperty("changes").GetArrayLength(), preview.GetProperty("changesCut").GetBoolean()));
        Assert.Empty(dryRun.GetProperty("tags").EnumerateArray());
    }

    [Fact]
    public async Task Dry_run_that_the_engine_fails_returns_its_message()
    {
        var engine = EngineForDryRuns();
        engine.ListFileChanges = (_, _, _) => throw Failure(ErrorCode.EngineTimeout);
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", dryRun = true });

        var problem = await response.ReadProblemAsync(HttpStatusCode.GatewayTimeout, "engine_timeout");
        Assert.Equal("In the engine's words.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Commit_of_an_unknown_container_returns_404()
    {
        await using var host = new ApiHost(new FakeEngine { ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([]) });

        using var response = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", tag = "app" });

        await response.ReadProblemAsync(HttpStatusCode.NotFound, "container_not_found");
    }
}
