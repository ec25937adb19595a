using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ContainerApi.Engine;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Images;

/// <summary>What is asked of an engine for each call about images, and what is never asked of it.</summary>
public sealed class ImagesHttpTests
{
    private static readonly string ImageId = "sha256:" + Facts.Id('f');

    private static ImageFacts Image(params IReadOnlyList<string> tags) => new()
    {
        Id = ImageId,
        Tags = tags,
        CreatedAt = Facts.Noon,
        SizeBytes = 1234,
        Labels = new Dictionary<string, string> { ["a"] = "b" },
    };

    private static EngineException Failure(EngineErrorKind kind, string engine = "local") => new(kind, engine, "In the engine's words.");

    [Fact]
    public async Task The_list_has_every_engines_images_and_who_uses_them()
    {
        var good = new FakeEngine
        {
            ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([Image("busybox:latest"), Image() with { Id = "sha256:" + Facts.Id('e') }]),
            ListContainers = (filter, _) =>
            {
                Assert.True(filter.All);
                return Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a'), Facts.Container('b', state: ContainerStates.Exited)]);
            },
        };
        var halfway = new FakeEngine
        {
            Name = "halfway",
            ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([Image()]),
            ListContainers = (_, _) => throw Failure(EngineErrorKind.TimedOut, "halfway"),
        };
        var bad = new FakeEngine
        {
            Name = "bad",
            ListImages = (_, _) => throw Failure(EngineErrorKind.Unavailable, "bad"),
            ListContainers = (_, _) => throw Failure(EngineErrorKind.Unavailable, "bad"),
        };
        await using var host = new ApiHost(good, halfway, bad);

        var list = await host.GetJsonAsync("/images");

        Assert.Equal("""
            {"items":[
            {"engine":"local","id":"IMAGE","shortId":"ffffffffffff","tags":["busybox:latest"],"digests":[],"createdAt":"2026-11-23T12:00:00Z","sizeBytes":1234,"labels":{"a":"b"},"containers":2},
            {"engine":"local","id":"OTHER","shortId":"eeeeeeeeeeee","tags":[],"digests":[],"createdAt":"2026-11-23T12:00:00Z","sizeBytes":1234,"labels":{"a":"b"},"containers":0},
            {"engine":"halfway","id":"IMAGE","shortId":"ffffffffffff","tags":[],"digests":[],"createdAt":"2026-11-23T12:00:00Z","sizeBytes":1234,"labels":{"a":"b"},"containers":null}],
            "engines":[{"name":"local","state":"ok","images":2,"error":null},{"name":"halfway","state":"ok","images":1,"error":null},
            {"name":"bad","state":"unavailable","images":null,"error":"In the engine's words."}],"total":3}
            """.ReplaceLineEndings("").Replace("IMAGE", ImageId, StringComparison.Ordinal).Replace("OTHER", "sha256:" + Facts.Id('e'), StringComparison.Ordinal), list.GetRawText());
        Assert.Equal(1, (await host.GetJsonAsync("/images?engine=halfway")).GetProperty("total").GetInt32());
        using var none = await host.Client.GetAsync("/images?engine=bad");
        await none.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        using var unknown = await host.Client.GetAsync("/images?engine=local&engine=nope");
        await unknown.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("?dangling=false", "dangling=false")]
    [InlineData("?dangling", "dangling=true")]
    [InlineData("?reference=team/*:v?&label=a&label=b=c=d", "reference=team/*:v? label=a,b=c=d")]
    public async Task Filters_are_the_engines_own(string query, string expected)
    {
        var asked = "";
        var engine = new FakeEngine
        {
            ListImages = (filters, _) =>
            {
                asked = string.Join(' ', (filters ?? new Dictionary<string, IReadOnlyList<string>>()).Select(f => $"{f.Key}={string.Join(',', f.Value)}"));
                return Task.FromResult<IReadOnlyList<ImageFacts>>([]);
            },
            ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([]),
        };
        await using var host = new ApiHost(engine);

        await host.GetJsonAsync("/images" + query);

        Assert.Equal(expected, asked);
    }

    [Theory]
    [InlineData("GET", "/images?dangling=maybe", "dangling")]
    [InlineData("GET", "/images?reference=[", "reference")]
    [InlineData("GET", "/images?reference=a%5Cb", "reference")]
    [InlineData("GET", "/images?reference=", "reference")]
    [InlineData("GET", "/images?label=", "label")]
    [InlineData("GET", "/images?label==x", "label")]
    [InlineData("GET", "/images?all=1", "all")]
    [InlineData("GET", "/images/App", "reference", "invalid_reference")]
    [InlineData("GET", "/images/a/..%2F..%2Fcontainers", "reference", "invalid_reference")]
    [InlineData("GET", "/images/a%0Ab", "reference", "invalid_reference")]
    [InlineData("GET", "/images/a%3Fforce=1", "reference", "invalid_reference")]
    [InlineData("GET", "/images/app?force=1", "force")]
    [InlineData("DELETE", "/images/a:b:c", "reference", "invalid_reference")]
    [InlineData("DELETE", "/images/app?force=maybe", "force")]
    public async Task A_parameter_that_is_not_valid_never_reaches_the_engine(string method, string address, string field, string code = "invalid_request")
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), address));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, code);
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("tag", """{}""", "image")]
    [InlineData("tag", """{"image":"app"}""", "tag")]
    [InlineData("tag", """{"image":"App","tag":"app"}""", "image", "invalid_reference")]
    [InlineData("tag", """{"image":"app","tag":"App"}""", "tag", "invalid_reference")]
    [InlineData("tag", """{"image":"app","tag":"app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}""", "tag", "invalid_reference")]
    [InlineData("tag", """{"image":"app","tag":"[::1]:5000/app"}""", "tag", "invalid_reference")]
    [InlineData("tag", """{"image":"app","tag":"sha256:v1"}""", "tag", "invalid_reference")]
    [InlineData("pull", """{}""", "image")]
    [InlineData("pull", """{"image":"a:b:c"}""", "image", "invalid_reference")]
    [InlineData("pull", """{"image":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}""", "image", "invalid_reference")]
    [InlineData("pull", """{"image":"app","platform":"linux/"}""", "platform")]
    [InlineData("pull", """{"image":"app","platform":"linux/a/b/c"}""", "platform")]
    [InlineData("pull", """{"image":"app","registryAuth":{"password":"s3cret"}}""", "registryAuth.username")]
    [InlineData("push", """{"image":"app","registryAuth":{"username":"ann"}}""", "registryAuth.password")]
    [InlineData("push", "{}", "image")]
    [InlineData("pull", """{"image":"app","registryAuth":{"username":"ann","password":""}}""", "registryAuth.password")]
    [InlineData("pull", """{"image":"app","registryAuth":{"username":"ann","password":"s3cret","serverAddress":""}}""", "registryAuth.serverAddress")]
    [InlineData("commit", """{}""", "container")]
    [InlineData("commit", """{"container":"../x"}""", "container")]
    [InlineData("commit", """{"container":"web","tag":""}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","tag":"App"}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","tag":"app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","changes":["RUN id"]}""", "changes")]
    [InlineData("commit", """{"container":"web","changes":["FROM x"]}""", "changes")]
    [InlineData("commit", """{"container":"web","changes":["ENV A=1\nRUN id"]}""", "changes")]
    [InlineData("commit", """{"container":"web","changes":["# escape=`"]}""", "changes")]
    [InlineData("commit", """{"container":"web","changes":[" "]}""", "changes")]
    [InlineData("commit", """{"container":"web","changes":[null]}""", "changes")]
    [InlineData("commit", """{"container":"web","changes":["ENVY A=1"]}""", "changes")]
    public async Task A_body_that_is_not_valid_never_reaches_the_engine(string call, string body, string field, string code = "invalid_request")
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync("/images/" + call, new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, code);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        Assert.DoesNotContain("s3cret", problem.GetRawText(), StringComparison.Ordinal);
    }

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

    [Theory]
    [InlineData("/images/busybox", "busybox")]
    [InlineData("/images/registry:5000/team/app:v1", "registry:5000/team/app:v1")]
    [InlineData("/images/registry%3A5000%2Fteam%2fapp:v1", "registry:5000/team/app:v1")]
    [InlineData("/images/pull", "pull")]
    [InlineData("/images/43b9fa55b83f", "43b9fa55b83f")]
    [InlineData("/images/app:v1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public async Task An_image_is_shown_and_removed_under_any_of_its_names(string address, string expected)
    {
        var asked = new List<string>();
        var engine = new FakeEngine
        {
            InspectImage = (reference, _) =>
            {
                asked.Add(reference);
                return Task.FromResult(new ImageDetails { Summary = Image("busybox:latest"), History = [new ImageHistoryFacts(null, null, "made", [], 5, null)] });
            },
            RemoveImage = (reference, force, _) =>
            {
                asked.Add($"{reference} {force}");
                return Task.FromResult(new RemovedImage(["busybox:latest"], [ImageId]));
            },
            ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a')]),
        };
        await using var host = new ApiHost(engine);

        var image = await host.GetJsonAsync(address);
        using var response = await host.Client.DeleteAsync(address + "?force=true");
        var removed = await response.ReadJsonAsync(HttpStatusCode.OK);

        Assert.Equal([expected, expected + " True"], asked);
        Assert.Equal("engine", image.EnumerateObject().First().Name);
        Assert.Equal(1, image.GetProperty("containers").GetInt32());
        Assert.Equal("""[{"id":null,"createdAt":null,"createdBy":"made","tags":[],"sizeBytes":5,"comment":null}]""", image.GetProperty("history").GetRawText());
        Assert.Equal($$"""{"untagged":["busybox:latest"],"deleted":["{{ImageId}}"]}""", removed.GetRawText());
    }

    [Theory]
    [InlineData("ImageNotFound", 404, "image_not_found")]
    [InlineData("Conflict", 409, "conflict")]
    [InlineData("Denied", 403, "forbidden")]
    [InlineData("Unavailable", 503, "engine_unavailable")]
    [InlineData("TimedOut", 504, "engine_timeout")]
    [InlineData("Failed", 502, "engine_error")]
    public async Task What_the_engine_refuses_is_a_problem(string kind, int status, string code)
    {
        var failure = Failure(Enum.Parse<EngineErrorKind>(kind));
        var engine = new FakeEngine
        {
            InspectImage = (_, _) => throw failure,
            RemoveImage = (_, _, _) => throw failure,
            TagImage = (_, _, _, _) => throw failure,
            PullImage = (_, _, _, _) => Lines(failure),
            CommitContainer = (_, _) => throw failure,
            ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a', "web")]),
        };
        await using var host = new ApiHost(engine);

        foreach (var (method, address, body) in new (string, string, object?)[]
        {
            ("GET", "/images/app", null),
            ("DELETE", "/images/app", null),
            ("POST", "/images/tag", new { image = "app", tag = "app:v2" }),
            ("POST", "/images/pull", new { image = "app" }),
            ("POST", "/images/commit", new { container = "web" }),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await host.Client.SendAsync(request);
            var problem = await response.ReadProblemAsync((HttpStatusCode)status, code);
            Assert.Equal("In the engine's words.", problem.GetProperty("detail").GetString());
        }
    }

    [Theory]
    [InlineData("app", "app", "latest")]
    [InlineData("localhost:5000/team/app", "localhost:5000/team/app", "latest")]
    [InlineData("localhost:5000/team/app:v1", "localhost:5000/team/app", "v1")]
    public async Task A_name_is_split_where_it_should(string name, string repository, string tag)
    {
        var tagged = "";
        CommitSpec? committed = null;
        var engine = new FakeEngine
        {
            TagImage = (source, r, t, _) =>
            {
                tagged = $"{source} {r} {t}";
                return Task.CompletedTask;
            },
            CommitContainer = (spec, _) =>
            {
                committed = spec;
                return Task.FromResult(ImageId);
            },
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image($"{repository}:{tag}") }),
            ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a', "web")]),
        };
        await using var host = new ApiHost(engine);

        using var tagging = await host.Client.PostAsJsonAsync("/images/tag", new { image = "43b9fa55b83f", tag = name });
        using var committing = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", tag = name });

        Assert.Equal($$"""{"id":"{{ImageId}}","tags":["{{repository}}:{{tag}}"]}""", (await tagging.ReadJsonAsync(HttpStatusCode.Created)).GetRawText());
        Assert.Equal($"43b9fa55b83f {repository} {tag}", tagged);
        var answer = await committing.ReadJsonAsync(HttpStatusCode.Created);
        Assert.Equal(
            $$"""{"id":"{{ImageId}}","tags":["{{repository}}:{{tag}}"],"container":"{{Facts.Id('a')}}","createdAt":"2026-11-23T12:00:00Z"}""", answer.GetRawText());
        Assert.Equal($"/images/{ImageId}", committing.Headers.Location?.ToString());
        Assert.Equal((Facts.Id('a'), repository, tag, true), (committed!.Container, committed.Repository, committed.Tag, committed.Pause));
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

    [Fact]
    public async Task A_pull_is_a_stream_that_ends_with_its_result()
    {
        RegistryCredentials? given = null;
        var engine = new FakeEngine
        {
            PullImage = (reference, platform, credentials, _) =>
            {
                Assert.Equal(("busybox:latest", "linux/arm64/v8"), (reference, platform));
                given = credentials;
                return Lines(null, new TransferFacts(null, "Pulling from library/busybox", null, null), new TransferFacts("abc", "Downloading", 5, 10), new TransferFacts(null, "Digest: x", null, null, "sha256:d"));
            },
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("busybox:latest"), Os = "linux", Architecture = "arm64" }),
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync(
            "/images/pull", new { image = "busybox", platform = "linux/arm64/v8", registryAuth = new { username = "ann", password = "s3cret", serverAddress = "registry.example.org" } });

        var lines = await LinesOf(response);
        Assert.Equal("""{"type":"progress","layer":null,"status":"Pulling from library/busybox","current":null,"total":null}""", lines[0]);
        Assert.Equal("""{"type":"progress","layer":"abc","status":"Downloading","current":5,"total":10}""", lines[1]);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith($$"""{"type":"result","state":"succeeded","image":"busybox:latest","id":"{{ImageId}}","digest":"sha256:d","durationMs":""", lines[3], StringComparison.Ordinal);
        Assert.EndsWith(""","error":null}""", lines[3], StringComparison.Ordinal);
        Assert.Equal(new RegistryCredentials("ann", "s3cret", "registry.example.org"), given);
        Assert.DoesNotContain("s3cret", given!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Denied", "forbidden")]
    [InlineData("ImageNotFound", "image_not_found")]
    [InlineData("Unavailable", "engine_unavailable")]
    public async Task A_pull_that_fails_on_its_way_says_so_in_its_one_result(string kind, string code)
    {
        var engine = new FakeEngine { PullImage = (_, _, _, _) => Lines(Failure(Enum.Parse<EngineErrorKind>(kind)), new TransferFacts("abc", "Downloading", 5, 10)) };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/pull", new { image = "busybox" });

        var lines = await LinesOf(response);
        Assert.Equal(2, lines.Length);
        var result = JsonSerializer.Deserialize<JsonElement>(lines[1]);
        Assert.Equal(("result", "failed"), (result.GetProperty("type").GetString(), result.GetProperty("state").GetString()));
        Assert.Equal($$"""{"code":"{{code}}","message":"In the engine's words."}""", result.GetProperty("error").GetRawText());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (result.GetProperty("id").ValueKind, result.GetProperty("digest").ValueKind));
    }

    [Theory]
    [InlineData("linux", "linux", "amd64", true)]
    [InlineData("linux/x86_64", "linux", "amd64", true)]
    [InlineData("linux/arm64", "linux", "amd64", false)]
    [InlineData("windows/amd64", "linux", "amd64", false)]
    [InlineData("linux/aarch64", "linux", "arm64", true)]
    [InlineData("linux/arm64", null, null, true)]
    public async Task A_pull_for_another_platform_than_the_image_is_for_failed(string platform, string? os, string? architecture, bool succeeds)
    {
        var engine = new FakeEngine
        {
            PullImage = (_, _, _, _) => Lines(null, new TransferFacts(null, "Status: Image is up to date", null, null)),
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("busybox:latest"), Os = os, Architecture = architecture }),
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/pull", new { image = "busybox", platform });

        Assert.Contains(succeeds ? "\"succeeded\"" : "\"image_not_found\"", (await LinesOf(response))[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_is_a_stream_that_ends_with_its_result()
    {
        RegistryCredentials? given = null;
        var engine = new FakeEngine
        {
            InspectImage = (reference, _) => Task.FromResult(new ImageDetails { Summary = Image(reference) }),
            PushImage = (reference, credentials, _) =>
            {
                Assert.Equal("localhost:5000/app:latest", reference);
                given = credentials;
                return Lines(null, new TransferFacts("abc", "Pushing", 5, 10), new TransferFacts(null, "Digest: x", null, null, "sha256:d"));
            },
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync(
            "/images/push", new { image = "localhost:5000/app", registryAuth = new { username = "ann", password = "s3cret" } });

        var lines = await LinesOf(response);
        Assert.Equal("""{"type":"progress","layer":"abc","status":"Pushing","current":5,"total":10}""", lines[0]);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("""{"type":"result","state":"succeeded","image":"localhost:5000/app:latest","digest":"sha256:d","durationMs":""", lines[2], StringComparison.Ordinal);
        Assert.Equal(new RegistryCredentials("ann", "s3cret", null), given);
    }

    [Fact]
    public async Task A_push_that_the_registry_refuses_says_so_in_its_one_result()
    {
        var engine = new FakeEngine
        {
            InspectImage = (reference, _) => Task.FromResult(new ImageDetails { Summary = Image(reference) }),
            PushImage = (_, _, _) => Lines(Failure(EngineErrorKind.Denied), new TransferFacts("abc", "Preparing", null, null)),
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/push", new { image = "localhost:5000/app" });

        var lines = await LinesOf(response);
        Assert.Equal(2, lines.Length);
        Assert.Contains("\"state\":\"failed\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"digest\":null", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(""","error":{"code":"forbidden","message":"In the engine's words."}}""", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_of_an_image_that_is_not_there_is_a_problem_before_anything_is_sent()
    {
        await using var host = new ApiHost(new FakeEngine { InspectImage = (_, _) => throw Failure(EngineErrorKind.ImageNotFound) });

        using var response = await host.Client.PostAsJsonAsync("/images/push", new { image = "localhost:5000/app" });

        await response.ReadProblemAsync(HttpStatusCode.NotFound, "image_not_found");
    }

    private static async Task<string[]> LinesOf(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async IAsyncEnumerable<TransferFacts> Lines(EngineException? failure, params IReadOnlyList<TransferFacts> facts)
    {
        await Task.Yield();
        foreach (var fact in facts)
        {
            yield return fact;
        }

        if (failure is not null)
        {
            throw failure;
        }
    }
}
