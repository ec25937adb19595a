using ContainerApi.Builds;

namespace ContainerApi.Tests.Builds;

public sealed class BuildEndpointTests : BuildEndpointFixture
{
    [Fact]
    public async Task Archive_with_parameters_in_the_query_is_built()
    {
        var query = "tag=app&tag=localhost:5000/team/app:v1&dockerfile=./d/Dockerfile&target=final&buildArg=A=b=c&buildArg=B&label=l=m&label=n"
            + "&platform=linux/arm64/v8&noCache=true&pull=false"
            + "&network=none&extraHost=h:127.0.0.1&extraHost=i:::1&extraHost=j:host-gateway&cacheFrom=c:1&builder=classic&engine=local&timeout=60";

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
        Assert.Equal(["app:latest", "localhost:5000/team/app:v1"], _built.Spec.Tags.Select(t => t.ToString()));
        Assert.Equal(
            ("d/Dockerfile", "final", "linux/arm64/v8", true, false, "none"),
            (_built.Spec.Dockerfile, _built.Spec.Target, _built.Spec.Platform, _built.Spec.NoCache, _built.Spec.Pull, _built.Spec.Network));
        Assert.Equal(new Dictionary<string, string?> { ["A"] = "b=c", ["B"] = null }, _built.Spec.BuildArguments);
        Assert.Equal(new Dictionary<string, string> { ["l"] = "m", ["n"] = "" }, _built.Spec.Labels);
        Assert.Equal(["h:127.0.0.1", "i:::1", "j:host-gateway"], _built.Spec.ExtraHosts);
        Assert.Equal(["c:1"], _built.Spec.CacheFrom.Select(i => i.Value));
        Assert.Equal(["Dockerfile", "d/Dockerfile"], _built.Files!.Keys);
    }

    [Theory]
    [InlineData("application/octet-stream")]
    [InlineData("application/x-gzip; charset=binary")]
    [InlineData("application/tar")]
    public async Task Archive_is_built_under_every_usual_content_type(string type)
    {
        await LinesAsync(await PostAsync("tag=x", Tar(), type));

        Assert.Equal(["Dockerfile"], _built.Files!.Keys);
    }

    [Fact]
    public async Task Dockerfile_as_the_body_is_the_context()
    {
        await LinesAsync(await PostAsync("tag=x", "FROM scratch\n"u8.ToArray(), "text/x-dockerfile"));

        Assert.Equal(new Dictionary<string, string> { ["Dockerfile"] = "FROM scratch\n" }, _built.Files);
    }

    [Fact]
    public async Task Dockerfile_in_JSON_is_the_context()
    {
        await LinesAsync(await PostJsonAsync("""{"dockerfile":"FROM scratch\n","tag":"a:1","buildArg":["A=1"],"noCache":true,"timeout":5}"""));

        Assert.Equal(new Dictionary<string, string> { ["Dockerfile"] = "FROM scratch\n" }, _built.Files);
        Assert.Equal((null, true), (_built.Spec!.Dockerfile, _built.Spec.NoCache));
        Assert.Equal(["a:1"], _built.Spec.Tags.Select(t => t.ToString()));
    }

    [Fact]
    public async Task Build_arguments_and_labels_can_be_JSON_objects()
    {
        await LinesAsync(await PostJsonAsync(
            """{"dockerfile":"FROM scratch\n","buildArg":{"A":"b=c","B":null,"npm.base-url":""},"label":{"l":"m","n":null}}"""));

        Assert.Equal(new Dictionary<string, string?> { ["A"] = "b=c", ["B"] = null, ["npm.base-url"] = "" }, _built.Spec!.BuildArguments);
        Assert.Equal(new Dictionary<string, string> { ["l"] = "m", ["n"] = "" }, _built.Spec.Labels);
    }

    [Fact]
    public async Task Directory_is_built_without_ignored_files()
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
            Assert.Equal(["a:latest", "b:latest"], _built.Spec.Tags.Select(t => t.ToString()));
        }
    }

    [Fact]
    public async Task Options_of_the_builder_reach_it_from_JSON_and_from_a_query()
    {
        var info = new EngineInfo { ApiVersion = "1.51", HasContainerdStore = true };
        _engine.Describe = _ => Task.FromResult(info);

        foreach (var inJson in new[] { true, false })
        {
            _built.Spec = null;
            await LinesAsync(inJson
                ? await PostJsonAsync(
                    """
                    {"dockerfile":"FROM scratch\n","cacheFrom":["a:1","type=registry,ref=b:2"],
                     "cacheTo":["type=inline","type=registry,ref=c:3,mode=max"],
                     "annotations":{"org.x":"y z"},"provenance":true,"sbom":true,"platform":"linux/amd64,linux/arm64"}
                    """)
                : await PostAsync(
                    "cacheFrom=a:1&cacheFrom=type%3Dregistry,ref%3Db:2&cacheTo=type%3Dinline&cacheTo=type%3Dregistry,ref%3Dc:3,mode%3Dmax"
                    + "&annotation=org.x%3Dy%20z&provenance=min&sbom=true&platform=linux/amd64,linux/arm64", Tar(), "application/x-tar"));

            Assert.Equal(["a:1", "b:2"], _built.Spec!.CacheFrom.Select(i => i.Value));
            Assert.Equal([new(null), new(new("c", "3", null), IsMax: true)], _built.Spec.CacheTo);
            Assert.Equal([KeyValuePair.Create("org.x", "y z")], _built.Spec.Annotations);
            Assert.Equal((Provenance.Min, true, "linux/amd64,linux/arm64"), (_built.Spec.Provenance, _built.Spec.Sbom, _built.Spec.Platform));
        }
    }

    [Fact]
    public async Task Limits_of_steps_choose_the_classic_builder_of_an_old_engine()
    {
        await LinesAsync(await PostAsync(
            "shmSize=64k&ulimit=nofile%3D10:20&ulimit=core%3D-1&cgroupParent=/builds&memory=1.5m", Tar(), "application/x-tar"));

        Assert.Equal(
            (BuilderKind.Classic, 65536L, 1_572_864L, "/builds"),
            (_built.Spec!.Builder, _built.Spec.ShmSize, _built.Spec.Memory, _built.Spec.CgroupParent));
        Assert.Equal([new("nofile", 10, 20), new("core", -1, -1)], _built.Spec.Ulimits);
    }

    [Fact]
    public async Task Dockerfile_beside_an_archive_is_checked_in_place_of_its_own()
    {
        var query = "dockerfile=" + Uri.EscapeDataString("FROM scratch\nCOPY ../a /\n");
        await LinesAsync(await PostAsync(query, Tar(("Dockerfile", "is not read"), ("a", "b")), "application/x-tar"));
        Assert.Equal(("FROM scratch\nCOPY ../a /\n", null), (_built.Spec!.DockerfileText, _built.Spec.Dockerfile));

        _built.Spec = null;
        using var refused = await PostAsync("dockerfile=" + Uri.EscapeDataString("FROM scratch\nBAKE\n"), Tar(), "application/x-tar");
        await refused.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_dockerfile");
        Assert.Null(_built.Spec);
    }

    [Fact]
    public async Task Dockerfile_beside_a_directory_needs_none_in_it()
    {
        Directory.CreateDirectory(Path.Combine(_root, "app"));
        File.WriteAllText(Path.Combine(_root, "app", "file"), "");

        await LinesAsync(await PostJsonAsync("""{"path":"app","dockerfile":"FROM scratch\nCOPY file /\n"}"""));

        Assert.Equal("FROM scratch\nCOPY file /\n", _built.Spec!.DockerfileText);
        Assert.Equal(["file"], _built.Files!.Keys);
    }

    [Fact]
    public async Task Remote_context_is_fetched_by_the_engine()
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
    public async Task Windows_engine_builds_with_the_classic_builder(string query, string? builder)
    {
        BuildSpec? asked = null;
        var engine = new FakeEngine
        {
            IsWindows = true,
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
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build");
        request.Content = new StringContent(body, Encoding.UTF8, type);
        request.Headers.Add("X-Registry-Auth",
            Convert.ToBase64String("""{"username":"ann","password":"s3cret","email":"","serveraddress":"one:5000"}"""u8));
        request.Headers.Add("X-Registry-Config", Convert.ToBase64String("""{"two:5000":{"username":"bob","password":"t0p"}}"""u8));

        await LinesAsync(await _api.Client.SendAsync(request));

        Assert.Equal([new("bob", "t0p", "two:5000"), new("ann", "s3cret", "one:5000")], _built.Spec!.Credentials);
    }

    [Fact]
    public void Build_ids_sort_by_time()
    {
        var time = DateTimeOffset.UnixEpoch;

        Assert.StartsWith("0000000000", BuildId.New(time), StringComparison.Ordinal);
        Assert.True(string.CompareOrdinal(BuildId.New(time.AddMilliseconds(31)), BuildId.New(time.AddMilliseconds(32))) < 0);
        Assert.NotEqual(BuildId.New(time), BuildId.New(time));
    }
}
