using System.Formats.Tar;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ContainerApi.Builds;
using ContainerApi.Engine;
using ContainerApi.Tests.Builds.Contexts;

namespace ContainerApi.Tests.Builds;

public sealed class BuildEndpointTests : IDisposable
{
    private const string Image = BuiltContext.Image;
    private readonly string _root = Directory.CreateTempSubdirectory("containerapi-root-").FullName;
    private readonly FakeEngine _engine = new();
    private readonly ApiHost _api;
    private readonly BuiltContext _built = new();

    public BuildEndpointTests()
    {
        _engine.Build = _built.BuildAsync;
        _engine.InspectImage = (id, _) => Task.FromResult(new ImageDetails { Summary = new ImageFacts { Id = id, Tags = _built.Spec?.Tags ?? [], CreatedAt = null, SizeBytes = 1 } });
        _api = new ApiHost(
            new Dictionary<string, string?> { ["Builds:ContextRoots:0"] = _root, ["Builds:RemoteContexts:0"] = "https://git.example.com/team/", ["Builds:MaxContextBytes"] = "100000", ["Builds:Timeout"] = "00:10:00" }, _engine);
    }

    public void Dispose()
    {
        _api.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task An_archive_with_parameters_in_the_query_is_built()
    {
        var query = "tag=app&tag=localhost:5000/team/app:v1&dockerfile=./d/Dockerfile&target=final&buildArg=A=b=c&buildArg=B&label=l=m&label=n"
            + "&platform=linux/arm64/v8&noCache&pull=false&network=none&extraHost=h:127.0.0.1&extraHost=i:::1&extraHost=j:host-gateway&cacheFrom=c:1&builder=classic&engine=local&timeout=60";

        var lines = await LinesAsync(await PostAsync(query, Tar(("d/Dockerfile", "FROM scratch AS final\n")), "application/x-tar"));

        Assert.Equal(["started", "step", "step", "result"], lines.Select(l => l.GetProperty("type").GetString()));
        var result = lines[^1];
        Assert.Equal("succeeded", result.GetProperty("state").GetString());
        Assert.Equal(Image, result.GetProperty("imageId").GetString());
        Assert.Equal(["app:latest", "localhost:5000/team/app:v1"], result.GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(JsonValueKind.Null, result.GetProperty("error").ValueKind);
        Assert.Equal("started", lines[1].GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, lines[1].GetProperty("durationMs").ValueKind);
        Assert.EndsWith("Z", lines[0].GetProperty("at").GetString(), StringComparison.Ordinal);
        Assert.Equal("classic", lines[0].GetProperty("builder").GetString());
        Assert.Equal(BuilderKind.Classic, _built.Spec!.Builder);
        Assert.Equal(["app:latest", "localhost:5000/team/app:v1"], _built.Spec.Tags);
        Assert.Equal(("d/Dockerfile", "final", "linux/arm64/v8", true, false, "none"), (_built.Spec.Dockerfile, _built.Spec.Target, _built.Spec.Platform, _built.Spec.NoCache, _built.Spec.Pull, _built.Spec.Network));
        Assert.Equal(new Dictionary<string, string?> { ["A"] = "b=c", ["B"] = null }, _built.Spec.BuildArguments);
        Assert.Equal(new Dictionary<string, string> { ["l"] = "m", ["n"] = "" }, _built.Spec.Labels);
        Assert.Equal(["h:127.0.0.1", "i:::1", "j:host-gateway"], _built.Spec.ExtraHosts);
        Assert.Equal(["c:1"], _built.Spec.CacheFrom);
        Assert.Equal(["Dockerfile", "d/Dockerfile"], _built.Files!.Keys);
    }

    [Fact]
    public async Task A_Dockerfile_alone_is_a_context()
    {
        await LinesAsync(await PostAsync("tag=x", "FROM scratch\n"u8.ToArray(), "text/x-dockerfile"));

        Assert.Equal(new Dictionary<string, string> { ["Dockerfile"] = "FROM scratch\n" }, _built.Files);
    }

    [Fact]
    public async Task A_Dockerfile_in_JSON_is_a_context()
    {
        await LinesAsync(await PostJsonAsync("""{"dockerfile":"FROM scratch\n","tag":"a:1","buildArg":["A=1"],"noCache":true,"timeout":5}"""));

        Assert.Equal(new Dictionary<string, string> { ["Dockerfile"] = "FROM scratch\n" }, _built.Files);
        Assert.Equal((null, true), (_built.Spec!.Dockerfile, _built.Spec.NoCache));
        Assert.Equal(["a:1"], _built.Spec.Tags);
    }

    [Fact]
    public async Task A_directory_is_built_without_ignored_files()
    {
        Directory.CreateDirectory(Path.Combine(_root, "app"));
        File.WriteAllText(Path.Combine(_root, "app", "my.Dockerfile"), "FROM scratch\n");
        File.WriteAllText(Path.Combine(_root, "app", ".dockerignore"), "secret\n");
        File.WriteAllText(Path.Combine(_root, "app", "secret"), "");

        foreach (var path in new[] { "app", Path.Combine(_root, "app") })
        {
            await LinesAsync(await PostJsonAsync(JsonSerializer.Serialize(new { path, dockerfile = "my.Dockerfile", tag = new[] { "a", "b" } })));

            Assert.Equal([".dockerignore", "my.Dockerfile"], _built.Files!.Keys.Order(StringComparer.Ordinal));
            Assert.Equal("my.Dockerfile", _built.Spec!.Dockerfile);
            Assert.Equal(["a:latest", "b:latest"], _built.Spec.Tags);
        }
    }

    [Theory]
    [InlineData("tag=Upper", "invalid_reference", "tag[0]")]
    [InlineData("tag=ok&tag=a:b:c", "invalid_reference", "tag[1]")]
    [InlineData("tag=a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "invalid_reference", "tag[0]")]
    [InlineData("dockerfile=../x", "invalid_dockerfile", "dockerfile")]
    [InlineData("dockerfile=/etc/passwd", "invalid_dockerfile", "dockerfile")]
    [InlineData("dockerfile=.", "invalid_dockerfile", "dockerfile")]
    [InlineData("target=a%20b", "invalid_request", "target")]
    [InlineData("buildArg=--flag=x", "invalid_request", "buildArg[0]")]
    [InlineData("buildArg==x", "invalid_request", "buildArg[0]")]
    [InlineData("label==x", "invalid_request", "label[0]")]
    [InlineData("label=a%20b=x", "invalid_request", "label[0]")]
    [InlineData("platform=linux/amd64/v1/x", "invalid_request", "platform")]
    [InlineData("noCache=maybe", "invalid_request", "noCache")]
    [InlineData("pull=2", "invalid_request", "pull")]
    [InlineData("network=a/b", "invalid_request", "network")]
    [InlineData("extraHost=foo", "invalid_request", "extraHost[0]")]
    [InlineData("extraHost=foo:bar", "invalid_request", "extraHost[0]")]
    [InlineData("cacheFrom=A!", "invalid_reference", "cacheFrom[0]")]
    [InlineData("builder=kaniko", "invalid_request", "builder")]
    [InlineData("timeout=0", "invalid_request", "timeout")]
    [InlineData("timeout=601", "invalid_request", "timeout")]
    [InlineData("nope=1", "invalid_request", "nope")]
    public async Task An_invalid_parameter_is_named_before_the_engine_is_called(string query, string code, string field)
    {
        _engine.Build = (_, _, _) => throw new InvalidOperationException();

        var problem = await (await PostAsync(query, Tar(), "application/x-tar")).ReadProblemAsync(HttpStatusCode.BadRequest, code);

        Assert.Equal(field, problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    [Theory]
    [InlineData("""{"tag":"a"}""", 400, "invalid_request")]
    [InlineData("""{"path":"none"}""", 400, "invalid_context")]
    [InlineData("""{"path":"empty"}""", 400, "invalid_dockerfile")]
    [InlineData("""{"path":"../x"}""", 403, "context_path_not_allowed")]
    [InlineData("""{"path":"/etc"}""", 403, "context_path_not_allowed")]
    [InlineData("""{"path":"empty","dockerfile":"../../x"}""", 400, "invalid_dockerfile")]
    [InlineData("""{"path":"empty","tag":["A"]}""", 400, "invalid_reference")]
    [InlineData("""{"remote":"https://git.example.com/other/x.git"}""", 403, "remote_context_not_allowed")]
    [InlineData("""{"remote":"https://git.example.com/team/../x.git"}""", 400, "invalid_request")]
    [InlineData("""{"remote":"https://git.example.com/team/x.git","dockerfile":"../x"}""", 400, "invalid_dockerfile")]
    [InlineData("""{"dockerfile":"FROM x","tag":1}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","nope":1}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","timeout":0}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","engine":"none"}""", 404, "engine_not_found")]
    [InlineData("""{"dockerfile":"FROM x","builder":"buildkit","network":"mynet"}""", 422, "feature_unsupported")]
    [InlineData("""{"dockerfile":"FROM x","builder":"classic","secret":{"a":"b"}}""", 422, "feature_unsupported")]
    [InlineData("""{"dockerfile":"FROM x","secret":"no-value"}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","registryAuth":{"username":"ann","password":"s3cret"}}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":""", 400, "invalid_request")]
    [InlineData("null", 400, "invalid_request")]
    [InlineData("", 400, "invalid_request")]
    public async Task An_invalid_document_is_a_problem(string json, int status, string code)
    {
        Directory.CreateDirectory(Path.Combine(_root, "empty"));

        var problem = await (await PostJsonAsync(json)).ReadProblemAsync((HttpStatusCode)status, code);

        Assert.DoesNotContain(_root, problem.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"path":"app","remote":"https://git.example.com/team/x.git"}""", "path", "remote")]
    [InlineData("""{"path":"app","dockerfile":"FROM x\n"}""", "path", "dockerfile")]
    [InlineData("""{"remote":"https://git.example.com/team/x.git","dockerfile":"FROM x\n"}""", "remote", "dockerfile")]
    public async Task Two_contexts_in_one_document_are_named_in_the_problem(string json, string one, string other)
    {
        var problem = await (await PostJsonAsync(json)).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal([one, other], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Theory]
    [InlineData("application/x-tar", "remote=https://git.example.com/team/x.git", "remote")]
    [InlineData("text/x-dockerfile", "remote=https://git.example.com/team/x.git", "remote")]
    [InlineData("application/json", "remote=https://git.example.com/team/x.git", "remote")]
    [InlineData("application/x-tar", "path=app", "path")]
    public async Task A_body_beside_another_context_is_a_problem_that_names_both(string type, string query, string name)
    {
        var problem = await (await PostAsync(query, Tar(), type)).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal([name, "body"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task A_remote_context_is_fetched_by_the_engine()
    {
        const string Remote = "https://git.example.com/team/app.git#v1:web";
        _engine.Build = (spec, context, token) =>
        {
            _built.Spec = spec;
            return Facts(new StepStarted("1", 1, 1, "FROM scratch"), new StepCompleted("1", false), new ImageBuilt(Image));
        };

        await LinesAsync(await PostJsonAsync(JsonSerializer.Serialize(new { remote = Remote, dockerfile = "docker/prod", tag = "a" })));

        Assert.Equal((Remote, "docker/prod"), (_built.Spec!.Remote, _built.Spec.Dockerfile));
    }

    [Theory]
    [InlineData("", "classic")]
    [InlineData("?builder=auto", "classic")]
    [InlineData("?builder=buildkit", null)]
    public async Task A_Windows_engine_builds_with_the_classic_builder(string query, string? builder)
    {
        BuildSpec? asked = null;
        var engine = new FakeEngine
        {
            BuildKitUnavailableReason = "The engine runs Windows, which has no BuildKit.",
            InspectImage = _engine.InspectImage,
            Build = (spec, _, _) =>
            {
                asked = spec;
                return Facts(new ImageBuilt(Image));
            },
        };
        await using var host = new ApiHost(engine);
        using var body = new StringContent("FROM scratch", Encoding.UTF8, "text/x-dockerfile");

        using var response = await host.Client.PostAsync("/images/build" + query, body);

        if (builder is null)
        {
            await response.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "feature_unsupported");
            Assert.Null(asked);
            return;
        }

        Assert.Contains($"\"builder\":\"{builder}\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(BuilderKind.Classic, asked!.Builder);
    }

    [Theory]
    [InlineData("application/json", """{"dockerfile":"FROM scratch"}""")]
    [InlineData("text/x-dockerfile", "FROM scratch")]
    public async Task Credentials_in_headers_apply_to_every_kind_of_body(string type, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build") { Content = new StringContent(body, Encoding.UTF8, type) };
        request.Headers.Add("X-Registry-Auth", Convert.ToBase64String("""{"username":"ann","password":"s3cret","email":"","serveraddress":"one:5000"}"""u8));
        request.Headers.Add("X-Registry-Config", Convert.ToBase64String("""{"two:5000":{"username":"bob","password":"t0p"}}"""u8));

        await LinesAsync(await _api.Client.SendAsync(request));

        Assert.Equal([new("bob", "t0p", "two:5000"), new("ann", "s3cret", "one:5000")], _built.Spec!.Credentials);
    }

    [Fact]
    public async Task JSON_with_a_query_is_refused() =>
        await (await PostAsync("tag=a", """{"dockerfile":"FROM x"}"""u8.ToArray(), "application/json")).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

    [Theory]
    [InlineData("application/octet-stream")]
    [InlineData("multipart/mixed; boundary=x")]
    [InlineData(null)]
    public async Task An_unknown_content_type_is_refused(string? type) =>
        await (await PostAsync("", Tar(), type)).ReadProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");

    [Theory]
    [InlineData("", "invalid_context")]
    [InlineData("this is not a tar archive", "invalid_context")]
    [InlineData("BZh9", "invalid_context")]
    public async Task A_body_that_is_not_an_archive_is_refused(string body, string code) =>
        await (await PostAsync("tag=a", Encoding.ASCII.GetBytes(body), "application/x-tar")).ReadProblemAsync(HttpStatusCode.BadRequest, code);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_context_beyond_the_limit_is_too_large(bool hasLength)
    {
        var body = Tar(("big", new string('x', 200_000)));
        using var content = hasLength ? (HttpContent)new ByteArrayContent(body) : new StreamContent(new Unseekable(body));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");

        using var response = await _api.Client.PostAsync("/images/build", content);

        await response.ReadProblemAsync(HttpStatusCode.RequestEntityTooLarge, "context_too_large");
    }

    [Fact]
    public async Task A_refusal_of_the_engine_keeps_its_status()
    {
        _engine.Build = (_, _, _) => Throw(new EngineException(EngineErrorKind.InvalidDockerfile, "local", "dockerfile parse error line 2"));

        var problem = await (await PostAsync("", Tar(), "application/x-tar")).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_dockerfile");

        Assert.Equal("local", problem.GetProperty("engine").GetString());
    }

    [Fact]
    public async Task Create_image_builds_a_directory()
    {
        Directory.CreateDirectory(Path.Combine(_root, "web"));
        File.WriteAllText(Path.Combine(_root, "web", "Dockerfile"), "FROM scratch\n");

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source = "web", tag = "web:v1.0" });

        Assert.Equal(["web:v1.0"], _built.Spec is null ? [] : _built.Spec.Tags);
        Assert.Equal("result", (await LinesAsync(response))[^1].GetProperty("type").GetString());
        Assert.Equal(["Dockerfile"], _built.Files!.Keys);
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

        var result = Assert.Single(await LinesAsync(response));
        Assert.Equal("succeeded", result.GetProperty("state").GetString());
        Assert.Equal(Image, result.GetProperty("imageId").GetString());
        Assert.Equal("localhost:5000/redis:v1.0", result.GetProperty("tags")[0].GetString());
        Assert.Equal((new string('a', 64), "localhost:5000/redis", "v1.0", true), (committed!.Container, committed.Repository, committed.Tag, committed.Pause));
    }

    [Theory]
    [InlineData("nothing", "x:1", 404, "source_not_found")]
    [InlineData("no/such/dir", "x:1", 404, "source_not_found")]
    [InlineData("/etc", "x:1", 403, "context_path_not_allowed")]
    [InlineData("", "x:1", 400, "invalid_request")]
    [InlineData(null, "x:1", 400, "invalid_request")]
    [InlineData("nothing", "X", 400, "invalid_reference")]
    [InlineData("nothing", null, 400, "invalid_reference")]
    public async Task Create_image_reports_a_missing_source(string? source, string? tag, int status, string code)
    {
        _engine.ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Container("other")]);

        using var response = await _api.Client.PostAsJsonAsync("/images", new { source, tag });

        await response.ReadProblemAsync((HttpStatusCode)status, code);
    }

    [Fact]
    public void Invalid_options_fail_the_start()
    {
        var failure = Assert.ThrowsAny<Exception>(() => new ApiHost(
            new Dictionary<string, string?> { ["Builds:ContextRoots:0"] = "relative", ["Builds:Timeout"] = "00:00:00", ["Builds:MaxConcurrent"] = "0", ["Builds:StorePath"] = "here.db", ["Builds:History:MaxBuilds"] = "-1" }, _engine));

        Assert.Contains("'relative' is not an absolute path", failure.ToString(), StringComparison.Ordinal);
        Assert.All(["Builds:Timeout", "Builds:MaxConcurrent", "'here.db' is not an absolute path", "Builds:History:MaxBuilds: must be 0 or more"],
            buildEvent => Assert.Contains(buildEvent, failure.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Build_ids_sort_by_time()
    {
        var time = DateTimeOffset.UnixEpoch;

        Assert.StartsWith("0000000000", BuildId.New(time), StringComparison.Ordinal);
        Assert.True(string.CompareOrdinal(BuildId.New(time.AddMilliseconds(31)), BuildId.New(time.AddMilliseconds(32))) < 0);
        Assert.NotEqual(BuildId.New(time), BuildId.New(time));
    }

    private static async IAsyncEnumerable<BuildFact> Facts(params IReadOnlyList<BuildFact> facts)
    {
        await Task.Yield();
        foreach (var fact in facts)
        {
            yield return fact;
        }
    }

    private static async IAsyncEnumerable<BuildFact> Throw(Exception exception)
    {
        await Task.Yield();
        if (exception is not null)
        {
            throw exception;
        }

        yield break;
    }

    private Task<HttpResponseMessage> PostJsonAsync(string json) => PostAsync("", Encoding.UTF8.GetBytes(json), "application/json");

    private async Task<HttpResponseMessage> PostAsync(string query, byte[] body, string? type)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return await _api.Client.PostAsync("/images/build" + (query.Length > 0 ? "?" + query : ""), content);
    }

    private static async Task<IReadOnlyList<JsonElement>> LinesAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        response.Dispose();
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private static byte[] Tar(params (string Name, string Text)[] more)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, text) in more.Prepend(("Dockerfile", "FROM scratch\n")))
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
            }
        }

        return archive.ToArray();
    }

    private static ContainerFacts Container(string name) =>
        new() { Id = new string('a', 64), Name = name, Image = "x", ImageId = Image, CreatedAt = DateTimeOffset.UnixEpoch, State = ContainerStates.Running };

    /// <summary>A body of unknown length.</summary>
    private sealed class Unseekable(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
