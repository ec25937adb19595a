namespace ContainerApi.EngineTests;

/// <summary>The lifecycle of containers; the engine's API gives the expected values.</summary>
[Collection(EngineCollection.Name)]
public sealed class LifecycleTests(EngineFixture fixture) : ContainerCalls(fixture)
{
    [Fact]
    public async Task Start_stop_and_restart_are_idempotent()
    {
        var name = Fixture.UniqueName("life");
        var id = await Fixture.SleepAsync(name, start: false);

        await PostAsync($"/containers/{name}/stop");
        Assert.Equal("created", await Fixture.StateAsync(id));
        await PostAsync($"/containers/{name}/start");
        var started = await StartedAsync(id);
        await PostAsync($"/containers/{id[..12]}/start");
        Assert.Equal(started, await StartedAsync(id));
        await PostAsync($"/containers/{id}/restart?timeout=0");
        Assert.NotEqual(started, await StartedAsync(id));
        Assert.Equal("running", await Fixture.StateAsync(id));
        await PostAsync($"/containers/{name}/stop?timeout=0");
        Assert.Equal("exited", await Fixture.StateAsync(id));
        await PostAsync($"/containers/{name}/stop?timeout=0");
        await PostAsync($"/containers/{name}/restart");
        Assert.Equal("running", await Fixture.StateAsync(id));
    }

    [Fact]
    public async Task Pause_unpause_kill_and_rename_are_idempotent()
    {
        var (name, renamed) = (Fixture.UniqueName("life"), Fixture.UniqueName("renamed"));
        var id = await Fixture.SleepAsync(name);
        await Fixture.SleepAsync(Fixture.UniqueName("other"), start: false);

        await PostAsync($"/containers/{name}/unpause");
        await PostAsync($"/containers/{name}/pause");
        await PostAsync($"/containers/{name}/pause");
        Assert.Equal("paused", await Fixture.StateAsync(id));
        await PostAsync($"/containers/{id}/unpause");
        Assert.Equal("running", await Fixture.StateAsync(id));
        await PostAsync($"/containers/{name}/rename?name={renamed}");
        await PostAsync($"/containers/{renamed}/rename?name={renamed}");
        Assert.Equal("/" + renamed, Text(await Fixture.InspectAsync(id), "Name"));
        using var signal = await Fixture.Client.PostAsync($"/containers/{id}/kill?signal=SIGNONE", null);
        await ProblemAsync(signal, HttpStatusCode.BadRequest, "invalid_request");
        await PostAsync($"/containers/{id}/kill");
        await EngineFixture.UntilAsync(async () => await Fixture.StateAsync(id) == "exited");
        foreach (var call in new[] { "kill", "pause", "unpause" })
        {
            using var stopped = await Fixture.Client.PostAsync($"/containers/{id}/{call}", null);
            await ProblemAsync(stopped, HttpStatusCode.Conflict, "container_not_running");
        }
    }

    [Fact]
    public async Task Rename_to_a_name_in_use_returns_409_name_in_use()
    {
        var (name, taken) = (Fixture.UniqueName("life"), Fixture.UniqueName("taken"));
        await Fixture.SleepAsync(name, start: false);
        await Fixture.SleepAsync(taken, start: false);

        using var response = await Fixture.Client.PostAsync($"/containers/{name}/rename?name={taken}", null);

        await ProblemAsync(response, HttpStatusCode.Conflict, "name_in_use");
    }

    [Fact]
    public async Task Stop_with_timeout_minus_1_waits_for_the_process()
    {
        // The default timeout would kill the process, which ends by itself later.
        const string Program = "trap 'sleep 2; exit 5' TERM; touch /ready; while :; do sleep 0.1; done";
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", Program }, StopTimeout = 1 });
        await EngineFixture.UntilAsync(async () => (await Fixture.Engine.GetAsync($"containers/{id}/archive?path=/ready")).IsSuccessStatusCode);

        await PostAsync($"/containers/{id}/stop?timeout=-1");

        Assert.Equal(5, (await Fixture.InspectAsync(id))["State"]!["ExitCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task Stop_with_timeout_0_kills_at_once()
    {
        // sleep ignores SIGTERM as the first process: a stop without a timeout would take 10 seconds.
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, StopTimeout = 60 });

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var response = await Fixture.Client.PostAsync($"/containers/{id}/stop?timeout=0", null, limit.Token);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(137, (await Fixture.InspectAsync(id))["State"]!["ExitCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task Removal_of_a_running_container_needs_force()
    {
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, Volumes = new Dictionary<string, object> { ["/data"] = new() } });
        var volume = (await Fixture.InspectAsync(id))["Mounts"]![0]!["Name"]!.GetValue<string>();

        using var refused = await Fixture.Client.DeleteAsync($"/containers/{id}?force=false");
        await ProblemAsync(refused, HttpStatusCode.Conflict, "container_running");
        Assert.Equal("running", await Fixture.StateAsync(id));
        using var removed = await Fixture.Client.DeleteAsync($"/containers/{id}?force=true&volumes=true");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var again = await Fixture.Client.DeleteAsync($"/containers/{id}?force=true");
        await ProblemAsync(again, HttpStatusCode.NotFound, "container_not_found");
        using var volumeLeft = await Fixture.Engine.GetAsync($"volumes/{volume}");
        Assert.Equal(HttpStatusCode.NotFound, volumeLeft.StatusCode);
    }

    [Fact]
    public async Task Removal_without_volumes_keeps_anonymous_volumes()
    {
        var id = await Fixture.CreateAsync(
            new { Cmd = new[] { "sleep", "1" }, Volumes = new Dictionary<string, object> { ["/data"] = new() } }, start: false);
        await Fixture.PostAsync($"containers/{id}/start");
        var volume = (await Fixture.InspectAsync(id))["Mounts"]![0]!["Name"]!.GetValue<string>();

        using var removed = await Fixture.Client.DeleteAsync($"/containers/{id}?volumes=false&force=1");

        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var gone = await Fixture.Engine.DeleteAsync($"volumes/{volume}");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    }

    [Fact]
    public async Task Concurrent_removals_of_a_container_all_succeed()
    {
        var id = await Fixture.SleepAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            using var response = await Fixture.Client.DeleteAsync($"/containers/{id}?force=true");
            return response.StatusCode;
        }));

        // A late caller gets a 404.
        Assert.All(answers, a => Assert.True(a is HttpStatusCode.NoContent or HttpStatusCode.NotFound, a.ToString()));
        Assert.Contains(HttpStatusCode.NoContent, answers);
        await Fixture.AssertNoContainerAsync(id);
    }

    private async Task PostAsync(string address)
    {
        using var response = await Fixture.Client.PostAsync(address, null);
        Assert.True(response.StatusCode == HttpStatusCode.NoContent, $"{address}: {await response.Content.ReadAsStringAsync()}");
    }

    private async Task<string> StartedAsync(string id) => (await Fixture.InspectAsync(id))["State"]!["StartedAt"]!.GetValue<string>();
}
