using ContainerApi.Builds.Contexts;

namespace ContainerApi.Builds;

/// <summary>Reports the bytes of a context while it is sent to the engine, and once at its end; nothing of a context that is sent fast.</summary>
/// <param name="sync">The directories that the engine may read in place of the archive; they were found before.</param>
internal sealed class ContextProgress(ContextTransfer transfer, DirectorySync? sync, TimeProvider time)
{
    private const string Context = "context";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long? _reported;
    private bool _hasEnded;

    /// <summary>Whether the engine has the whole context.</summary>
    public bool IsSent => transfer.IsOpen ? transfer.Completion is { IsCompletedSuccessfully: true, Result: null } : sync is not null;

    /// <summary>Why the engine does not get the whole context; null as far as it is known.</summary>
    public Exception? Failure => !transfer.IsOpen ? sync?.Failure : transfer.Completion.IsCompleted ? transfer.Completion.Result : null;

    /// <summary>Waits for time to pass or for the end of the context; returns false when <paramref name="other"/> has ended.</summary>
    public async Task<bool> WaitAsync(Task other)
    {
        if (_hasEnded)
        {
            await Task.WhenAny(other);
            return false;
        }

        using var stop = new CancellationTokenSource();
        var ended = await Task.WhenAny(other, transfer.Completion, Task.Delay(Interval, time, stop.Token));
        await stop.CancelAsync();
        return ended != other;
    }

    /// <summary>Returns the end of the context, if it is not reported yet.</summary>
    public StepProgress? ReadEnd() => transfer.Completion.IsCompleted ? Read() : null;

    /// <summary>Returns what to report now; null for nothing.</summary>
    public StepProgress? Read()
    {
        var written = transfer.Written;
        if (transfer.Completion.IsCompleted)
        {
            var isReported = _hasEnded || _reported is null || !IsSent;
            _hasEnded = true;
            return isReported ? null : new StepProgress(null, Context, "sent", written, written);
        }

        if (!transfer.IsOpen || _reported == written)
        {
            return null;
        }

        _reported = written;
        return new StepProgress(null, Context, "sending", written, null);
    }
}
