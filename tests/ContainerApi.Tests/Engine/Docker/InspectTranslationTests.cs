using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Inspects of engine 20.10 → facts.</summary>
public sealed class InspectTranslationTests
{
    [Fact]
    public void Running_container_has_limits_mounts_and_no_exit_code()
    {
        var facts = Translate(Captured("inspect_web.json"));

        Assert.Null(facts.ExitCode);
        Assert.Null(facts.FinishedAt);
        Assert.Equal(22855, facts.Pid);
        Assert.Equal((67_108_864L, 0.5, 50L), (facts.MemoryLimitBytes, facts.Cpus, facts.PidsLimit));
        Assert.Equal(new RestartPolicy("on-failure", 3), facts.RestartPolicy);
        Assert.Equal(new MountFacts("bind", "/srv/data", "/data", true), Assert.Single(facts.Mounts));
        Assert.Equal("UTC", facts.Environment["TZ"]);
        Assert.Equal(["httpd", "-f", "-p", "80"], facts.Arguments);
        Assert.Null(facts.Entrypoint);
        Assert.Null(facts.HealthLog);
        Assert.Equal("json-file", facts.LogDriver);
        Assert.Equal((0L, 1_985_472L), (facts.WritableBytes, facts.RootFsBytes));
    }

    [Fact]
    public void Unhealthy_container_has_its_checks_and_the_name_of_its_volume()
    {
        var facts = Translate(Captured("inspect_db.json"));

        Assert.Equal(5, facts.HealthLog!.Count);
        Assert.All(facts.HealthLog, c => Assert.Equal((1L, "database is locked\n"), (c.ExitCode, c.Output)));
        Assert.Equal(new MountFacts("volume", "dbdata", "/var/lib/db", false), Assert.Single(facts.Mounts));
        Assert.Null(facts.MemoryLimitBytes);
        Assert.Null(facts.Cpus);
        Assert.Null(facts.PidsLimit);
    }

    [Fact]
    public void Killed_container_says_why_it_stopped()
    {
        var facts = Translate(Captured("inspect_cache.json"));

        Assert.Equal((137L, true), (facts.ExitCode, facts.OomKilled));
        Assert.Equal(new DateTimeOffset(2026, 11, 29, 1, 4, 1, TimeSpan.Zero).AddTicks(4_421_628), facts.FinishedAt);
        Assert.Null(facts.Pid);
    }

    [Theory]
    [InlineData("""{"Status":"created","StartedAt":"0001-01-01T00:00:00Z","ExitCode":0,"Pid":0}""", null, null)]
    [InlineData("""{"Status":"created","StartedAt":"0001-01-01T00:00:00Z","ExitCode":127,"Error":"no such file"}""", null, "no such file")]
    [InlineData("""{"Status":"restarting","StartedAt":"2026-11-29T01:04:01Z","ExitCode":3}""", 3L, null)]
    [InlineData("""{"Status":"paused","StartedAt":"2026-11-29T01:04:01Z","ExitCode":0}""", null, null)]
    [InlineData("""{"Status":"exited","StartedAt":"2026-11-29T01:04:01Z","ExitCode":3221225786}""", 3221225786L, null)]
    public void Exit_code_is_known_after_a_run(string state, long? exitCode, string? error)
    {
        var facts = Translate($$"""{"Id":"{{new string('a', 64)}}","Name":"/a","State":{{state}} }""");

        Assert.Equal((exitCode, error), (facts.ExitCode, facts.Error));
    }

    [Fact]
    public void Cpus_are_read_from_a_quota()
    {
        var facts = Translate($$"""{"Id":"{{new string('a', 64)}}","HostConfig":{"CpuQuota":150000,"CpuPeriod":0,"PidsLimit":-1,"Memory":0} }""");

        Assert.Equal((1.5, null, null), (facts.Cpus, facts.PidsLimit, facts.MemoryLimitBytes));
    }

    private static InspectedFacts Translate(string json) =>
        InspectTranslation.ToDetails(JsonSerializer.Deserialize(json, EngineWire.Default.InspectedContainer)!).Inspected!;

    private static string Captured(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Captures", name));
}
