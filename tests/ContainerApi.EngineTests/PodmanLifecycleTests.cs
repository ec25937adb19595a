namespace ContainerApi.EngineTests;

/// <summary>The lifecycle of containers of Podman 5.4. These tests run on Podman only.</summary>
[Collection(EngineCollection.Name)]
[Trait("Category", "Podman")]
public sealed class PodmanLifecycleTests(EngineFixture fixture)
{
    private static readonly string[] Sleep = ["sleep", "1000"];

    private Dictionary<string, string> OwnLabels => new() { [EngineFixture.Label] = fixture.Run };

    [Fact]
    public async Task Name_already_in_use_returns_409()
    {
        var name = fixture.UniqueName("in-use");
        await fixture.SleepAsync(name, start: false);

        using var response = await CreateAsync(new { image = fixture.Image, command = "sleep 1", name, labels = OwnLabels });

        await ProblemAsync(response, HttpStatusCode.Conflict, "name_in_use");
    }

    [Theory]
    [InlineData("no-such-program", null, 400, "invalid_request")]
    [InlineData("sleep 1", "no-such-network", 404, "not_found")]
    [InlineData("sleep 1", "container:no-such-container", 404, "container_not_found")]
    public async Task Container_that_cannot_start_is_removed(string command, string? networkMode, int status, string code)
    {
        var name = fixture.UniqueName("unstartable");

        using var response = await CreateAsync(new { image = fixture.Image, command, name, networkMode, labels = OwnLabels, start = true });

        await ProblemAsync(response, (HttpStatusCode)status, code);
        await fixture.AssertNoContainerAsync(name);
    }

    [Fact]
    public async Task Host_port_in_use_returns_409()
    {
        object Request(
            string port) => new { image = fixture.Image, command = "sleep 1000", labels = OwnLabels, ports = new[] { port }, start = true };
        using var first = await CreateAsync(Request("127.0.0.1::80"));
        var id = Text(await ReadAsync(first, HttpStatusCode.Created), "id");
        var port = (await GetAsync($"/containers/{id}?include=none"))["ports"]![0]!["hostPort"];

        using var second = await CreateAsync(Request($"127.0.0.1:{port}:80"));

        await ProblemAsync(second, HttpStatusCode.Conflict, "port_in_use");
    }

    [Fact]
    public async Task Running_container_is_removed_only_with_force()
    {
        var id = await fixture.CreateAsync(new { Cmd = Sleep, StopTimeout = 0 });

        using var refused = await fixture.Client.DeleteAsync($"/containers/{id}?force=false");
        await ProblemAsync(refused, HttpStatusCode.Conflict, "container_running");
        using var removed = await fixture.Client.DeleteAsync($"/containers/{id}?force=true");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
    }

    [Fact]
    public async Task Start_stop_and_restart_are_idempotent()
    {
        var id = await fixture.SleepAsync(start: false);

        foreach (var (call, state) in new[]
        {
            ("start", "running"), ("start", "running"), ("stop?timeout=0", "exited"), ("stop?timeout=0", "exited"), ("restart", "running"),
        })
        {
            using var response = await fixture.Client.PostAsync($"/containers/{id}/{call}", null);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            Assert.Equal(state, Text(await GetAsync($"/containers/{id}?include=none"), "state"));
        }
    }

    [Fact]
    public async Task Pause_unpause_kill_and_rename_are_idempotent()
    {
        var (name, renamed) = (fixture.UniqueName("life"), fixture.UniqueName("renamed"));
        var id = await fixture.SleepAsync(name);

        foreach (var (call, state) in new[]
        {
            ("unpause", "running"), ("pause", "paused"), ("pause", "paused"), ("unpause", "running"), ($"rename?name={renamed}", "running"),
            ($"rename?name={renamed}", "running"),
        })
        {
            using var response = await fixture.Client.PostAsync($"/containers/{id}/{call}", null);
            Assert.True(response.StatusCode == HttpStatusCode.NoContent, $"{call}: {await response.Content.ReadAsStringAsync()}");
            Assert.Equal(state, Text(await GetAsync($"/containers/{id}?include=none"), "state"));
        }

        Assert.Equal(renamed, Text(await GetAsync($"/containers/{id}?include=none"), "name"));
        using var signal = await fixture.Client.PostAsync($"/containers/{id}/kill?signal=SIGNONE", null);
        await ProblemAsync(signal, HttpStatusCode.BadRequest, "invalid_request");
        using var killed = await fixture.Client.PostAsync($"/containers/{id}/kill", null);
        Assert.Equal(HttpStatusCode.NoContent, killed.StatusCode);
        await EngineFixture.UntilAsync(async () => await fixture.StateAsync(id) == "exited");
        foreach (var call in new[] { "kill", "pause", "unpause" })
        {
            using var stopped = await fixture.Client.PostAsync($"/containers/{id}/{call}", null);
            await ProblemAsync(stopped, HttpStatusCode.Conflict, "container_not_running");
        }
    }

    [Fact]
    public async Task Rename_to_a_name_in_use_returns_409_name_in_use()
    {
        var (name, taken) = (fixture.UniqueName("life"), fixture.UniqueName("taken"));
        await fixture.SleepAsync(name, start: false);
        await fixture.SleepAsync(taken, start: false);

        using var response = await fixture.Client.PostAsync($"/containers/{name}/rename?name={taken}", null);

        await ProblemAsync(response, HttpStatusCode.Conflict, "name_in_use");
    }

    private Task<HttpResponseMessage> CreateAsync(object request) => fixture.Client.PostAsJsonAsync("/containers", request);

    private async Task<JsonNode> GetAsync(string address)
    {
        using var response = await fixture.Client.GetAsync(address);
        return await ReadAsync(response, HttpStatusCode.OK);
    }
}
