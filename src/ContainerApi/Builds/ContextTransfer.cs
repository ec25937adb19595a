using System.IO.Pipelines;
using ContainerApi.Builds.Contexts;
using ContainerApi.Streams;

namespace ContainerApi.Builds;

/// <summary>Writes a build's context into a pipe, from which the engine reads, and counts its bytes. Starts when the engine opens it.</summary>
internal sealed class ContextTransfer(BuildJob job, BuildContext context, DockerfileCheck check, CancellationToken cancellationToken)
    : PipeWriter
{
    private readonly Pipe _pipe = new(BoundedPipe.Options);

    private readonly TaskCompletionSource<Exception?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _written;
    private volatile bool _isComplete;
    private volatile bool _waitsForEngine;

    /// <summary>Returns the failure, or null. It is no failure when the engine stops reading. Never fails.</summary>
    public Task<Exception?> Completion => _completion.Task;

    /// <summary>Whether the engine reads the archive.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether the build waits for the context: neither was all of it read, nor does the engine have to take what was.</summary>
    public bool IsBeingRead => IsOpen && !_isComplete && !_waitsForEngine;

    /// <summary>Bytes of the archive so far.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>Starts to write. A directory is read synchronously, so it needs a thread of its own.</summary>
    public Stream Open()
    {
        IsOpen = true;
        _ = Task.Run(WriteAsync, CancellationToken.None);
        return _pipe.Reader.AsStream();
    }

    /// <summary>Returns the failure of the context, or null. The token must be cancelled.</summary>
    public async Task<Exception?> EndAsync()
    {
        var failure = IsOpen ? await Completion : null;
        await _pipe.Reader.CompleteAsync();
        return failure;
    }

    public override bool CanGetUnflushedBytes => true;
    public override long UnflushedBytes => _pipe.Writer.UnflushedBytes;

    public override void Advance(int bytes)
    {
        _pipe.Writer.Advance(bytes);
        Volatile.Write(ref _written, _written + bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _pipe.Writer.GetMemory(sizeHint);
    public override Span<byte> GetSpan(int sizeHint = 0) => _pipe.Writer.GetSpan(sizeHint);
    public override void CancelPendingFlush() => _pipe.Writer.CancelPendingFlush();
    public override void Complete(Exception? exception = null) => _pipe.Writer.Complete(exception);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var flush = _pipe.Writer.FlushAsync(cancellationToken);
        return flush.IsCompleted ? flush : WaitAsync(flush);
    }

    private async ValueTask<FlushResult> WaitAsync(ValueTask<FlushResult> flush)
    {
        _waitsForEngine = true;
        var result = await flush;
        // A flush that is cancelled was waiting until then.
        _waitsForEngine = false;
        return result;
    }

    private async Task WriteAsync()
    {
        try
        {
            // The Dockerfile is checked before the engine has the whole context and starts.
            await context(this, check, cancellationToken);
            _isComplete = true;
            await CompleteAsync();
            End(null);
        }
        catch (Exception e)
        {
            // Before the engine sees the end, so that its error is not taken for the reason.
            End(e is OperationCanceledException ? null : e);
            // With an exception, so that the engine does not take a part of the archive for the whole.
            await CompleteAsync(e);
        }
    }

    private void End(Exception? failure)
    {
        job.EndContext(failure);
        _completion.SetResult(failure);
    }
}
