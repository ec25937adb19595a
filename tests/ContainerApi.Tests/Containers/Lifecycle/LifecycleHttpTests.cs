using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace ContainerApi.Tests.Containers.Lifecycle;

/// <summary>What is asked of an engine for each lifecycle call, and what is never asked of it.</summary>
public sealed class LifecycleHttpTests
{
    private static FakeEngine EngineWith(params IReadOnlyList<ContainerFacts> containers) =>
        new() { ListContainers = (_, _) => Task.FromResult(containers) };

    private static EngineException Failure(ErrorCode kind) => new(kind, "local", "In the engine's words.");

    [Theory]
    [InlineData("{}", "image", "must be given")]
    [InlineData("""{"image":""}""", "image", "must be given")]
    [InlineData("""{"image":"App"}""", "image", "must be an image's name", "invalid_reference")]
    [InlineData("""{"image":"../x"}""", "image", "must be an image's name", "invalid_reference")]
    [InlineData("""{"image":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","pull":"always"}""", "image", "cannot be pulled", "invalid_reference")]
    [InlineData("""{"image":"app","name":"a"}""", "name", "2 to 255")]
    [InlineData("""{"image":"app","name":"/web"}""", "name", "2 to 255")]
    [InlineData("""{"image":"app","name":"a b"}""", "name", "2 to 255")]
    [InlineData("""{"image":"app","pull":"sometimes"}""", "pull", "one of missing, always, never")]
    [InlineData("""{"image":"app","networkMode":"a/../b"}""", "networkMode", "must be bridge")]
    [InlineData("""{"image":"app","networkMode":"container:"}""", "networkMode", "must be bridge")]
    [InlineData("""{"image":"app","command":"sh -c 'x"}""", "command", "not closed")]
    [InlineData("""{"image":"app","command":""}""", "command", "must not be empty")]
    [InlineData("""{"image":"app","command":[]}""", "command", "must not be empty")]
    [InlineData("""{"image":"app","command":["sh",1]}""", "command", "text or a list of texts")]
    [InlineData("""{"image":"app","command":{"a":1}}""", "command", "text or a list of texts")]
    [InlineData("""{"image":"app","command":["a\u0000b"]}""", "command", "NUL")]
    [InlineData("""{"image":"app","command":"\ud800"}""", "command", "Unicode")]
    [InlineData("""{"image":"app","environment":["A"]}""", "environment", "'='")]
    [InlineData("""{"image":"app","environment":["=x"]}""", "environment", "not empty")]
    [InlineData("""{"image":"app","environment":{"A=B":"x"}}""", "environment", "no '='")]
    [InlineData("""{"image":"app","environment":{"A":1}}""", "environment", "object of texts")]
    [InlineData("""{"image":"app","environment":"A=1"}""", "environment", "object of texts")]
    [InlineData("""{"image":"app","environment":{"\ud800":"x"}}""", "environment", "Unicode")]
    [InlineData("""{"image":"app","labels":[1]}""", "labels", "object of texts")]
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
    public async Task A_request_that_is_not_valid_says_why_and_never_reaches_the_engine(string body, string field, string reason, string code = "invalid_request")
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync("/containers", new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, code);
        Assert.Contains(reason, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("null", 400)]
    [InlineData("{", 400)]
    [InlineData("""{"image":5}""", 400)]
    [InlineData("""{"image":"app","start":"yes"}""", 400)]
    [InlineData("""{"image":"app","comand":"x"}""", 400)]
    public async Task A_body_that_is_not_the_JSON_that_is_expected_is_refused(string body, int status)
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync("/containers", new StringContent(body, Encoding.UTF8, "application/json"));

        await response.ReadProblemAsync((HttpStatusCode)status, "invalid_request");
    }

    [Fact]
    public async Task A_container_is_made_with_all_that_was_asked_for()
    {
        ContainerSpec? made = null;
        var engine = new FakeEngine
        {
            CreateContainer = (spec, _) =>
            {
                made = spec;
                return Task.FromResult(new CreatedContainer(Facts.Id('a'), ["careful"]));
            },
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/containers", new
        {
            image = "busybox",
            name = "web",
            command = "httpd -f",
            environment = new[] { "A=1", "A=2=3" },
            labels = new { a = "b" },
            ports = new object[] { "8080:80", new { containerPort = 80, protocol = "tcp", hostPort = 8080 }, new { containerPort = 81, hostIp = "::1", protocol = "udp" } },
            networkMode = "container:db",
        });

        var answer = await response.ReadJsonAsync(HttpStatusCode.Created);
        Assert.Equal((Facts.Id('a'), "web", "careful"), (answer.GetProperty("id").GetString(), answer.GetProperty("name").GetString(), answer.GetProperty("warnings")[0].GetString()));
        Assert.Equal("/containers/" + Facts.Id('a'), response.Headers.Location?.ToString());
        Assert.NotNull(made);
        Assert.Equal(("busybox", "web", "container:db"), (made.Image.Value, made.Name, made.NetworkMode));
        Assert.Equal(["httpd", "-f"], made.Command);
        Assert.Equal("2=3", Assert.Single(made.Environment).Value);
        Assert.Equal("b", made.Labels["a"]);
        Assert.Equal([new PublishedPort(80, "tcp", null, 8080), new PublishedPort(81, "udp", "::1", null)], made.Ports);
    }

    [Theory]
    [InlineData(null, "create pull busybox:latest create")]
    [InlineData("missing", "create pull busybox:latest create")]
    [InlineData("never", "create")]
    [InlineData("always", "pull busybox:latest create")]
    public async Task A_missing_image_is_pulled_as_was_asked(string? pull, string expected)
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
                Assert.Null(platform);
                Assert.Null(credentials);
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
    public async Task What_the_engine_refuses_is_a_problem(string kind, int status, string code)
    {
        var engine = new FakeEngine { CreateContainer = (_, _) => throw Failure(ErrorCode.Find(kind)!) };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/containers", new { image = "busybox", pull = "never" });

        var problem = await response.ReadProblemAsync((HttpStatusCode)status, code);
        Assert.Equal(("local", "In the engine's words."), (problem.GetProperty("engine").GetString(), problem.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task One_that_does_not_start_is_removed_again_and_the_failure_is_the_answer()
    {
        var removed = "";
        var engine = new FakeEngine
        {
            CreateContainer = (_, _) => Task.FromResult(new CreatedContainer(Facts.Id('a'), [])),
            StartContainer = (_, _) => throw Failure(ErrorCode.Conflict),
            RemoveContainer = (id, force, volumes, _) =>
            {
                removed = $"{id} {force} {volumes}";
                // That it cannot be removed is not what the caller asked.
                throw Failure(ErrorCode.EngineError);
            },
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/containers", new { image = "busybox", name = "web", start = true });

        await response.ReadProblemAsync(HttpStatusCode.Conflict, "conflict");
        Assert.Equal($"{Facts.Id('a')} True True", removed);
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_starts_leaves_no_container_behind()
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
    [InlineData("DELETE", "/containers/web?force=true&volumes", "remove a True True")]
    [InlineData("DELETE", "/containers/web?force=false&volumes=0", "remove a False False")]
    public async Task Each_call_asks_the_engine_for_what_it_says(string method, string address, string expected)
    {
        var asked = new List<string>();
        Task Note(string text)
        {
            asked.Add(text);
            return Task.CompletedTask;
        }

        static string Seconds(TimeSpan? grace) => grace is { } g ? $"{g.TotalSeconds}" : "null";
        var engine = EngineWith(Facts.Container('a', "web"), Facts.Container('b', "db"));
        engine.StartContainer = (id, _) => Note($"start {id[0]}");
        engine.StopContainer = (id, grace, _) => Note($"stop {id[0]} {Seconds(grace)}");
        engine.RestartContainer = (id, grace, _) => Note($"restart {id[0]} {Seconds(grace)}");
        engine.RemoveContainer = (id, force, volumes, _) => Note($"remove {id[0]} {force} {volumes}");
        await using var host = new ApiHost(engine);

        using var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), address));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal([expected], asked);
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
    [InlineData("DELETE", "/containers/web?volumes=2", "volumes")]
    [InlineData("DELETE", "/containers/web?link=1", "link")]
    public async Task A_parameter_that_is_not_valid_never_reaches_the_engine(string method, string address, string field)
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), address));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("POST", "/containers/gone/start", 404, "container_not_found")]
    [InlineData("DELETE", "/containers/gone", 404, "container_not_found")]
    [InlineData("POST", "/containers/a/stop", 409, "conflict")]
    [InlineData("POST", "/containers/web/stop?engine=other", 404, "engine_not_found")]
    public async Task A_container_that_is_none_or_more_than_one_is_a_problem(string method, string address, int status, string code)
    {
        var twin = Facts.Container('a', "twin") with { Id = "a" + new string('b', 63) };
        await using var host = new ApiHost(EngineWith(Facts.Container('a', "web"), twin));

        using var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), address));

        await response.ReadProblemAsync((HttpStatusCode)status, code);
    }

    [Fact]
    public async Task One_that_another_caller_removed_meanwhile_is_gone_as_asked()
    {
        var engine = EngineWith(Facts.Container('a', "web"));
        engine.RemoveContainer = (_, _, _, _) => throw Failure(ErrorCode.ContainerNotFound);
        await using var host = new ApiHost(engine);

        using var response = await host.Client.DeleteAsync("/containers/web");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    private static async IAsyncEnumerable<TransferFacts> Lines()
    {
        await Task.Yield();
        yield return new TransferFacts(null, "Pulling", null, null);
    }
}
