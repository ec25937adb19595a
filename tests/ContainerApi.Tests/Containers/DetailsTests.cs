using ContainerApi.Containers;
using ContainerApi.Tests.Access;

namespace ContainerApi.Tests.Containers;

/// <summary>The sections <c>details</c> and <c>size</c> through HTTP.</summary>
public sealed class DetailsTests
{
    private static readonly InspectedFacts Inspected = new()
    {
        StartedAt = Facts.Noon,
        FinishedAt = Facts.Noon.AddMinutes(1),
        ExitCode = 137,
        OomKilled = true,
        Error = "no such file",
        RestartCount = 2,
        RestartPolicy = new RestartPolicy("on-failure", 3),
        Entrypoint = ["tini", "--"],
        Arguments = ["db", "--password", "hunter2"],
        User = "app",
        Environment = new Dictionary<string, string> { ["TZ"] = "UTC" },
        Mounts = [new("bind", "/srv/data", "/data", true), new("volume", "dbdata", "/db", false)],
        MemoryLimitBytes = 4096,
        Cpus = 0.5,
        LogDriver = "local",
        HealthLog = [.. Enumerable.Range(1, 7).Select(n => new HealthCheckFacts(Facts.Noon.AddSeconds(n), 1, new string('x', 1500)))],
        WritableBytes = 10,
        RootFsBytes = 30,
    };

    [Fact]
    public async Task One_container_has_details_by_default_and_no_size()
    {
        using var host = new ApiHost(Inspecting(Facts.Container('1')));

        var container = await host.GetJsonAsync("/containers/c1");

        string[] paths =
        [
            "state", "source", "startedAt", "finishedAt", "exitCode", "oomKilled", "error.message", "restartCount", "restartPolicy", "pid",
            "entrypoint.0", "arguments.2", "workingDirectory", "user", "environment.TZ", "mounts.0.source", "mounts.0.readOnly",
            "mounts.1.source", "limits.memoryBytes", "limits.cpus", "limits.pids", "logDriver",
        ];
        Assert.Equal(
            [
                "ok", "engine", "2026-11-23T12:00:00Z", "2026-11-23T12:01:00Z", "137", "True", "no such file", "2", "on-failure:3", null,
                "tini", "hunter2", null, "app", "UTC", "/srv/data", "True", "dbdata", "4096", "0.5", null, "local",
            ],
            paths.Select(p => container.At("details." + p)));
        var log = container.GetProperty("details").GetProperty("healthLog").EnumerateArray().ToList();
        Assert.Equal(5, log.Count);
        Assert.Equal("2026-11-23T12:00:03Z", log[0].At("startedAt"));
        Assert.Equal(1025, log[0].At("output")!.Length);
        Assert.False(container.TryGetProperty("size", out _));
    }

    [Fact]
    public async Task List_inspects_only_on_request_and_includes_stopped_containers()
    {
        var engine = Inspecting(Facts.Container('1'), Facts.Container('2', state: ContainerStates.Exited));
        var inspects = 0;
        var inspect = engine.InspectContainer;
        engine.InspectContainer = (reference, token) =>
        {
            Interlocked.Increment(ref inspects);
            return inspect(reference, token);
        };
        using var host = new ApiHost(engine);

        var plain = await host.ItemsAsync("?all=true");
        Assert.Equal(0, inspects);
        var rows = await host.ItemsAsync("?all=true&include=details&sort=name");

        Assert.False(plain[0].TryGetProperty("details", out _));
        Assert.Equal(["137", "137"], rows.At("details.exitCode"));
        Assert.False(rows[0].TryGetProperty("usage", out _));
        Assert.Equal(2, inspects);
    }

    [Theory]
    [InlineData("include=size", "10")]
    [InlineData("fields=size.writableBytes", "10")]
    [InlineData("fields=name&sort=-size.writableBytes&include=none", null)]
    public async Task Size_is_read_by_a_call_of_its_own(string query, string? size)
    {
        var engine = Inspecting(Facts.Container('1'));
        var sizes = 0;
        engine.InspectContainer = (_, _) => throw new EngineException(ErrorCode.EngineError, "local", "No inspect without a size is expected.");
        engine.InspectWithSize = (_, _) =>
        {
            Interlocked.Increment(ref sizes);
            return Task.FromResult(ContainerDetails.Of(Facts.Container('1')) with { Inspected = Inspected });
        };
        using var host = new ApiHost(engine);

        var row = Assert.Single(await host.ItemsAsync("?" + query));

        Assert.Equal(size, row.TryGetProperty("size", out _) ? row.At("size.writableBytes") : null);
        Assert.Equal(1, sizes);
    }

    [Theory]
    [InlineData("engine_error", "error")]
    [InlineData("engine_timeout", "timeout")]
    [InlineData("container_not_found", null)]
    public async Task Failed_inspect_is_the_state_of_its_section(string code, string? state)
    {
        var engine = Inspecting(Facts.Container('1'), Facts.Container('2'));
        var inspect = engine.InspectContainer;
        engine.InspectContainer = (reference, token) => reference.ToString() == Facts.Id('1')
            ? throw new EngineException(ErrorCode.All.Single(c => c.Code == code), "local", "It failed.")
            : inspect(reference, token);
        using var host = new ApiHost(engine);

        var rows = await host.ItemsAsync("?include=details,usage&sort=name");

        Assert.Equal(state is null ? ["ok"] : [state, "ok"], rows.At("details.state"));
        Assert.Equal("ok", rows[0].At("usage.state"));
        Assert.Equal(state is null ? null : "It failed.", state is null ? null : rows[0].At("details.reason"));
    }

    [Fact]
    public async Task Late_inspect_is_a_timeout_and_the_others_are_complete()
    {
        var engine = Inspecting(Facts.Container('1'), Facts.Container('2'));
        var inspect = engine.InspectContainer;
        engine.InspectContainer = async (reference, token) =>
        {
            if (reference.ToString() == Facts.Id('1'))
            {
                await Task.Delay(Timeout.Infinite, token);
            }

            return await inspect(reference, token);
        };
        using var host = new ApiHost(new CollectionLimits { Engine = TimeSpan.FromMilliseconds(500) }, new Dictionary<string, string?>(), engine);

        var rows = await host.ItemsAsync("?include=details&sort=name");

        Assert.Equal(["timeout", "ok"], rows.At("details.state"));
    }

    [Fact]
    public async Task Environment_and_paths_of_the_host_are_redacted_without_the_scope()
    {
        using var host = new ApiHost(new Keys().Add("reader", ["containers:read"]), Inspecting(Facts.Container('1')));

        var details = (await host.With("reader").GetJsonAsync("/containers/c1")).GetProperty("details");

        Assert.Equal("***", details.At("environment.TZ"));
        Assert.Equal("***", details.At("mounts.0.source"));
        Assert.Equal("dbdata", details.At("mounts.1.source"));
        Assert.Equal("***", details.At("arguments.2"));
        Assert.Equal("db", details.At("arguments.0"));
    }

    [Fact]
    public async Task Table_has_restarts_and_size()
    {
        using var host = new ApiHost(Inspecting(Facts.Container('1')));

        var table = await host.Client.GetStringAsync("/containers?include=details,size&format=table");

        Assert.Contains("RESTARTS   SIZE", table);
        Assert.Contains("2          10B (virtual 30B)", table);
    }

    private static FakeEngine Inspecting(params IReadOnlyList<ContainerFacts> containers)
    {
        var engine = Facts.Engine(containers);
        var inspect = engine.InspectContainer;
        engine.InspectContainer = async (reference, token) => await inspect(reference, token) with { Inspected = Inspected };
        return engine;
    }
}
