using System.Diagnostics;
using System.Text.Json.Nodes;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>A build that is stopped, by its client or its time, leaves no work on the engine.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildStopTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_client_that_leaves_stops_the_build_within_a_second(string builder)
    {
        var tag = Tag();
        var mark = "sleep 60; : " + Guid.NewGuid().ToString("n");
        using var response = await SendAsync($"tag={tag}&{With(builder)}", Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo begun; {mark}\n")));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await UntilLogAsync(reader);

        Assert.True(await RunsAsync(mark));
        await LeaveAsync(reader);

        var watch = Stopwatch.StartNew();
        while (await RunsAsync(mark))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), "the step still runs");
            await Task.Delay(20);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"the step ran on for {watch.Elapsed}");
        await AssertNoImageAsync(tag);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task To_end_the_enumeration_of_facts_stops_the_build(string builder)
    {
        var mark = "sleep 60; : " + Guid.NewGuid().ToString("n");
        var host = Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } named ? named : EngineEndpoint.Default;
        using var engine = new DockerEngine(new EngineOptions { Name = "local", Endpoint = host }, TimeProvider.System);
        using var context = new MemoryStream(Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo begun; {mark}\n")));

        await foreach (var fact in engine.BuildAsync(new BuildSpec { Builder = builder == "buildkit" ? BuilderKind.BuildKit : BuilderKind.Classic }, context, CancellationToken.None))
        {
            if (fact is StepLog)
            {
                Assert.True(await RunsAsync(mark));
                break;
            }
        }

        var watch = Stopwatch.StartNew();
        while (await RunsAsync(mark))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), "the step still runs");
            await Task.Delay(20);
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_timeout_stops_the_build(string builder)
    {
        var mark = "sleep 60; : " + Guid.NewGuid().ToString("n");

        var lines = await BuildAsync($"timeout=2&{With(builder)}", Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN {mark}\n")));

        Assert.Equal("timeout", lines[^1]["error"]!["code"]!.GetValue<string>());
        Assert.Equal("RUN " + mark, lines[^1]["error"]!["step"]!.GetValue<string>());
        var watch = Stopwatch.StartNew();
        while (await RunsAsync(mark))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), "the step still runs");
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task An_identical_build_goes_on_when_the_client_of_the_other_leaves()
    {
        var (leavers, stayers) = (Tag(), Tag());
        var mark = "sleep 4; : " + Guid.NewGuid().ToString("n");
        var context = Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo begun; {mark}\n"));
        using var staying = await SendAsync($"tag={stayers}&{With("buildkit")}", context);
        using var stays = new StreamReader(await staying.Content.ReadAsStreamAsync());
        await UntilLogAsync(stays);
        Assert.True(await RunsAsync(mark));
        using (var leaving = await SendAsync($"tag={leavers}&{With("buildkit")}", context))
        using (var leaves = new StreamReader(await leaving.Content.ReadAsStreamAsync()))
        {
            await UntilLogAsync(leaves);
            await LeaveAsync(leaves);
        }

        JsonObject line;
        do
        {
            line = await LineAsync(stays);
        }
        while (!Is(line, "result"));
        Assert.Equal("succeeded", line["state"]!.GetValue<string>());
        await InspectAsync(stayers);
        await AssertNoImageAsync(leavers);
        Assert.False(await RunsAsync(mark));
    }
}
