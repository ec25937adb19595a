using System.Text;
using ContainerApi.Api;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ContainerApi.Builds;

/// <summary>How a request that starts a build is answered.</summary>
internal enum BuildResponseMode
{
    /// <summary>With the events as they come.</summary>
    Events,

    /// <summary>With the same as a log for people.</summary>
    Text,

    /// <summary>With one document, when all is over.</summary>
    AtTheEnd,

    /// <summary>At once: the build goes on alone.</summary>
    Detached,
}

/// <summary>Answers about builds. Whoever starts one without <c>detach</c> owns it: when that client leaves, the build stops.</summary>
internal sealed class BuildResponses(BuildFollower follower, BuildOptions options)
{
    private const int LastLines = 20;
    private const int LongestLine = 1000;

    /// <summary>How many events at the end are looked through for the last lines.</summary>
    private const int LastEvents = 100;

    /// <summary>Answers the request that started a build.</summary>
    /// <param name="hasContext">Whether the request was read whole: then the build needs it no more, also while it waits.</param>
    public IResult RespondToStarter(BuildJob run, BuildResponseMode reply, bool hasContext) => new Answer(http => reply switch
    {
        BuildResponseMode.Detached => DetachAsync(http, run, hasContext),
        BuildResponseMode.AtTheEnd => OwnAsync(http, run, () => AtTheEndAsync(http, run)),
        _ => OwnAsync(http, run, () => StreamAsync(http, run, 0, reply == BuildResponseMode.Text)),
    });

    /// <summary>A build's events from one on: what there is, then what comes.</summary>
    public IResult RespondToFollower(BuildJob run, long from, bool asText) => new Answer(http => StreamAsync(http, run, from, asText));

    /// <summary>The build ends with the request.</summary>
    private static async Task OwnAsync(HttpContext http, BuildJob run, Func<Task> answer)
    {
        try
        {
            await run.Began.WaitAsync(http.RequestAborted);
            await answer();
        }
        finally
        {
            // Where it has ended that does nothing. The request's body is the build's until it has.
            run.Stop(StopCause.ClientLeft);
            await run.Work;
            if (run.Describe().Error is { } error)
            {
                http.SetOutcome($"build {run.Id} {error.Code}");
            }
        }
    }

    /// <summary>Lets go of the build once it needs its client no more; what goes wrong before is the client's to know.</summary>
    private static async Task DetachAsync(HttpContext http, BuildJob run, bool hasContext)
    {
        try
        {
            await run.Began.WaitAsync(http.RequestAborted);
            if (!hasContext || run.Describe().State != BuildState.Queued)
            {
                await run.ContextRead.WaitAsync(http.RequestAborted);
            }
        }
        catch
        {
            run.Stop(StopCause.ClientLeft);
            await run.Work;
            throw;
        }

        await TypedResults.Accepted($"/builds/{run.Id}", run.Describe()).ExecuteAsync(http);
    }

    private async Task AtTheEndAsync(HttpContext http, BuildJob run)
    {
        await run.Work.WaitAsync(http.RequestAborted);
        var build = run.Describe();
        if (build.Error is not { } error)
        {
            await TypedResults.Created($"/images/{build.ImageId}", build).ExecuteAsync(http);
            return;
        }

        // What no step is to blame for has a status of its own, as it would have had before the first event.
        var code = ErrorCode.All.FirstOrDefault(c => c.Code == error.Code) ?? ErrorCode.BuildFailed;
        throw new ApiException(code, error.Message)
        {
            Extensions = new Dictionary<string, object?>
            {
                ["buildId"] = build.Id,
                ["reason"] = error.Code,
                ["step"] = error.Step,
                ["exitCode"] = error.ExitCode,
                ["log"] = await LastLinesAsync(run, http.RequestAborted),
            },
        };
    }

    private async Task<IReadOnlyList<string>> LastLinesAsync(BuildJob run, CancellationToken cancellationToken)
    {
        var last = new Queue<string>();
        await foreach (var batch in follower.FollowAsync(run, Math.Max(0, run.Log.Count - LastEvents), cancellationToken))
        {
            foreach (var line in batch.Events.OfType<LogEvent>().SelectMany(log => log.Text.TrimEnd('\n').Split('\n')))
            {
                last.Enqueue(line.Length > LongestLine ? line[..LongestLine] : line);
                if (last.Count > LastLines)
                {
                    last.Dequeue();
                }
            }
        }

        return [.. last];
    }

    private async Task StreamAsync(HttpContext http, BuildJob run, long from, bool asText)
    {
        // A client that holds the stream for a while (a pager, a paused terminal) is no attack: nothing piles up.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } feature)
        {
            feature.MinDataRate = null;
        }

        http.Response.SetStream(asText ? BuildEventFormats.TextType : MediaTypes.Ndjson);
        var text = asText ? new BuildText() : null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        await http.Response.StartAsync(patience.Token);
        await foreach (var batch in follower.FollowAsync(run, from, http.RequestAborted))
        {
            // It may hold it as long as a build may take.
            patience.CancelAfter(options.Timeout);
            await http.Response.Body.WriteAsync(text is null ? batch.Lines.Lines : Encoding.UTF8.GetBytes(text.Render(batch.Events)), patience.Token);
            await http.Response.Body.FlushAsync(patience.Token);
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Answer(Func<HttpContext, Task> answer) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => answer(httpContext);
    }
}
