namespace ContainerApi.EngineTests;

/// <summary>Groups, details and sums of containers of a real engine.</summary>
[Collection(EngineCollection.Name)]
public sealed class DetailsTests(EngineFixture fixture) : ContainerCalls(fixture)
{
    [Fact]
    public async Task One_call_says_which_project_and_why_each_container_stopped()
    {
        var project = Fixture.UniqueName("shop");
        var killed = await StartAsync(project, "cache", ["sh", "-c", "exec sleep 1000"]);
        await StartAsync(project, "job", ["sh", "-c", "exit 3"]);
        await StartAsync(project, "web", Sleep, new
        {
            Test = new[] { "CMD-SHELL", "echo no database; exit 1" },
            Interval = 1_000_000_000L,
            Timeout = 2_000_000_000L,
            Retries = 1,
        });
        using var kill = await Fixture.Engine.PostAsync($"containers/{killed}/kill?signal=KILL", null);
        JsonArray items = [];
        await EngineFixture.UntilAsync(async () =>
        {
            items = await ItemsAsync($"project={project}&all=true&include=details,size&sort=service");
            return items.Count == 3 && Text(items[2]!, "health") == "unhealthy"
                && items.Take(2).All(i => Text(i!, "state") == "exited");
        });

        Assert.Equal(["cache", "job", "web"], items.Select(i => Text(i!, "service")));
        Assert.All(items, i => Assert.Equal((project, 1), (Text(i!, "project"), i!["replica"]!.GetValue<int>())));
        Assert.Equal([137, 3, null], items.Select(i => i!["details"]!["exitCode"]?.GetValue<int>()));
        Assert.All(items, i => Assert.Equal("ok", Text(i!["size"]!, "state")));
        var inspect = await Fixture.InspectAsync(killed);
        Assert.Equal(
            inspect["State"]!["FinishedAt"]!.GetValue<DateTimeOffset>(), items[0]!["details"]!["finishedAt"]!.GetValue<DateTimeOffset>(),
            TimeSpan.FromMilliseconds(1));
        var check = items[2]!["details"]!["healthLog"]!.AsArray()[^1]!;
        Assert.Equal((1, "no database\n"), (check["exitCode"]!.GetValue<int>(), Text(check, "output")));
        var stopped = await ItemsAsync($"project={project}&exitCode=137,3&include=none&sort=service");
        Assert.Equal(["cache", "job"], stopped.Select(i => Text(i!, "service")));

        using var response = await Fixture.Client.GetAsync($"/summary?project={project}&by=service&all=true");
        var groups = (await ReadAsync(response, HttpStatusCode.OK))["groups"]!.AsArray();
        Assert.Equal(["cache", "job", "web"], groups.Select(g => Text(g!["key"]!, "service")));
        Assert.Equal([1, 1, 0], groups.Select(g => g!["containers"]!["exited"]!.GetValue<int>()));
        Assert.Equal(1, groups[2]!["containers"]!["unhealthy"]!.GetValue<int>());
        Assert.InRange(groups[2]!["usage"]!["memoryBytes"]!.GetValue<long>(), 1, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task Details_agree_with_the_inspect_and_processes_have_memory()
    {
        var id = await Fixture.CreateAsync(
            new
            {
                Cmd = Sleep,
                Env = new[] { "COLOUR=green" },
                User = "0:0",
                HostConfig = new
                {
                    Memory = 64 * 1024 * 1024,
                    PidsLimit = 20,
                    RestartPolicy = new { Name = "on-failure", MaximumRetryCount = 2 },
                    Tmpfs = new Dictionary<string, string> { ["/scratch"] = "" },
                },
            },
            Fixture.UniqueName("details"));
        var inspect = await Fixture.InspectAsync(id);

        using var response = await Fixture.Client.GetAsync($"/containers/{id}");
        var container = await ReadAsync(response, HttpStatusCode.OK);

        var details = container["details"]!;
        Assert.Equal(inspect["State"]!["Pid"]!.GetValue<int>(), details["pid"]!.GetValue<int>());
        Assert.Equal("green", Text(details["environment"]!, "COLOUR"));
        Assert.Equal(("0:0", "on-failure:2"), (Text(details, "user"), Text(details, "restartPolicy")));
        Assert.Equal(Sleep, Texts(details["arguments"]));
        Assert.Equal((64 * 1024 * 1024, 20), (details["limits"]!["memoryBytes"]!.GetValue<int>(), details["limits"]!["pids"]!.GetValue<int>()));
        Assert.Null(details["finishedAt"]);
        var process = Assert.Single(container["processes"]!["items"]!.AsArray())!;
        Assert.InRange(process["memoryBytes"]!.GetValue<long>(), 4096, 64 * 1024 * 1024);
    }

    private Task<string> StartAsync(string project, string service, string[] command, object? healthcheck = null) => Fixture.CreateAsync(
        new
        {
            Cmd = command,
            Healthcheck = healthcheck,
            Labels = new Dictionary<string, string>
            {
                ["com.docker.compose.project"] = project,
                ["com.docker.compose.service"] = service,
                ["com.docker.compose.container-number"] = "1",
            },
        },
        Fixture.UniqueName(service));
}
