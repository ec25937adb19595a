namespace ContainerApi.Containers.Logs;

/// <summary>How the log of one container is read: from where, and again after a lost connection.</summary>
internal sealed partial class LogSource
{
    /// <summary>Asks the engine whether it has sent the whole log, and sets <see cref="Confirmed"/> if so.</summary>
    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        _askedAt = time.GetTimestamp();
        var connection = cursor.Connection;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(ConfirmInterval);
        try
        {
            var last = await LogEnds.LastLineAsync(engine, id, limited.Token);
            Confirmed = last is null || last.Value.Nanoseconds <= Volatile.Read(ref _receivedTo) ? connection : Confirmed;
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            // The container stays behind.
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        var isTail = options.HasFlag(LogSourceOptions.Tail);
        LogMark? mark = null;
        do
        {
            cursor.PutBehind();
            try
            {
                var range = isTail ? whole : await ContinueAsync(cancellationToken);
                (isTail, mark) = (false, cursor.Own);
                Volatile.Write(ref _receivedTo, Math.Max(_receivedTo, range.Since?.Nanoseconds - 1 ?? long.MinValue));
                await foreach (var lines in engine.ReadLogsAsync(id, range, cancellationToken))
                {
                    Volatile.Write(ref _connectedAt, _connectedAt == 0 ? time.GetTimestamp() : _connectedAt);
                    await OfferAsync(lines, cancellationToken);
                    Volatile.Write(ref _receivedTo, Math.Max(_receivedTo, LastOf(lines)));
                }

                if (!whole.Follow)
                {
                    return;
                }
            }
            catch (EngineException e)
            {
                if (!whole.Follow || !CanRecover(e) || (options.HasFlag(LogSourceOptions.MustOpen) && !IsOpened) || ++_failures > MaxFailures)
                {
                    await FailAsync(e, cancellationToken);
                    return;
                }

                IsOpened = true;
                cursor.PutBehind();
                await WaitAsync(RetryInterval, cancellationToken);
            }

            Volatile.Write(ref _connectedAt, 0);
        }
        while (await IsRunningAgainAsync(cancellationToken));

        async Task OfferAsync(LogLines lines, CancellationToken token)
        {
            _lines = lines;
            _next = 0;
            for (; mark is { } known && HasLine; _next++)
            {
                var isFirst = known.IsFirstLine && Line.Time == known.Anchor;
                if (known.IsFirstLine && !isFirst && Line.Time <= known.Last)
                {
                    continue;
                }

                // A line after the last one is new, even if earlier ones are gone with a rotated file.
                if (known.Count == 0 || Line.Time > known.Last)
                {
                    mark = null;
                    break;
                }

                mark = known with { Count = known.Count - 1, Kind = LogAnchor.Time };
            }

            if (HasLine || !IsOpened)
            {
                _failures = HasLine ? 0 : _failures;
                IsOpened = true;
                await SignalAsync(token);
            }
        }
    }

    private static long LastOf(LogLines lines)
    {
        var last = long.MinValue;
        for (var n = 0; n < lines.Count; n++)
        {
            last = Math.Max(last, lines[n].Time.Nanoseconds);
        }

        return last;
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (!options.HasFlag(LogSourceOptions.ThisRun))
        {
            return;
        }

        try
        {
            var container = await engine.InspectContainerAsync(new ContainerReference(id), cancellationToken);
            // Without a time, the whole log.
            var start = container.StartedAt is { } at ? LogTime.Of(at) : default;
            cursor.Start(new LogMark(start, start, 0));
        }
        catch (EngineException)
        {
            // The call for the log reports it.
        }
    }

    /// <summary>Returns the range from the cursor on.</summary>
    private async Task<LogRange> ContinueAsync(CancellationToken cancellationToken)
    {
        if (cursor.Own is { IsUnread: true, Anchor: var at } && whole.Tail is { } tail
            && await LogEnds.FirstLineAsync(engine, id, tail, at, cancellationToken) is { } first)
        {
            cursor.StartAt(first);
        }

        // An unread log was empty then: everything is new.
        var since = cursor.Own.IsUnread ? null : cursor.Own.Since;
        return whole with { Since = since is null || since < whole.Since ? whole.Since : since, Tail = null };
    }
}
