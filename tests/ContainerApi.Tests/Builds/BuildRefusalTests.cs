using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace ContainerApi.Tests.Builds;

public sealed class BuildRefusalTests : BuildEndpointFixture
{
    [Theory]
    [InlineData("tag=Upper", "invalid_reference", "tag")]
    [InlineData("tag=ok&tag=a:b:c", "invalid_reference", "tag")]
    [InlineData("tag=a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "invalid_reference", "tag")]
    [InlineData("dockerfile=../x", "invalid_dockerfile", "dockerfile")]
    [InlineData("dockerfile=/etc/passwd", "invalid_dockerfile", "dockerfile")]
    [InlineData("dockerfile=.", "invalid_dockerfile", "dockerfile")]
    [InlineData("target=a%20b", "invalid_request", "target")]
    [InlineData("buildArg=--flag=x", "invalid_request", "buildArg")]
    [InlineData("buildArg==x", "invalid_request", "buildArg")]
    [InlineData("label==x", "invalid_request", "label")]
    [InlineData("label=a%20b=x", "invalid_request", "label")]
    [InlineData("platform=linux/amd64/v1/x", "invalid_request", "platform")]
    [InlineData("noCache=maybe", "invalid_request", "noCache")]
    [InlineData("push=", "invalid_request", "push")]
    [InlineData("pull=2", "invalid_request", "pull")]
    [InlineData("network=a/b", "invalid_request", "network")]
    [InlineData("extraHost=foo", "invalid_request", "extraHost")]
    [InlineData("extraHost=foo:bar", "invalid_request", "extraHost")]
    [InlineData("cacheFrom=A!", "invalid_reference", "cacheFrom")]
    [InlineData("cacheFrom=type%3Dlocal,src%3D/etc", "invalid_reference", "cacheFrom")]
    [InlineData("cacheTo=type%3Dlocal,dest%3D/etc", "invalid_request", "cacheTo")]
    [InlineData("cacheTo=type%3Dregistry", "invalid_request", "cacheTo")]
    [InlineData("shmSize=0", "invalid_request", "shmSize")]
    [InlineData("memory=-1", "invalid_request", "memory")]
    [InlineData("ulimit=nofile%3D20:10", "invalid_request", "ulimit")]
    [InlineData("ulimit=files%3D20", "invalid_request", "ulimit")]
    [InlineData("cgroupParent=../x", "invalid_request", "cgroupParent")]
    [InlineData("annotation=a", "invalid_request", "annotation")]
    [InlineData("provenance=full", "invalid_request", "provenance")]
    [InlineData("builder=kaniko", "invalid_request", "builder")]
    [InlineData("timeout=0", "invalid_request", "timeout")]
    [InlineData("timeout=601", "invalid_request", "timeout")]
    [InlineData("secret=a%3D1&secret:a=2", "invalid_request", "secret")]
    [InlineData("nope=1", "invalid_request", "nope")]
    public async Task Invalid_parameter_is_named_before_the_engine_is_called(string query, string code, string field)
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
    [InlineData("""{"path":"x\u0000y"}""", 403, "context_path_not_allowed")]
    [InlineData("""{"path":"/etc"}""", 403, "context_path_not_allowed")]
    [InlineData("""{"path":"empty","dockerfile":"../../x"}""", 400, "invalid_dockerfile")]
    [InlineData("""{"path":"empty","tag":["A"]}""", 400, "invalid_reference")]
    [InlineData("""{"remote":"https://git.example.com/other/x.git"}""", 403, "remote_context_not_allowed")]
    [InlineData("""{"remote":"https://git.example.com/team/../x.git"}""", 400, "invalid_request")]
    [InlineData("""{"remote":"https://git.example.com/team/x.git","dockerfile":"../x"}""", 400, "invalid_dockerfile")]
    [InlineData("""{"dockerfile":"FROM x","tag":1}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":1}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","nope":1}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","timeout":0}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","engine":"none"}""", 404, "engine_not_found")]
    [InlineData("""{"dockerfile":"FROM x","builder":"buildkit","network":"mynet"}""", 422, "feature_unsupported")]
    [InlineData("""{"dockerfile":"FROM x","builder":"classic","secret":{"a":"b"}}""", 422, "feature_unsupported")]
    [InlineData("""{"dockerfile":"FROM x","secret":"no-value"}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","secret":{"a":"b","a":"c"}}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":"FROM x","registryAuth":{"username":"ann","password":"s3cret"}}""", 400, "invalid_request")]
    [InlineData("""{"dockerfile":""", 400, "invalid_request")]
    [InlineData("null", 400, "invalid_request")]
    [InlineData("", 400, "invalid_request")]
    public async Task Invalid_document_is_a_problem(string json, int status, string code)
    {
        Directory.CreateDirectory(Path.Combine(_root, "empty"));

        var problem = await (await PostJsonAsync(json)).ReadProblemAsync((HttpStatusCode)status, code);

        Assert.DoesNotContain(_root, problem.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", """{"dockerfile":"FROM x\nFOO"}""")]
    [InlineData("text/x-dockerfile", "FROM x\nFOO")]
    public async Task Invalid_Dockerfile_is_a_400_although_the_engine_reports_a_step_before_it_reads_the_context(string type, string body)
    {
        _engine.Build = ReportAndReadAsync;

        using var response = await PostAsync("", Encoding.UTF8.GetBytes(body), type);

        await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_dockerfile");
    }

    /// <summary>As BuildKit does: it names the step that loads the context.</summary>
    private static async IAsyncEnumerable<BuildFact> ReportAndReadAsync(
        BuildSpec spec, Stream context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new StepStarted("1", null, null, "[internal] load remote build context");
        await context.CopyToAsync(Stream.Null, cancellationToken);
    }

    [Theory]
    [InlineData("{}", "dockerfile,path,remote")]
    [InlineData("""{"path":"none"}""", "path")]
    [InlineData("""{"path":"/etc"}""", "path")]
    [InlineData("""{"path":"empty"}""", "path")]
    [InlineData("""{"path":"empty","dockerfile":"none"}""", "dockerfile")]
    [InlineData("""{"remote":"https://git.example.com/other/x.git"}""", "remote")]
    [InlineData("""{"dockerfile":"FROM x\nFOO"}""", "dockerfile")]
    [InlineData("""{"dockerfile":"FROM x","target":"nope"}""", "target")]
    [InlineData("""{"dockerfile":"FROM x","target":"nope","mode":"wait"}""", "target")]
    [InlineData("""{"dockerfile":"FROM x","engine":"none"}""", "engine")]
    [InlineData("""{"dockerfile":"FROM x","pull":"never"}""", "pull")]
    [InlineData("""{"dockerfile":"FROM x","builder":"classic","secret":{"a":"b"}}""", "secret")]
    [InlineData("""{"dockerfile":"FROM x","builder":"buildkit","network":"mynet"}""", "network")]
    public async Task Problem_of_a_document_names_its_fields(string json, string fields)
    {
        Directory.CreateDirectory(Path.Combine(_root, "empty"));

        using var response = await PostJsonAsync(json);
        var problem = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());

        Assert.Equal(fields.Split(','), problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order());
    }

    [Theory]
    [InlineData("t", "Use 'tag', or 'tags' in JSON.")]
    [InlineData("build-arg", "Use 'buildArg', or 'buildArgs' in JSON.")]
    [InlineData("networkmode", "Use 'network'.")]
    [InlineData("RM", "Leave it out: the containers of steps are always removed.")]
    public async Task Parameter_of_Dockers_API_gets_a_hint_in_the_query_and_in_JSON(string name, string hint)
    {
        var inJson = PostJsonAsync($$"""{"dockerfile":"FROM x","{{name}}":"1"}""");
        foreach (var posting in new[] { PostAsync(name + "=1", Tar(), "application/x-tar"), inJson })
        {
            var problem = await (await posting).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

            Assert.EndsWith(hint, problem.GetProperty("errors").GetProperty(name)[0].GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Document_without_a_context_names_every_way_to_give_one()
    {
        var problem = await (await PostJsonAsync("{}")).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.All(["path", "dockerfile", "remote", "tar archive", "form"],
            way => Assert.Contains(way, problem.GetProperty("detail").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_contexts_in_one_document_are_named_in_the_problem()
    {
        const string json = """{"path":"app","remote":"https://git.example.com/team/x.git"}""";

        var problem = await (await PostJsonAsync(json)).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(["path", "remote"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Theory]
    [InlineData("application/x-tar", "remote=https://git.example.com/team/x.git", "remote")]
    [InlineData("text/x-dockerfile", "remote=https://git.example.com/team/x.git", "remote")]
    [InlineData("application/json", "remote=https://git.example.com/team/x.git", "remote")]
    [InlineData("application/x-tar", "path=app", "path")]
    public async Task Body_with_a_second_context_is_a_problem_that_names_both(string type, string query, string name)
    {
        var problem = await (await PostAsync(query, type == "application/json" ? "{}"u8.ToArray() : Tar(), type))
            .ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal([name, "body"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task JSON_with_a_query_is_a_problem() =>
        await (await PostAsync("tag=a", """{"dockerfile":"FROM x"}"""u8.ToArray(), "application/json"))
            .ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

    [Theory]
    [InlineData("text/plain")]
    [InlineData("multipart/mixed; boundary=x")]
    [InlineData(null)]
    public async Task Unknown_content_type_returns_415_with_the_supported_types(string? type)
    {
        using var response = await PostAsync("", Tar(), type);

        var problem = await response.ReadProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        Assert.Contains("application/x-tar, ", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("application/json", response.Headers.GetValues("Accept-Post").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "The body is empty")]
    [InlineData("this is not a tar archive", "The body is not a tar archive")]
    [InlineData("#!/bin/sh\necho FROM x\n", "The body is not a tar archive")]
    [InlineData("BZh9", "The bzip2 stream is damaged")]
    [InlineData("PK\u0003\u0004\u0014\u0000", "The body is a zip archive")]
    [InlineData("# syntax=x\r\n\r\n  # y\n from scratch\n", "The body is a Dockerfile")]
    [InlineData("ARG a=1\nFROM x\nRUN {0}", "The body is a Dockerfile")]
    [InlineData("# {0}\nFROM x", "The body is a Dockerfile")]
    public async Task Body_that_is_not_an_archive_is_named_for_what_it_is(string body, string detail)
    {
        var bytes = Encoding.ASCII.GetBytes(body.Replace("{0}", new string('x', 600), StringComparison.Ordinal));

        var problem = await (await PostAsync("tag=a", bytes, "application/x-tar")).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context");

        Assert.StartsWith(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task Dockerfile_in_UTF16_is_named(bool isBigEndian, bool hasMark)
    {
        var encoding = new UnicodeEncoding(isBigEndian, hasMark);
        byte[] body = [.. encoding.GetPreamble(), .. encoding.GetBytes("FROM x\n")];

        var problem = await (await PostAsync("", body, "text/x-dockerfile")).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_dockerfile");

        Assert.Equal("The Dockerfile is encoded in UTF-16. Save it as UTF-8.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Ignore_file_in_UTF16_is_named()
    {
        File.WriteAllText(Path.Combine(_root, "Dockerfile"), "FROM x\n");
        File.WriteAllText(Path.Combine(_root, ".dockerignore"), "secret\n", Encoding.Unicode);

        var problem = await (await PostJsonAsync("""{"path":"."}""")).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context");

        Assert.Equal("'.dockerignore' is encoded in UTF-16. Save it as UTF-8.", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Context_beyond_the_limit_returns_413(bool hasLength)
    {
        var body = Tar(("big", new string('x', 2_100_000)));
        using var content = hasLength ? (HttpContent)new ByteArrayContent(body) : new StreamContent(new Unseekable(body));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");

        using var response = await _api.Client.PostAsync("/images/build", content);

        await response.ReadProblemAsync(HttpStatusCode.RequestEntityTooLarge, "context_too_large");
    }

    [Fact]
    public async Task Engine_error_before_the_start_keeps_its_status()
    {
        _engine.Build = (_, _, _) => throw new EngineException(ErrorCode.InvalidDockerfile, "local", "dockerfile parse error line 2");

        var problem = await (await PostAsync("", Tar(), "application/x-tar")).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_dockerfile");

        Assert.Equal("local", problem.GetProperty("engine").GetString());
    }

    [Fact]
    public void Invalid_options_fail_the_start()
    {
        var failure = Assert.ThrowsAny<Exception>(() => new ApiHost(
            new Dictionary<string, string?>
            {
                ["Builds:ContextRoots:0"] = "relative",
                ["Builds:Timeout"] = "00:00:00",
                ["Builds:MaxConcurrent"] = "0",
                ["Builds:StorePath"] = "here.db",
                ["Builds:History:MaxBuilds"] = "-1",
            }, _engine));

        Assert.Contains("'relative' is not an absolute path", failure.ToString(), StringComparison.Ordinal);
        Assert.All(["Builds:Timeout", "Builds:MaxConcurrent", "'here.db' is not an absolute path", "Builds:History:MaxBuilds: must be 0 or more"],
            buildEvent => Assert.Contains(buildEvent, failure.ToString(), StringComparison.Ordinal));
    }
}
