using System.Collections.Concurrent;

namespace ContainerApi.Builds;

/// <summary>Reports the facts of a build as events of its job.</summary>
internal sealed class BuildReporter(BuildJob job, BuildProjection projection)
{
    /// <summary>The facts that wait for the end of the context; later ones do not.</summary>
    private const int MaxEarlyFacts = 1000;

    private readonly List<BuildFact> _early = [];

    /// <param name="begins">Whether the build has begun with it. Until then a failure is the failure of the request.</param>
    public void Report(BuildFact fact, bool begins = true)
    {
        foreach (var buildEvent in projection.Read(fact))
        {
            job.Report(buildEvent, begins);
        }
    }

    /// <summary>
    /// Reports the engine's facts and the progress of the context. Until the engine has the context its facts wait, because the context's
    /// errors are the request's.
    /// </summary>
    /// <param name="warnings">The warnings of the Dockerfile, which is checked while the context is sent.</param>
    public async Task ReportAsync(IAsyncEnumerator<BuildFact> facts, ContextProgress progress, ConcurrentQueue<BuildWarning> warnings)
    {
        while (await NextAsync(facts, progress, warnings))
        {
            // The engine's first fact can come together with the end of the context, which is reported before it.
            Report(progress.ReadEnd());
            _early.Add(facts.Current);
            if (progress.IsSent || _early.Count > MaxEarlyFacts)
            {
                ReportEarly(warnings);
                await job.Log.WaitForRoomAsync(job.Stopping);
            }
        }

        if (progress.Failure is null)
        {
            ReportEarly(warnings);
        }
    }

    /// <summary>Waits for the engine's next fact, and reports the bytes of a context that takes long meanwhile.</summary>
    private async ValueTask<bool> NextAsync(
        IAsyncEnumerator<BuildFact> facts, ContextProgress progress, ConcurrentQueue<BuildWarning> warnings)
    {
        var next = facts.MoveNextAsync();
        if (next.IsCompleted)
        {
            return await next;
        }

        // Report the output so far before a pause.
        job.Log.Flush();
        var fact = next.AsTask();
        while (await progress.WaitAsync(fact))
        {
            Report(progress.Read());
            if (progress.IsSent)
            {
                ReportEarly(warnings);
                job.Log.Flush();
            }
        }

        return await fact;
    }

    private void Report(StepProgress? context)
    {
        if (context is not null)
        {
            Report(context, begins: false);
        }
    }

    private void ReportEarly(ConcurrentQueue<BuildWarning> warnings)
    {
        if (_early.Count == 0)
        {
            return;
        }

        job.EndContext(null);
        while (warnings.TryDequeue(out var warning))
        {
            Report(warning);
        }

        _early.ForEach(fact => Report(fact));
        _early.Clear();
    }
}
