namespace ContainerApi.Tests.Containers.Lifecycle;

/// <summary>Create, start, stop, restart and remove through HTTP, and their engine calls.</summary>
public sealed class LifecycleHttpTests
{
    private static FakeEngine EngineWith(params IReadOnlyList<ContainerFacts> containers) =>
        new() { ListContainers = (_, _) => Task.FromResult(containers) };

    private static async Task<JsonElement> ReadProblemAsync(
        FakeEngine engine, HttpMethod method, string address, HttpStatusCode status, string code, string? json = null)
    {
        await using var host = new ApiHost(engine);
        using var content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await host.Client.SendAsync(new HttpRequestMessage(method, address) { Content = content });
        return await response.ReadProblemAsync(status, code);
    }

    private static EngineException Failure(ErrorCode kind) => new(kind, "local", "Failed.");

    [Theory]
    [InlineData("{}", "image", "is required")]
    [InlineData("""{"image":""}""", "image", "must be an image's name", "invalid_reference")]
    [InlineData("""{"image":5}""", "image", "must be a string.", "invalid_reference")]
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
    [InlineData("""{"image":"app","environment":["A"]}""", "environment", "'='")]
    [InlineData("""{"image":"app","environment":["=x"]}""", "environment", "not empty")]
    [InlineData("""{"image":"app","environment":{"A=B":"x"}}""", "environment", "no '='")]
    [InlineData("""{"image":"app","environment":{"A":1}}""", "environment", "object of strings")]
    [InlineData("""{"image":"app","environment":"A=1"}""", "environment", "object of strings")]
    [InlineData("""{"image":"app","labels":[1]}""", "labels", "object of strings")]
    [InlineData("""{"image":"app","ports":"80"}""", "ports", "must be a list")]
    [InlineData("""{"image":"app","ports":[80]}""", "ports", "or objects")]
    [InlineData("""{"image":"app","ports":["x"]}""", "ports", "not a port")]
    [InlineData("""{"image":"app","ports":[{"hostPort":80}]}""", "ports", "containerPort")]
    [InlineData("""{"image":"app","ports":[{"containerPort":0}]}""", "ports", "1 to 65535")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80.5}]}""", "ports", "1 to 65535")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80,"protocol":"icmp"}]}""", "ports", "tcp, udp, sctp")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80,"hostIp":"host"}]}""", "ports", "an IP address")]
    [InlineData("""{"image":"app","ports":[{"containerPort":80,"to":1}]}""", "ports", "nothing else")]
    [InlineData("""{"image":"app","ports":["1-65535","1-2/udp"]}""", "ports", "more than 65535")]
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
            environment = new[] { "A=1", "A=2=3" },
            labels = new { a = "b" },
            ports = new object[]
            {
                "8080:80",
                new { containerPort = 80, protocol = "tcp", hostPort = 8080 },
                new { containerPort = 81, hostIp = "::1", protocol = "udp" },
            },
            networkMode = "container:db",
        });

        var answer = await response.ReadJsonAsync(HttpStatusCode.Created);
        Assert.Equal($$"""{"id":"{{Facts.Id('a')}}","name":"web","warnings":["careful"]}""", answer.GetRawText());
        Assert.Equal("/containers/" + Facts.Id('a'), response.Headers.Location?.ToString());
        Assert.NotNull(spec);
        Assert.Equal(("busybox", "web", "container:db"), (spec.Image.Value, spec.Name, spec.NetworkMode));
        Assert.Equal(["httpd", "-f"], spec.Command);
        Assert.Equal("2=3", Assert.Single(spec.Environment).Value);
        Assert.Equal("b", spec.Labels["a"]);
        Assert.Equal([new PublishedPort(80, "tcp", null, 8080), new PublishedPort(81, "udp", "::1", null)], spec.Ports);
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
    [InlineData("image_not_found", 404, "image_not_found")]
    [InlineData("name_in_use", 409, "name_in_use")]
    [InlineData("invalid_request", 400, "invalid_request")]
    [InlineData("engine_unavailable", 503, "engine_unavailable")]
    [InlineData("engine_timeout", 504, "engine_timeout")]
    [InlineData("engine_error", 502, "engine_error")]
    public async Task Engine_failure_of_create_is_a_problem(string kind, int status, string code)
    {
        var engine = new FakeEngine { CreateContainer = (_, _) => throw Failure(ErrorCode.Find(kind)!) };

        var problem = await ReadProblemAsync(
            engine, HttpMethod.Post, "/containers", (HttpStatusCode)status, code, """{"image":"busybox","pull":"never"}""");

        Assert.Equal(("local", "Failed."), (problem.GetProperty("engine").GetString(), problem.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task Container_that_cannot_be_started_is_removed()
    {
        var removed = "";
        var engine = new FakeEngine
        {
            CreateContainer = (_, _) => Task.FromResult(new CreatedContainer(Facts.Id('a'), [])),
            StartContainer = (_, _) => throw Failure(ErrorCode.Conflict),
            RemoveContainer = (id, force, volumes, _) =>
            {
                removed = $"{id} {force} {volumes}";
                // The response is the failed start, not the failed removal.
                throw Failure(ErrorCode.EngineError);
            },
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/containers", new { image = "busybox", name = "web", start = true });

        await response.ReadProblemAsync(HttpStatusCode.Conflict, "conflict");
        Assert.Equal($"{Facts.Id('a')} True True", removed);
    }

    [Fact]
    public async Task Container_of_a_client_that_left_is_removed()
    {
        var starting = new TaskCompletionSource();
        var removed = new TaskCompletionSource<string>();
        var engine = new FakeEngine
        {
            CreateContainer = (_, token) =>
            {
                Assert.False(token.CanBeCanceled);
                return Task.FromResult(new CreatedContainer(Facts.Id('a'), []));
            },
            StartContainer = async (_, token) =>
            {
                starting.SetResult();
                await Task.Delay(Timeout.Infinite, token);
            },
            RemoveContainer = (id, _, _, token) =>
            {
                Assert.False(token.IsCancellationRequested);
                removed.SetResult(id);
                return Task.CompletedTask;
            },
        };
        await using var host = new ApiHost(engine);
        using var leaving = new CancellationTokenSource();
        var call = host.Client.PostAsJsonAsync("/containers", new { image = "busybox", name = "web", start = true }, leaving.Token);
        await starting.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(Facts.Id('a'), await removed.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData("POST", "/containers/web/start", "start a")]
    [InlineData("POST", "/containers/web/stop", "stop a null")]
    [InlineData("POST", "/containers/web/stop?timeout=0", "stop a 0")]
    [InlineData("POST", "/containers/bbbb/stop?timeout=3600&engine=local", "stop b 3600")]
    [InlineData("POST", "/containers/web/restart?timeout=7", "restart a 7")]
    [InlineData("DELETE", "/containers/web", "remove a False False")]
    [InlineData("DELETE", "/containers/web?force=true&volumes=1", "remove a True True")]
    [InlineData("DELETE", "/containers/web?force=false&volumes=0", "remove a False False")]
    public async Task Each_call_reaches_the_engine_with_its_parameters(string method, string address, string expected)
    {
        var calls = new List<string>();
        Task Record(string call)
        {
            calls.Add(call);
            return Task.CompletedTask;
        }

        static string Seconds(TimeSpan? grace) => grace?.TotalSeconds.ToString() ?? "null";
        var engine = EngineWith(Facts.Container('a', "web"), Facts.Container('b', "db"));
        engine.StartContainer = (id, _) => Record($"start {id[0]}");
        engine.StopContainer = (id, grace, _) => Record($"stop {id[0]} {Seconds(grace)}");
        engine.RestartContainer = (id, grace, _) => Record($"restart {id[0]} {Seconds(grace)}");
        engine.RemoveContainer = (id, force, volumes, _) => Record($"remove {id[0]} {force} {volumes}");
        await using var host = new ApiHost(engine);

        using var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), address));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal([expected], calls);
    }

    [Theory]
    [InlineData("POST", "/containers/-web/start", "container")]
    [InlineData("POST", "/containers/a%20b/start", "container")]
    [InlineData("POST", "/containers/web%2F..%2Fdb/stop", "container")]
    [InlineData("POST", "/containers/web/stop?timeout=-1", "timeout")]
    [InlineData("POST", "/containers/web/stop?timeout=3601", "timeout")]
    [InlineData("POST", "/containers/web/restart?timeout=soon", "timeout")]
    [InlineData("POST", "/containers/web/start?timeout=1", "timeout")]
    [InlineData("DELETE", "/containers/web?force=maybe", "force")]
    [InlineData("DELETE", "/containers/web?force=", "force")]
    [InlineData("DELETE", "/containers/web?volumes", "volumes")]
    [InlineData("DELETE", "/containers/web?volumes=2", "volumes")]
    [InlineData("DELETE", "/containers/web?link=1", "link")]
    public async Task Invalid_parameter_is_a_400_without_an_engine_call(string method, string address, string field)
    {
        var problem = await ReadProblemAsync(new FakeEngine(), new HttpMethod(method), address, HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("POST", "/containers/gone/start", 404, "container_not_found")]
    [InlineData("DELETE", "/containers/gone", 404, "container_not_found")]
    [InlineData("POST", "/containers/a/stop", 409, "conflict")]
    [InlineData("POST", "/containers/web/stop?engine=other", 404, "engine_not_found")]
    public async Task Missing_or_ambiguous_container_is_a_problem(string method, string address, int status, string code)
    {
        var other = Facts.Container('a', "other") with { Id = "a" + new string('b', 63) };

        await ReadProblemAsync(EngineWith(Facts.Container('a', "web"), other), new HttpMethod(method), address, (HttpStatusCode)status, code);
    }

    [Fact]
    public async Task Removal_after_another_removal_returns_204()
    {
        var engine = EngineWith(Facts.Container('a', "web"));
        engine.RemoveContainer = (_, _, _, _) => throw Failure(ErrorCode.ContainerNotFound);
        await using var host = new ApiHost(engine);

        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.DeleteAsync("/containers/web")).StatusCode);
    }

    private static async IAsyncEnumerable<TransferFacts> Lines()
    {
        await Task.Yield();
        yield return new TransferFacts(null, "Pulling", null, null);
    }
}
