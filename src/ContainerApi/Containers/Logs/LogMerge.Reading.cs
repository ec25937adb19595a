using ContainerApi.Api;
using ContainerApi.Cluster;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Logs;

/// <summary>How a merged stream reads the streams of the replicas.</summary>
internal sealed partial class LogMerge
{
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);

    /// <summary>Guarded by the lock: the last position that was read of each replica; empty before the first one.</summary>
    private readonly Dictionary<string, string> _read = [];

    /// <summary>Guarded by the lock.</summary>
    private readonly Dictionary<string, string> _engineStates = [];

    private readonly LogTime _began = LogTime.Of(time.GetUtcNow());

    private async Task ReadAsync(Task<IAsyncEnumerable<LogChunk>> own, CancellationToken cancellationToken)
    {
        List<Task> reading = [OthersAsync(own, cancellationToken), OwnAsync(own, cancellationToken)];
        await foreach (var ended in Task.WhenEach(reading))
        {
            // A bug ends the stream.
            _fault ??= ended.Exception?.GetBaseException();
            _isReading = reading.Exists(r => !r.IsCompleted);
            _signal.Writer.TryWrite(true);
        }
    }

    private async Task OwnAsync(Task<IAsyncEnumerable<LogChunk>> own, CancellationToken cancellationToken)
    {
        var chunks = await own;
        var part = Open(ownKey);
        try
        {
            await foreach (var chunk in chunks.WithCancellation(cancellationToken))
            {
                var rest = chunk.Bytes.ToArray().AsMemory();
                while (rest.Span.IndexOf((byte)'\n') is >= 0 and var end)
                {
                    await TakeAsync(part, rest[..end], cancellationToken);
                    rest = rest[(end + 1)..];
                }
            }
        }
        finally
        {
            Close(part);
        }
    }

    /// <summary>Opens a stream of every replica that answers; of followed ones again after its end, and of those that join.</summary>
    private async Task OthersAsync(Task own, CancellationToken cancellationToken)
    {
        var streams = parts.Peers.ToDictionary(p => p.Authority, p => ReadAsync(p, own, joins: false, cancellationToken));
        await own;
        while (options.Follow)
        {
            await Task.Delay(RefreshInterval, time, cancellationToken);
            foreach (var peer in (await parts.FindAgainAsync(cancellationToken)).Where(p => p.Failure is null))
            {
                if (!streams.TryGetValue(peer.Authority, out var stream) || stream.IsCompleted)
                {
                    streams[peer.Authority] = ReadAsync(peer, own, joins: stream is null, cancellationToken);
                }
            }
        }

        await Task.WhenAll(streams.Values);
    }

    /// <param name="joins">Whether the replica joined after the stream began.</param>
    private async Task ReadAsync(Peer peer, Task own, bool joins, CancellationToken cancellationToken)
    {
        var key = MergedLogPosition.KeyOf(peer.Names);
        var part = Open(key);
        try
        {
            var isRead = false;
            if (peer.Failure is null)
            {
                await ReportAsync(part, parts.NamesOf(peer), EngineStates.Ok, null, null, cancellationToken);
                await foreach (var line in parts.LinesAsync(peer, Continue(key, joins), own, cancellationToken))
                {
                    isRead |= await TakeAsync(part, Encoding.UTF8.GetBytes(line), cancellationToken);
                }
            }

            // A followed stream that reached its maximum duration continues. A replica that stops refuses that.
            if (!isRead)
            {
                var failure = peer.Failure ?? PeerFailure.Unavailable("stopped", time.GetUtcNow());
                await ReportAsync(part, parts.NamesOf(peer), failure.State, failure.Error, failure.Since, cancellationToken);
            }
        }
        catch (PeerException e)
        {
            await ReportAsync(part, parts.NamesOf(peer), e.Failure.State, e.Failure.Error, e.Failure.Since, cancellationToken);
        }
        finally
        {
            Close(part);
        }
    }

    /// <summary>Takes an event. True for the last one.</summary>
    private async Task<bool> TakeAsync(LogPart part, ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        if (!LogPartEvent.TryRead(line, out var happened) || happened.Type == "heartbeat")
        {
            return false;
        }

        if (!happened.Seq.IsEmpty)
        {
            lock (_lock)
            {
                _read[part.Key] = Encoding.ASCII.GetString(happened.Seq.Span);
            }
        }

        if (happened.Type == "result")
        {
            _isComplete &= happened.Parse() is ContainerLogResult { Complete: true };
            return true;
        }

        await AddAsync(part, happened, cancellationToken);
        return false;
    }

    private async Task AddAsync(LogPart part, LogPartEvent happened, CancellationToken cancellationToken)
    {
        await part.Events.Writer.WriteAsync(happened, cancellationToken);
        _signal.Writer.TryWrite(true);
    }

    /// <summary>Reports the engines of a replica whose state changed.</summary>
    private async Task ReportAsync(
        LogPart part, IEnumerable<string> engines, string state, ErrorInfo? error, DateTimeOffset? since, CancellationToken cancellationToken)
    {
        _isComplete &= error is null;
        foreach (var engine in engines)
        {
            lock (_lock)
            {
                if (_engineStates.GetValueOrDefault(engine, EngineStates.Ok) == state)
                {
                    continue;
                }

                _engineStates[engine] = state;
            }

            var happened = new ContainerLogEngine(new EngineReport(engine, state, null, null, error, since)) { At = time.GetUtcNow() };
            if (LogPartEvent.TryRead(JsonSerializer.SerializeToUtf8Bytes<ContainerLogEvent>(happened, WireJson.Options), out var read))
            {
                await AddAsync(part, read, cancellationToken);
            }
        }
    }

    private LogPart Open(string key)
    {
        var part = new LogPart(key, time.GetTimestamp());
        lock (_lock)
        {
            _open.Add(part);
        }

        return part;
    }

    private void Close(LogPart part)
    {
        part.Events.Writer.TryComplete();
        _signal.Writer.TryWrite(true);
    }

    /// <summary>The parameters with which the stream of a replica begins, or continues after its last event.</summary>
    private Dictionary<string, string> Continue(string key, bool joins)
    {
        string? known;
        lock (_lock)
        {
            // A stream that has begun has no tail any more.
            joins |= !_read.TryAdd(key, "");
            known = _read[key];
        }

        if (known.Length > 0)
        {
            return After(known);
        }

        if (_position is not null)
        {
            var (position, last) = _position.PartOf(key);
            return position is null ? From(last) : After(position);
        }

        return joins && options.Since is null ? From(_began) : [];

        static Dictionary<string, string> After(string position) => new() { ["after"] = position };

        static Dictionary<string, string> From(LogTime time) => new() { ["since"] = time.ToString(), ["tail"] = "all" };
    }
}
