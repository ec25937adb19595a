using System.Diagnostics;
using System.Text.Json.Nodes;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>A canceled build leaves no work on the engine.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildStopTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Theory]
    [MemberData(nameof(Builders))]
    public async Task End_of_the_enumeration_cancels_the_build(string builder)
    {
        var mark = "sleep 60; : " + Guid.NewGuid().ToString("n");
        using var engine = new DockerEngine(new EngineOptions { Name = "local", Endpoint = EngineFixture.EndpointText }, TimeProvider.System);
        using var context = new MemoryStream(Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo begun; {mark}\n")));

        await foreach (
            var fact in engine.BuildAsync(
                new BuildSpec { Builder = builder == "buildkit" ? BuilderKind.BuildKit : BuilderKind.Classic }, context, CancellationToken.None))
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

    [Fact]
    public async Task An_identical_build_continues_after_a_disconnect_of_the_other_client()
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
