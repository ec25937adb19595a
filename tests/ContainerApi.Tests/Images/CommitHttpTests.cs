using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ContainerApi.Engine;
using ContainerApi.Tests.Containers;
using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Commits and their dry runs over HTTP on a fake engine.</summary>
public sealed class CommitHttpTests
{
    [Theory]
    [InlineData(4097, 0, 0, "comment")]
    [InlineData(0, 1025, 0, "author")]
    [InlineData(0, 0, 64 * 1024, "changes")]
    public async Task What_is_too_long_for_a_commit_never_reaches_the_engine(int comment, int author, int change, string field)
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsJsonAsync(
            "/images/commit", new { container = "web", comment = new string('c', comment), author = new string('a', author), changes = new[] { "CMD " + new string('x', change) } });

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task A_commit_hands_on_all_that_was_said_and_stops_first_where_asked()
    {
        var calls = new List<string>();
        var engine = new FakeEngine
        {
            StopContainer = (id, grace, _) =>
            {
                Assert.Null(grace);
                calls.Add("stop " + id[0]);
                return Task.CompletedTask;
            },
            CommitContainer = (spec, _) =>
            {
                calls.Add($"{spec.Repository ?? "no name"} {spec.Tag ?? "no tag"} {spec.Comment} {spec.Author} {spec.Pause} {string.Join('|', spec.Changes)}");
                return Task.FromResult(ImageId);
            },
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image() }),
            ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a', "web")]),
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync(
            "/images/commit", new { container = "aaaa", comment = "note", author = "Ann", pause = false, stop = true, changes = new[] { "env A=1", "\tLABEL x=y" } });

        Assert.Equal("[]", (await response.ReadJsonAsync(HttpStatusCode.Created)).GetProperty("tags").GetRawText());
        Assert.Equal(["stop a", "no name no tag note Ann False env A=1|\tLABEL x=y"], calls);
    }

    /// <summary>A container with some configuration and changed files; an engine that is asked for anything else fails.</summary>
    private static FakeEngine EngineForDryRuns(int changes = 3) => new()
    {
        ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a', "web")]),
        ReadConfiguration = (id, _) => Task.FromResult(id == Facts.Id('a')
            ? new ContainerConfiguration(["httpd"], null, ["PATH=/bin"], null, null, ["/bin/ash", "-c"])
            : throw new ArgumentException("Another container.")),
        ListFileChanges = (_, most, _) =>
            Task.FromResult<IReadOnlyList<FileChange>>([.. Enumerable.Range(0, Math.Min(most, changes)).Select(i => new FileChange("/" + i, i % 3))]),
    };

    [Fact]
    public async Task A_dry_run_tells_what_a_commit_would_do_and_does_none_of_it()
    {
        await using var host = new ApiHost(EngineForDryRuns());

        using var response = await host.Client.PostAsJsonAsync(
            "/images/commit", new { container = "web", tag = "team/app", stop = true, changes = new[] { "ENV A=$PATH", "CMD run it", "USER 1000", "WORKDIR srv" }, dryRun = true });

        Assert.Equal("""
            {"container":"CONTAINER","tag":"team/app:latest",
            "changes":[{"path":"/0","kind":"modified"},{"path":"/1","kind":"added"},{"path":"/2","kind":"deleted"}],"changesCut":false,
            "command":["/bin/ash","-c","run it"],"entrypoint":null,"environment":["PATH=/bin","A=/bin"],"user":"1000","workingDirectory":"/srv"}
            """.ReplaceLineEndings("").Replace("CONTAINER", Facts.Id('a'), StringComparison.Ordinal), (await response.ReadJsonAsync(HttpStatusCode.OK)).GetRawText());
        Assert.Null(response.Headers.Location);
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(10_000, 10_000, false)]
    [InlineData(10_001, 10_000, true)]
    public async Task A_dry_run_tells_ten_thousand_paths_and_whether_there_are_more(int changed, int told, bool cut)
    {
        await using var host = new ApiHost(EngineForDryRuns(changed));

        using var response = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", dryRun = true });

        var preview = await response.ReadJsonAsync(HttpStatusCode.OK);
        Assert.Equal((told, cut), (preview.GetProperty("changes").GetArrayLength(), preview.GetProperty("changesCut").GetBoolean()));
        Assert.Equal(JsonValueKind.Null, preview.GetProperty("tag").ValueKind);
    }

    [Theory]
    [InlineData("ENV A=${B", "ENV: the variable 'B' in braces")]
    [InlineData("CMD [1]", "CMD: a JSON list must be of strings")]
    [InlineData("CMD [\"\\ud800\"]", "CMD: a JSON list must be of valid strings")]
    [InlineData("ENTRYPOINT --x", "ENTRYPOINT: unknown flag '--x'")]
    public async Task A_dry_run_of_an_instruction_without_its_form_is_a_problem_that_names_it(string change, string words)
    {
        await using var host = new ApiHost(EngineForDryRuns());

        using var response = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", changes = new[] { change }, dryRun = true });

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.StartsWith(words, problem.GetProperty("errors").GetProperty("changes")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_that_the_engine_fails_is_a_problem_in_its_words()
    {
        var engine = EngineForDryRuns();
        engine.ListFileChanges = (_, _, _) => throw Failure(EngineErrorKind.TimedOut);
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", dryRun = true });

        Assert.Equal("In the engine's words.", (await response.ReadProblemAsync(HttpStatusCode.GatewayTimeout, "engine_timeout")).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_commit_of_no_container_is_a_problem()
    {
        await using var host = new ApiHost(new FakeEngine { ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([]) });

        using var response = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", tag = "app" });

        await response.ReadProblemAsync(HttpStatusCode.NotFound, "container_not_found");
    }
}
