using ContainerApi.Stubs;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Answers that are too large, or have values out of range: 502 or a failed section, with bounded memory.</summary>
public sealed class HostileAnswerTests : StubEngineTests
{
    private const string Id = "1111111111111111111111111111111111111111111111111111111111111111";
    private const string LongId = "{\"Id\":\"";
    private static readonly string Megabyte = new('x', 1024 * 1024);
    private const string Image = "{\"Id\":\"sha256:" + Id + "\",";

    [Theory]
    [InlineData("/containers", "/containers/json", "[" + LongId, "a")]
    [InlineData("/containers", "/containers/json", "", " ")]
    [InlineData("/containers", "/containers/json", "[", "{},")]
    [InlineData("/containers", "/containers/json", "[{\"Id\":\"" + Id + "\",\"Ports\":[", "{},")]
    [InlineData("/containers/web", "/containers/{id}/json", LongId, "a")]
    [InlineData("/engines/local", "/info", LongId, "a")]
    [InlineData("/engines/local", "/version", "{\"Components\":[", "{},")]
    [InlineData("/images", "/images/json", "[", "{},")]
    [InlineData("/images", "/images/json", "[" + Image + "\"Labels\":{\"a\":\"", "a")]
    [InlineData("/images", "/images/json", "[" + Image + "\"Labels\":{", "\"a\":\"b\",")]
    [InlineData("/images/app", "/images/{name}/json", LongId, "a")]
    [InlineData("/images/app", "/images/{name}/history", "[", "{},")]
    [InlineData("POST /containers {\"image\":\"app\"}", "/containers/create", LongId, "a")]
    [InlineData("POST /images/commit {\"container\":\"web\"}", "/commit", LongId, "a")]
    [InlineData("POST /images/pull {\"image\":\"app\"}", "/images/create", "{\"status\":\"", "a")]
    [InlineData("POST /images/pull {\"image\":\"app\"}", "/images/create", "{\"a\":[", "{},")]
    [InlineData("POST /images/pull {\"image\":\"app\"}", "/images/create", "", "\n")]
    public async Task Endless_answer_is_an_engine_error(string request, string route, string start, string repeated)
    {
        await StartAsync(maxAnswer: 1024 * 1024);
        Stub.Containers.Add(new StubContainer { Id = Id, Name = "web" });
        Stub.When(route, Behaviours.Endless(start, repeated));

        Assert.Matches("^The engine returned an invalid response: it exceeds [0-9]+ bytes or [0-9]+ values.$", await ErrorAsync(request));
    }

    [Theory]
    [InlineData("top", "processes", "{\"Titles\":[\"PID\",\"CMD\"],\"Processes\":[[\"1\",\"", "a")]
    [InlineData("top", "processes", "{\"Titles\":[\"PID\",\"CMD\"],\"Processes\":[", "[\"1\",\"a\"],")]
    [InlineData("stats", "usage", "{\"name\":\"", "a")]
    [InlineData("stats", "usage", "{\"read\":\"2026-11-01T12:00:00Z\",\"a\":[", "{},")]
    public async Task Endless_section_fails_alone(string call, string section, string start, string repeated)
    {
        await StartAsync(new StubOptions { Running = 2 });
        var hostile = Stub.Containers.All[0].Id;
        Stub.When(c => c.Path == $"/containers/{hostile}/{call}", Behaviours.Endless(start, repeated));

        Assert.All(await ItemsAsync(), i => Assert.Equal(Text(i, "id") == hostile ? "error" : "ok", State(i, section)));
    }

    [Theory]
    [InlineData("/containers", "/containers/json", "[{\"Id\":\"" + Id + "\",\"Ports\":[{\"PrivatePort\":-1}]}]")]
    [InlineData("/containers", "/containers/json", "[{\"Id\":\"" + Id + "\",\"Ports\":[{\"PrivatePort\":80,\"PublicPort\":65536}]}]")]
    [InlineData("/containers", "/containers/json", "[{\"Id\":\"" + Id + "\",\"Created\":1e300}]")]
    [InlineData("/containers/web", "/containers/{id}/json", "{\"Id\":\"" + Id + "\",\"Config\":{\"Labels\":{\"a\":null}}}")]
    [InlineData("/engines/local", "/info", "{\"OSType\":\"linux\",\"NCPU\":1e300}")]
    [InlineData("/engines/local", "/info", "{\"OSType\":\"linux\",\"NCPU\":-1}")]
    [InlineData("/engines/local", "/info", "{\"OSType\":\"linux\",\"Containers\":4294967297}")]
    [InlineData("/engines/local", "/info", "{\"OSType\":\"linux\",\"RegistryConfig\":{\"Mirrors\":[null]}}")]
    [InlineData("/engines/local", "/info", "{}")]
    [InlineData("/engines/local", "/info", "null")]
    [InlineData("/engines/local", "/version", "null")]
    [InlineData("/images", "/images/json", "null")]
    [InlineData("/images", "/images/json", "[null]")]
    [InlineData("/images", "/images/json", "[{}]")]
    [InlineData("/images", "/images/json", "[" + Image + "\"Created\":1e300}]")]
    [InlineData("/images", "/images/json", "[" + Image + "\"Created\":9223372036854775807}]")]
    [InlineData("/images", "/images/json", "[" + Image + "\"Size\":-1}]")]
    [InlineData("/images", "/images/json", "[" + Image + "\"Size\":1e300}]")]
    [InlineData("/images", "/images/json", "[" + Image + "\"RepoTags\":[null]}]")]
    [InlineData("/images", "/images/json", "[" + Image + "\"Labels\":{\"a\":null}}]")]
    [InlineData("/images/app", "/images/{name}/json", "null")]
    [InlineData("/images/app", "/images/{name}/json", "{}")]
    [InlineData("/images/app", "/images/{name}/json", Image + "\"Created\":\"99999-01-01T00:00:00Z\"}")]
    [InlineData("/images/app", "/images/{name}/json", Image + "\"Config\":{\"Env\":[null]}}")]
    [InlineData("/images/app", "/images/{name}/history", "[null]")]
    [InlineData("/images/app", "/images/{name}/history", "[{\"Created\":9223372036854775807}]")]
    [InlineData("DELETE /images/app", "/images/{name}", "[null]")]
    [InlineData("DELETE /images/app", "/images/{name}", "[{\"Untagged\":null}]")]
    [InlineData("POST /containers {\"image\":\"app\"}", "/containers/create", "{}")]
    [InlineData("POST /images/commit {\"container\":\"web\"}", "/commit", "{}")]
    [InlineData("POST /images/commit {\"container\":\"web\",\"dryRun\":true}", "/containers/{id}/changes", "[{\"Path\":\"a\",\"Kind\":1e300}]")]
    [InlineData("POST /images/pull {\"image\":\"app\"}", "/images/create", "")]
    public async Task Value_out_of_range_or_missing_is_an_engine_error(string request, string route, string body)
    {
        await StartAsync();
        Stub.Containers.Add(new StubContainer { Id = Id, Name = "web" });
        Stub.When(route, Behaviours.Answer(200, body));

        Assert.Equal("The engine returned an invalid response.", await ErrorAsync(request));
    }

    /// <summary>Engine 28.5 with the containerd image store returns null for an image whose last stage has no instruction.</summary>
    [Fact]
    public async Task Image_without_a_history_has_an_empty_one()
    {
        await StartAsync();
        Stub.When("/images/{name}/history", Behaviours.Answer(200, "null"));

        Assert.Equal("[]", (await Host.GetJsonAsync("/images/app")).GetProperty("history").GetRawText());
    }

    [Theory]
    [InlineData("/containers", "/containers/json", "[{\"Id\":\"" + Id + "\",\"Names\":[\"/a\u00ff\"]}]")]
    [InlineData("/containers", "/containers/json", "[{\"Id\":\"" + Id + "\",\"Labels\":{\"a\u00c3(\":\"b\"}}]")]
    [InlineData("/containers/web", "/containers/{id}/json", "{\"Id\":\"" + Id + "\",\"Name\":\"/\u00ff\"}")]
    [InlineData("/images", "/images/json", "[" + Image + "\"RepoTags\":[\"\u00ff\"]}]")]
    [InlineData("POST /images/pull {\"image\":\"app\"}", "/images/create", "{\"status\":\"\u00ff\"}\n")]
    public async Task Answer_that_is_not_UTF_8_is_an_engine_error(string request, string route, string latin1)
    {
        await StartAsync();
        Stub.Containers.Add(new StubContainer { Id = Id, Name = "web" });
        Stub.When(route, async http =>
        {
            await http.Response.Body.WriteAsync(Encoding.Latin1.GetBytes(latin1));
            return true;
        });

        Assert.Equal("The engine returned an invalid response.", await ErrorAsync(request));
    }

    [Fact]
    public async Task Headers_above_the_limit_are_an_engine_error()
    {
        await StartAsync();
        Stub.When("/containers/json", http =>
        {
            http.Response.Headers["X-Long"] = new string('a', 100_000);
            return Task.FromResult(false);
        });

        using var answer = await Host.Client.GetAsync("/containers");

        await answer.ReadProblemAsync(HttpStatusCode.BadGateway, "engine_error");
    }

    [Theory]
    [InlineData("{\"stream\":\"", "a")]
    [InlineData("{\"stream\":\"Step 1/1 : FROM scratch\"}{\"aux\":[", "{},")]
    public async Task Endless_message_fails_its_build(string start, string repeated)
    {
        await StartAsync();
        Stub.When("/build", Behaviours.Endless(start, repeated));

        using var answer = await Host.Client.PostTextAsync("/images/build?stream=false&builder=classic", "FROM scratch\n", "text/x-dockerfile");

        var text = await answer.Content.ReadAsStringAsync();
        Assert.Contains("\"engine_error\"", text, StringComparison.Ordinal);
        Assert.Contains("it exceeds 4194304 bytes or 131072 values", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Engine_time_out_of_range_ends_no_watch()
    {
        await StartAsync(new StubOptions { Running = 1 });
        Stub.When("/_ping", http =>
        {
            http.Response.Headers.Date = "Mon, 01 Jan 0001 00:00:00 GMT";
            return Task.FromResult(false);
        });
        using var watch = new StreamReader(await Host.Client.GetStreamAsync("/containers/watch?include=none"));
        Assert.Contains("\"snapshot\"", await watch.ReadLineAsync());

        Stub.Events.Emit(Stub.Containers.Add(StubContainer.Generate(1)), "create");

        Assert.Contains("\"added\"", await watch.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task List_of_5000_containers_with_many_labels_is_within_the_limit()
    {
        await StartAsync();
        var labels = Enumerable.Range(0, 40).ToDictionary(n => $"org.example.label.number-{n}", n => $"a value, with commas, of label {n}");
        for (var n = 0; n < 5000; n++)
        {
            var one = StubContainer.Generate(n * 5);
            Stub.Containers.Add(new StubContainer
            {
                Id = one.Id,
                Name = one.Name,
                Networks = one.Networks,
                Labels = labels,
                Ports = [.. Enumerable.Range(1, 10).Select(p => new StubPort(p, "0.0.0.0", 20_000 + p))],
            });
        }

        Assert.Equal(5000, (await Host.GetJsonAsync("/containers?include=none&fields=name")).GetProperty("items").GetArrayLength());
    }

    /// <param name="request">Method, address and JSON, or an address to get.</param>
    private async Task<string?> ErrorAsync(string request)
    {
        var parts = request[0] == '/' ? ["GET", request] : request.Split(' ', 3);
        using var content = new StringContent(parts is [_, _, var json] ? json : "", null, "application/json");
        using var answer = await Host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(parts[0]), parts[1]) { Content = content });
        if (parts[1] != "/engines/local")
        {
            return Text(await answer.ReadProblemAsync(HttpStatusCode.BadGateway, "engine_error"), "detail");
        }

        var engine = await answer.ReadJsonAsync(HttpStatusCode.OK);
        Assert.Equal("error", Text(engine, "state"));
        return Text(engine.GetProperty("error"), "message");
    }

    [Fact]
    public async Task Images_with_megabytes_of_labels_do_not_break_the_list()
    {
        await StartAsync(maxAnswer: 2 * 1024 * 1024);
        Stub.When("/images/json", Behaviours.Answer(200, ListOf("RepoTags")));
        Stub.When("/containers/json", Behaviours.Answer(200, ListOf("Names")));

        Assert.Equal(9, (await Host.GetJsonAsync("/images")).GetProperty("total").GetInt32());
        Assert.All(await ItemsAsync("?include=none"), i => Assert.Equal("""{"a":"1"}""", i.GetProperty("labels").GetRawText()));

        static string ListOf(string names) => "[" + string.Join(",", Enumerable.Range(1, 9).Select(n =>
            $$$"""{"Id":"{{{Containers.Facts.Id((char)('0' + n))}}}","{{{names}}}":["/n{{{n}}}"],"Labels":{"a":"1","b":"{{{Megabyte}}}"}}""")) + "]";
    }
}
