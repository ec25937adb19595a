using ContainerApi.Streams;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// The body of a request, with a limit of how slowly a client may send its context. A build slot is for the engine's work: a client
/// that sends a few bytes a second would hold its slot for as long as a build may take.
/// </summary>
/// <param name="minRate">Bytes per second.</param>
internal sealed class UploadMeter(Stream body, long minRate, TimeProvider time) : ForwardStream
{
    /// <summary>How long the client must be slow, and other builds must wait, before the upload ends.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private long? _readStart;
    private TimeSpan _waited;
    private long _received;

    /// <summary>Returns a source that fails when this body is slow while other builds wait.</summary>
    /// <param name="source">Reads this body.</param>
    public BuildSource Limit(BuildSource source, Func<bool> othersWait) => source with
    {
        Archive = (output, check, cancellationToken) => LimitAsync(
            async token =>
            {
                await source.Archive(output, check, token);
                return true;
            }, othersWait, cancellationToken),
        Prepare = source.Prepare is not { } prepare ? null
            : (_, check, cancellationToken) =>
                LimitAsync(async token => Limit(await prepare(source, check, token), othersWait), othersWait, cancellationToken),
    };

    private async Task<T> LimitAsync<T>(Func<CancellationToken, Task<T>> read, Func<bool> othersWait, CancellationToken cancellationToken)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchAsync(othersWait, reading);
        try
        {
            return await read(reading.Token);
        }
        catch (Exception e) when (reading.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(
                ErrorCode.RequestTimeout,
                $"The context arrives too slowly while other builds wait. Send at least {minRate} bytes per second.", inner: e);
        }
        finally
        {
            await reading.CancelAsync();
            await watching;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _readStart = time.GetTimestamp();
        }

        var read = 0;
        try
        {
            return read = await body.ReadAsync(buffer, cancellationToken);
        }
        finally
        {
            lock (_lock)
            {
                _received += read;
                _waited += time.GetElapsedTime(_readStart ?? 0);
                _readStart = null;
            }
        }
    }

    private async Task WatchAsync(Func<bool> othersWait, CancellationTokenSource reading)
    {
        using var timer = new PeriodicTimer(Window, time);
        var othersWaited = false;
        TakeIsSlow();
        try
        {
            while (await timer.WaitForNextTickAsync(reading.Token))
            {
                var isSlow = TakeIsSlow();
                if (isSlow && othersWaited && othersWait())
                {
                    await reading.CancelAsync();
                    return;
                }

                othersWaited = othersWait();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>
    /// Whether the client was slow since the last call. Only the time counts in which the service waited for the client: an engine that
    /// reads slowly is not the client's fault.
    /// </summary>
    private bool TakeIsSlow()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var waited = _waited + (_readStart is { } start ? time.GetElapsedTime(start, now) : TimeSpan.Zero);
            var isSlow = waited >= Window / 2 && _received < minRate * waited.TotalSeconds;
            (_received, _waited, _readStart) = (0, TimeSpan.Zero, _readStart is null ? null : now);
            return isSlow;
        }
    }
}
