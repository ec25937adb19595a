using System.Text.RegularExpressions;

namespace ContainerApi.Tests.Containers.Lifecycle;

/// <summary>Start, stop, restart, pause, kill, rename and remove through HTTP, and their engine calls.</summary>
public sealed class LifecycleHttpTests
{
    private static FakeEngine EngineWith(params IReadOnlyList<ContainerFacts> containers) =>
        new() { ListContainers = (_, _) => Task.FromResult(containers) };

    internal static async Task<JsonElement> ReadProblemAsync(
        FakeEngine engine, HttpMethod method, string address, HttpStatusCode status, string code, string? json = null)
    {
        await using var host = new ApiHost(engine);
        using var content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await host.Client.SendAsync(new HttpRequestMessage(method, address) { Content = content });
        return await response.ReadProblemAsync(status, code);
    }

    internal static EngineException Failure(ErrorCode kind) => new(kind, "local", "Failed.");

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
    [InlineData("POST", "/containers/web/stop?timeout=-1", "stop a -1")]
    [InlineData("POST", "/containers/web/restart?timeout=7", "restart a 7")]
    [InlineData("POST", "/containers/web/pause", "pause a")]
    [InlineData("POST", "/containers/web/unpause?engine=local", "unpause a")]
    [InlineData("POST", "/containers/web/kill", "kill a ")]
    [InlineData("POST", "/containers/bbbb/kill?signal=SIGRTMIN%2B3", "kill b SIGRTMIN+3")]
    [InlineData("POST", "/containers/web/rename?name=web2", "rename a web2")]
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
        engine.ChangeContainer = (call, _) => Record(Regex.Replace(call, "([ab])\\1{63}", "$1"));
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
    [InlineData("POST", "/containers/web/stop?timeout=-2", "timeout")]
    [InlineData("POST", "/containers/web/kill?signal=TERM;x", "signal")]
    [InlineData("POST", "/containers/web/rename", "name")]
    [InlineData("POST", "/containers/web/rename?name=/db", "name")]
    [InlineData("POST", "/containers/web/pause?signal=1", "signal")]
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
    [InlineData("POST", "/containers/web/stop", "timeout")]
    [InlineData("POST", "/containers/web/kill", "signal")]
    [InlineData("POST", "/containers/web/rename?name=a", "name")]
    [InlineData("DELETE", "/containers/web", "force")]
    public async Task Body_where_none_is_read_is_a_415_that_names_the_parameters(string method, string address, string expected)
    {
        var problem = await ReadProblemAsync(
            new FakeEngine(), new HttpMethod(method), address, HttpStatusCode.UnsupportedMediaType, "unsupported_media_type",
            """{"signal":"TERM"}""");

        Assert.Contains(expected, problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("POST", "/containers/gone/start", 404, "container_not_found")]
    [InlineData("DELETE", "/containers/gone", 404, "container_not_found")]
    [InlineData("POST", "/containers/a/stop", 409, "ambiguous_reference")]
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
}
