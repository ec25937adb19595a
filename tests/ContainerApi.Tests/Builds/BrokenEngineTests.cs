using System.Net;
using ContainerApi.Builds;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Builds;

/// <summary>An engine that dies while it builds: whatever it leaves half said, the stream has one result, and it is a failure.</summary>
public sealed class BrokenEngineTests
{
    private const string Begun = "{\"stream\":\"Step 1/2 : FROM x\"}\r\n{\"stream\":\"\\n\"}\r\n{\"stream\":\" ---> 0123456789ab\\n\"}\r\n{\"stream\":\"Step 2/2 : RUN y\"}\r\n";

    [Theory]
    [InlineData("", false)] // it closes without a result
    [InlineData("{\"aux\":{\"ID\":\"sha256:0000\"}}\r\n{\"stream\":\"Step 3/3 : RUN z\"}\r\n", false)] // after one stage's image
    [InlineData("{\"stream\":\"Removing interm", false)] // half a value
    [InlineData("{\"stream\":\"\\ud83", false)] // half a character
    [InlineData("<html>Bad gateway</html>", false)]
    [InlineData("null\r\n[]\r\n", false)]
    [InlineData("", true)] // the connection breaks
    [InlineData("{\"stream\":\"Removing interm", true)]
    public async Task What_breaks_off_is_a_failed_result_that_names_the_step(string rest, bool breaks)
    {
        var isRead = new TaskCompletionSource();
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, Begun);
        engine.Then = async http =>
        {
            await isRead.Task;
            await http.Response.WriteAsync(rest);
            await http.Response.Body.FlushAsync();
            if (breaks)
            {
                http.Abort();
            }
        };
        await using var host = new BuildHost(TimeProvider.System);

        var run = host.Start(engine.Engine);
        await foreach (var buildEvent in host.FollowAsync(run, 0))
        {
            if (buildEvent is StepEvent { Number: 2 })
            {
                isRead.TrySetResult();
            }
        }

        await run.Work.WaitAsync(TimeSpan.FromSeconds(30));

        var events = await host.FollowAsync(run, 0).ToListAsync();
        var result = Assert.IsType<ResultEvent>(events[^1]);
        Assert.Single(events.OfType<ResultEvent>());
        Assert.IsType<StartedEvent>(events[0]);
        Assert.Equal((BuildOutcome.Failed, null), (result.State, result.ImageId));
        Assert.Contains(result.Error!.Code, new[] { "engine_error", "engine_unavailable", "step_failed" });
        Assert.StartsWith("RUN ", result.Error.Step, StringComparison.Ordinal);
        Assert.Equal(BuildState.Failed, run.Describe().State);
    }

    [Fact]
    public async Task An_engine_that_closes_without_a_word_is_a_failed_result()
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, "");
        await using var host = new BuildHost(TimeProvider.System);

        var run = host.Start(engine.Engine);
        await run.Work.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal((BuildState.Failed, "build_failed"), (run.Describe().State, run.Describe().Error?.Code));
    }
}
