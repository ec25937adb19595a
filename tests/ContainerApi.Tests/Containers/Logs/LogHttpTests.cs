using ContainerApi.Access;
using ContainerApi.Tests.Access;

namespace ContainerApi.Tests.Containers.Logs;

public sealed class LogHttpTests
{
    [Fact]
    public async Task Lines_have_their_time_output_and_text()
    {
        var logs = new FakeLogs().Add('1', 1.000000001, "one").Add('1', 2, "\e[31mtwo\e[0m \"q\" \\ ä", LogOutput.Stderr);
        await using var host = Host(logs, Facts.Container('1', "web"));

        var lines = await LinesAsync(host.Client, "/containers/web/logs");

        Assert.Equal(["line", "line", "result"], lines.Select(l => Text(l, "type")));
        Assert.Equal(["2026-11-23T12:00:01.000000000Z", "2026-11-23T12:00:02.000000000Z"], lines.Take(2).Select(l => Text(l, "at")));
        Assert.Equal(["stdout", "stderr"], lines.Take(2).Select(l => Text(l, "output")));
        Assert.Equal(["one", "\e[31mtwo\e[0m \"q\" \\ ä"], lines.Take(2).Select(l => Text(l, "text")));
        Assert.All(lines.Take(2), l => Assert.Equal(("local", Facts.Id('1'), "web"), (Text(l, "engine"), Text(l, "containerId"), Text(l, "name"))));
        Assert.Equal(2, lines[^1].GetProperty("lines").GetInt32());
        Assert.True(lines[^1].GetProperty("complete").GetBoolean());
    }

    [Theory]
    [InlineData("", null, 100)]
    [InlineData("?tail=5", null, 5)]
    [InlineData("?tail=all", null, null)]
    [InlineData("?since=2026-11-23T12:00:00Z", 0, null)]
    [InlineData("?since=2026-11-23T12:00:02Z&tail=7", 2, 7)]
    [InlineData("?until=2026-11-23T12:00:00Z", null, null)]
    public async Task Range_of_the_request_reaches_the_engine(string query, int? since, int? tail)
    {
        var logs = new FakeLogs();
        await using var host = Host(logs, Facts.Container('1'));

        await LinesAsync(host.Client, "/containers/c1/logs" + query);

        var range = Assert.Single(logs.Calls);
        Assert.Equal(since is { } seconds ? FakeLogs.At(seconds) : null, range.Since);
        Assert.Equal(tail, range.Tail);
        Assert.False(range.Follow);
    }

    [Theory]
    [InlineData("?output=stderr", "b")]
    [InlineData("?output=stdout,stderr", "a|b|abc")]
    [InlineData("?search=b", "b|abc")]
    [InlineData("?search=x", "")]
    public async Task Filters_select_lines(string query, string expected)
    {
        var logs = new FakeLogs().Add('1', 1, "a").Add('1', 2, "b", LogOutput.Stderr).Add('1', 3, "abc");
        await using var host = Host(logs, Facts.Container('1'));

        var lines = await LinesAsync(host.Client, "/containers/c1/logs" + query);

        Assert.Equal(expected, string.Join('|', lines.SkipLast(1).Select(l => Text(l, "text"))));
    }

    [Theory]
    [InlineData("tail=-1", "tail")]
    [InlineData("since=yesterday", "since")]
    [InlineData("until=1h&follow=true", "until")]
    [InlineData("output=all", "output")]
    [InlineData("search=", "search")]
    [InlineData("after=0", "after")]
    [InlineData("include=usage", "include")]
    [InlineData("colour=red", "colour")]
    public async Task Invalid_parameter_is_named(string query, string field)
    {
        await using var host = Host(new FakeLogs(), Facts.Container('1'));
        foreach (var path in new[] { "/logs", "/containers/c1/logs" })
        {
            using var response = await host.Client.GetAsync($"{path}?{query}");
            var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

            Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
        }
    }

    [Theory]
    [InlineData("", "plain\nred [x]\nbell\\u0007\n")]
    [InlineData("&colour=true", "plain\n\e[31mred\e[0m [x]\e[0m\nbell\\u0007\n")]
    public async Task Text_has_no_escape_sequences_but_colours_on_request(string query, string expected)
    {
        var logs = new FakeLogs().Add('1', 1, "plain").Add('1', 2, "\e[31mred\e[0m\e[2K [x]").Add('1', 3, "bell\a");
        await using var host = Host(logs, Facts.Container('1'));

        Assert.Equal(expected, await host.Client.GetStringAsync("/containers/c1/logs?format=text" + query));
    }

    [Fact]
    public async Task Several_logs_are_merged_by_time_and_text_names_the_container()
    {
        var logs = new FakeLogs().Add('1', 1, "a").Add('2', 2, "b").Add('1', 3, "c").Add('2', 4, "d").Add('2', 2.5, "late");
        await using var host = Host(logs, Facts.Container('1', "web"), Facts.Container('2', "db-main"));

        Assert.Equal(
            "web     | a\ndb-main | b\nweb     | c\ndb-main | d\ndb-main | late\n",
            await host.Client.GetStringAsync("/logs?format=text"));
    }

    [Fact]
    public async Task Server_sent_events_have_the_type_and_the_seq()
    {
        await using var host = Host(new FakeLogs().Add('1', 1, "a"), Facts.Container('1'));

        var text = await host.Client.GetStringAsync("/containers/c1/logs?format=sse");

        Assert.Matches("^event: line\nid: [A-Za-z0-9_-]+\ndata: \\{\"type\":\"line\".*\\}\n\nevent: result\nid: .*\ndata: .*\n\n$", text);
    }

    [Fact]
    public async Task Log_that_cannot_be_read_is_a_problem_alone_and_an_event_among_others()
    {
        var logs = new FakeLogs().Add('1', 1, "a");
        var engine = Engine(logs, Facts.Container('1'), Facts.Container('2'));
        engine.ReadLogs = (id, range, token) => id == Facts.Id('1') ? logs.ReadAsync(id, range, token)
            : throw new EngineException(ErrorCode.FeatureUnsupported, "local", "configured logging driver does not support reading");
        await using var host = new ApiHost(engine);

        using var response = await host.Client.GetAsync("/containers/c2/logs");
        await response.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "feature_unsupported");

        var lines = await LinesAsync(host.Client, "/logs");
        Assert.Equal(["line", "result", "unreadable"], lines.Select(l => Text(l, "type")).Order());
        Assert.Equal("feature_unsupported", Text(lines.Single(l => Text(l, "type") == "unreadable").GetProperty("error"), "code"));
        Assert.Equal(("succeeded", false), (Text(lines[^1], "state"), lines[^1].GetProperty("complete").GetBoolean()));
    }

    [Fact]
    public async Task Engine_that_fails_after_the_first_line_fails_the_result()
    {
        var engine = Engine(new FakeLogs(), Facts.Container('1'));
        engine.ReadLogs = (_, _, _) => BreakAsync();
        await using var host = new ApiHost(engine);

        var lines = await LinesAsync(host.Client, "/containers/c1/logs");

        Assert.Equal(["line", "result"], lines.Select(l => Text(l, "type")));
        Assert.Equal(("failed", "engine_unavailable"), (Text(lines[1], "state"), Text(lines[1].GetProperty("error"), "code")));

        static async IAsyncEnumerable<LogLines> BreakAsync()
        {
            var lines = new LogLines();
            yield return lines;

            lines.Add(FakeLogs.Noon, LogOutput.Stdout, "a"u8);
            yield return lines;

            await Task.Yield();
            throw new EngineException(ErrorCode.EngineUnavailable, "local", "The engine cannot be reached: the connection was lost.");
        }
    }

    [Fact]
    public async Task Engine_that_does_not_answer_is_an_event()
    {
        var dead = Facts.EngineNamed("dead");
        dead.ListContainers = (_, _) => throw new EngineException(ErrorCode.EngineUnavailable, "dead", "The engine cannot be reached.");
        await using var host = new ApiHost(Engine(new FakeLogs().Add('1', 1, "a"), Facts.Container('1')), dead);

        var lines = await LinesAsync(host.Client, "/logs");

        Assert.Equal(["engine", "line", "result"], lines.Select(l => Text(l, "type")));
        Assert.Equal("unavailable", Text(lines[0].GetProperty("engine"), "state"));
        Assert.False(lines[2].GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task Key_sees_the_logs_of_its_containers_redacted()
    {
        var mine = Facts.Container('1', "mine") with { Labels = new Dictionary<string, string> { ["team"] = "a" } };
        var logs = new FakeLogs().Add('1', 1, "login --password hunter2").Add('2', 1, "other");
        var keys = new Keys().Add("a", [Scopes.LogsRead], labels: ["team=a"]).Add("none", [Scopes.ContainersRead])
            .Add("trusted", [Scopes.LogsRead, Scopes.ContainersSecrets]);
        await using var host = new ApiHost(keys, Engine(logs, mine, Facts.Container('2', "other")));

        Assert.Equal(["login --password ***"], (await LinesAsync(host.With("a"), "/logs")).SkipLast(1).Select(l => Text(l, "text")));
        Assert.Equal(2, (await LinesAsync(host.With("trusted"), "/logs?search=hunter2")).Count);
        Assert.Single(await LinesAsync(host.With("a"), "/logs?search=hunter2"));
        using var other = await host.With("a").GetAsync("/containers/other/logs");
        await other.ReadProblemAsync(HttpStatusCode.NotFound, "container_not_found");
        using var none = await host.With("none").GetAsync("/containers/mine/logs");
        await none.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    internal static FakeEngine Engine(FakeLogs logs, params IReadOnlyList<ContainerFacts> containers)
    {
        var engine = Facts.Engine(containers);
        engine.ReadLogs = logs.ReadAsync;
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        return engine;
    }

    internal static ApiHost Host(FakeLogs logs, params IReadOnlyList<ContainerFacts> containers) => new(Engine(logs, containers));

    internal static async Task<List<JsonElement>> LinesAsync(HttpClient client, string address)
    {
        using var response = await client.GetAsync(address);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<JsonElement>(l))];
    }

    internal static string? Text(JsonElement element, string member) => element.GetProperty(member).GetString();
}
