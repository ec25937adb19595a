using static ContainerApi.Tests.Containers.Lifecycle.LifecycleHttpTests;

namespace ContainerApi.Tests.Containers.Lifecycle;

/// <summary>The fields of <c>POST /containers</c> through HTTP, and its engine calls.</summary>
public sealed class CreateHttpTests
{
    [Theory]
    [InlineData("{}", "image", "is required")]
    [InlineData("""{"image":""}""", "image", "must be an image's name", "invalid_reference")]
    [InlineData("""{"image":5}""", "image", "must be a string.")]
    [InlineData("""{"image":"App"}""", "image", "must be an image's name", "invalid_reference")]
    [InlineData("""{"image":"../x"}""", "image", "must be an image's name", "invalid_reference")]
    [InlineData("""{"image":"sha256:0123456789abcdef","pull":"always"}""", "image", "cannot be pulled", "invalid_reference")]
    [InlineData("""{"image":"app","name":"a"}""", "name", "2 to 255")]
    [InlineData("""{"image":"app","name":"/web"}""", "name", "2 to 255")]
    [InlineData("""{"image":"app","name":"a b"}""", "name", "2 to 255")]
    [InlineData("""{"image":"app","pull":"sometimes"}""", "pull", "one of missing, always, never")]
    [InlineData("""{"image":"app","networkMode":"a/../b"}""", "networkMode", "must be bridge")]
    [InlineData("""{"image":"app","networkMode":"container:"}""", "networkMode", "must be bridge")]
    [InlineData("""{"image":"app","command":"sh -c 'x"}""", "command", "not closed")]
    [InlineData("""{"image":"app","command":""}""", "command", "must not be empty")]
    [InlineData("""{"image":"app","command":[]}""", "command", "must not be empty")]
    [InlineData("""{"image":"app","command":["sh",1]}""", "command", "string or a list of strings")]
    [InlineData("""{"image":"app","command":{"a":1}}""", "command", "string or a list of strings")]
    [InlineData("""{"image":"app","command":["a\u0000b"]}""", "command", "NUL")]
    [InlineData("""{"image":"app","command":"\ud800"}""", "command", "Unicode")]
    [InlineData("""{"image":"app","environment":["B=","A"]}""", "environment", "item [1], 'A', has no value")]
    [InlineData("""{"image":"app","environment":{"A":"1","B":2,"A":"3"}}""", "environment", "'A' twice")]
    [InlineData("""{"image":"app","environment":["=x"]}""", "environment", "not empty")]
    [InlineData("""{"image":"app","environment":{"A=B":"x"}}""", "environment", "no '='")]
    [InlineData("""{"image":"app","environment":{"A":null}}""", "environment", "'A' has none")]
    [InlineData("""{"image":"app","environment":"A=1"}""", "environment", "object of strings")]
    [InlineData("""{"image":"app","labels":[1]}""", "labels", "object of strings")]
    [InlineData("""{"image":"app","ports":true}""", "ports", "port number")]
    [InlineData("""{"image":"app","ports":[80,80.5]}""", "ports[1]", "not a port")]
    [InlineData("""{"image":"app","ports":["80","x",81,"y"]}""", "ports[3]", "not a port")]
    [InlineData("""{"image":"app","ports":[{"hostPort":80}]}""", "ports[0]", "containerPort")]
    [InlineData("""{"image":"app","ports":[{"containerPort":0}]}""", "ports[0]", "1 to 65535")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80,"protocol":"icmp"}]}""", "ports[0]", "tcp, udp, sctp")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80,"hostIp":"host"}]}""", "ports[0]", "an IP address")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80,"to":1}]}""", "ports[0]", "nothing else")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80,"containerPort":81}]}""", "ports[0]", "each once")]
    [InlineData("""{"image":"app","ports":["1-65535","1-2/udp"]}""", "ports", "more than 65535")]
    [InlineData("""{"image":"app","user":"a b"}""", "user", "by name or number")]
    [InlineData("""{"image":"app","workingDirectory":"srv"}""", "workingDirectory", "absolute path")]
    [InlineData("""{"image":"app","workingDir":"srv"}""", "workingDir", "absolute path")]
    [InlineData("""{"image":"app","hostname":"-a"}""", "hostname", "1 to 63")]
    [InlineData("""{"image":"app","restart":"always:3"}""", "restart", "on-failure:N")]
    [InlineData("""{"image":"app","memory":"512 potatoes"}""", "memory", "512m")]
    [InlineData("""{"image":"app","memory":0}""", "memory", "above 0")]
    [InlineData("""{"image":"app","cpus":0}""", "cpus", "above 0")]
    [InlineData("""{"image":"app","cpus":"0.5"}""", "cpus", "a number")]
    [InlineData("""{"image":"app","pidsLimit":0}""", "pidsLimit", "from 1")]
    [InlineData("""{"image":"app","entrypoint":[]}""", "entrypoint", "must not be empty")]
    [InlineData("""{"image":"app","registryAuth":{"username":"a","password":"b","serverAddress":"other:5000"}}""", "registryAuth", "docker.io")]
    [InlineData("""{"image":"app","image":"app"}""", "image", "given once")]
    public async Task Invalid_field_is_a_400_that_says_why(string body, string field, string reason, string code = "invalid_request")
    {
        var problem = await ReadProblemAsync(new FakeEngine(), HttpMethod.Post, "/containers", HttpStatusCode.BadRequest, code, body);

        Assert.Contains(reason, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{"image":"app","start":"yes"}""")]
    [InlineData("""{"image":"app","comand":"x"}""")]
    [InlineData("""{"image":"app","environment":{"\ud800":"x"}}""")]
    public Task Body_that_is_not_the_expected_JSON_is_a_400(string body) =>
        ReadProblemAsync(new FakeEngine(), HttpMethod.Post, "/containers", HttpStatusCode.BadRequest, "invalid_request", body);

    [Fact]
    public async Task Create_passes_every_field_to_the_engine()
    {
        ContainerSpec? spec = null;
        var engine = new FakeEngine();
        engine.CreateContainer = (created, _) =>
        {
            spec = created;
            return Task.FromResult(new CreatedContainer(Facts.Id('a'), ["careful"]));
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/containers", new
        {
            image = "busybox",
            name = "web",
            command = "httpd -f",
            entrypoint = new[] { "" },
            user = "1000:web",
            workingDirectory = "/srv",
            hostname = "web.local",
            restart = "on-failure:3",
            memory = "512m",
            cpus = 1.5,
            pidsLimit = 100,
            environment = new[] { "A=1", "A=2=3" },
            labels = new { a = "b" },
            ports = new object[]
            {
                "8080:80",
                new { containerPort = 80, protocol = "TCP", hostPort = 8080 },
                new { containerPort = 81, hostIp = "::1", protocol = "udp", hostPort = 0 },
                82,
            },
            networkMode = "container:db",
        });

        var answer = await response.ReadJsonAsync(HttpStatusCode.Created);
        Assert.Equal($$"""{"engine":"local","id":"{{Facts.Id('a')}}","name":"web","warnings":["careful"]}""", answer.GetRawText());
        Assert.Equal("/containers/" + Facts.Id('a'), response.Headers.Location?.ToString());
        Assert.NotNull(spec);
        Assert.Equal(("busybox", "web", "container:db"), (spec.Image.Value, spec.Name, spec.NetworkMode));
        Assert.Equal(["httpd", "-f"], spec.Command);
        Assert.Equal("2=3", Assert.Single(spec.Environment).Value);
        Assert.Equal("b", spec.Labels["a"]);
        Assert.Equal(
            [new PublishedPort(80, "tcp", null, 8080), new PublishedPort(81, "udp", "::1", null), new PublishedPort(82, "tcp", null, null)],
            spec.Ports);
        Assert.Equal([""], spec.Entrypoint);
        Assert.Equal(("1000:web", "/srv", "web.local"), (spec.User, spec.WorkingDirectory, spec.Hostname));
        Assert.Equal(
            (new RestartPolicy("on-failure", 3), 512L << 20, 1.5m, 100), (spec.Restart, spec.MemoryBytes, spec.Cpus, spec.PidsLimit));
    }

    [Theory]
    [InlineData(null, "create pull busybox:latest create")]
    [InlineData("missing", "create pull busybox:latest create")]
    [InlineData("never", "create")]
    [InlineData("always", "pull busybox:latest create")]
    public async Task Missing_image_is_pulled_as_requested(string? pull, string expected)
    {
        var calls = new List<string>();
        var engine = new FakeEngine
        {
            CreateContainer = (_, _) =>
            {
                calls.Add("create");
                return calls.Exists(c => c.StartsWith("pull", StringComparison.Ordinal))
                    ? Task.FromResult(new CreatedContainer(Facts.Id('a'), []))
                    : throw Failure(ErrorCode.ImageNotFound);
            },
            PullImage = (reference, platform, credentials, _) =>
            {
                Assert.Equal((null, null), (platform, credentials));
                calls.Add("pull " + reference);
                return Lines();
            },
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/containers", new { image = "busybox", name = "web", pull });

        Assert.Equal(expected, string.Join(' ', calls));
        Assert.Equal(pull == "never" ? HttpStatusCode.NotFound : HttpStatusCode.Created, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pull_of_a_missing_image_has_the_credentials_of_the_request(bool inHeader)
    {
        RegistryCredentials? given = null;
        var engine = new FakeEngine
        {
            CreateContainer = (_, _) =>
                given is null ? throw Failure(ErrorCode.ImageNotFound) : Task.FromResult(new CreatedContainer(Facts.Id('a'), [])),
            PullImage = (_, _, credentials, _) =>
            {
                given = credentials;
                return Lines();
            },
        };
        await using var host = new ApiHost(engine);
        var auth = new { username = "ann", password = "s3cret", serverAddress = "https://registry.example.org/v2/" };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/containers")
        {
            Content = JsonContent.Create(new { image = "registry.example.org/app", name = "web", registryAuth = inHeader ? null : auth }),
        };
        if (inHeader)
        {
            request.Headers.Add("X-Registry-Auth", Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(auth)));
        }

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(new RegistryCredentials("ann", "s3cret", auth.serverAddress), given);
    }

    [Theory]
    [InlineData("image_not_found", 404, "image")]
    [InlineData("name_in_use", 409, "name")]
    [InlineData("port_in_use", 409, "ports")]
    [InlineData("container_not_found", 404, "networkMode")]
    [InlineData("invalid_request", 400, null)]
    [InlineData("engine_unavailable", 503, null)]
    [InlineData("registry_unauthorized", 403, "registryAuth")]
    [InlineData("registry_unavailable", 503, null)]
    [InlineData("engine_timeout", 504, null)]
    [InlineData("engine_error", 502, null)]
    public async Task Engine_failure_of_create_is_a_problem_that_names_the_field(string code, int status, string? field)
    {
        var engine = new FakeEngine { CreateContainer = (_, _) => throw Failure(ErrorCode.Find(code)!) };

        var problem = await ReadProblemAsync(
            engine, HttpMethod.Post, "/containers", (HttpStatusCode)status, code,
            """{"image":"busybox","pull":"never","name":"web","ports":[80],"networkMode":"container:db"}""");

        Assert.Equal(("local", "Failed."), (problem.GetProperty("engine").GetString(), problem.GetProperty("detail").GetString()));
        Assert.Equal(
            field is null ? null : $$"""{"{{field}}":["Failed."]}""",
            problem.TryGetProperty("errors", out var errors) ? errors.GetRawText() : null);
    }

    [Theory]
    [InlineData("""{"image":"app","MEMORY":"8m"}""", "MEMORY", "memory")]
    [InlineData("""{"image":"app","workingDir":"/x"}""", "workingDir", "workingDirectory")]
    [InlineData("""{"image":"app","command":["x"]}""", "command", "entrypoint", "command", "image")]
    [InlineData("""{"image":"app"}""", "image", "entrypoint", "command", "image")]
    [InlineData("""{"image":"app"}""", "labels", "labels")]
    [InlineData("""{"image":"app"}""", null, "signal")]
    public async Task Field_that_the_engine_blames_is_named_as_in_the_request(string body, string? name, params string[] fields)
    {
        var engine = new FakeEngine
        {
            CreateContainer = (_, _) => throw new EngineException(ErrorCode.InvalidRequest, "local", "Failed.") { Fields = fields },
        };

        var problem = await ReadProblemAsync(engine, HttpMethod.Post, "/containers", HttpStatusCode.BadRequest, "invalid_request", body);

        Assert.Equal(name, problem.TryGetProperty("errors", out var errors) ? Assert.Single(errors.EnumerateObject()).Name : null);
    }

    private static async IAsyncEnumerable<TransferFacts> Lines()
    {
        await Task.Yield();
        yield return new TransferFacts(null, "Pulling", null, null);
    }
}
