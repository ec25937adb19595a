using ContainerApi.Api;

namespace ContainerApi.Builds.History;

/// <summary>Some events of a build, in a row.</summary>
/// <param name="Lines">The events as JSON lines; empty when there are none in memory.</param>
/// <param name="Known">The same events as objects; null when only the lines are kept.</param>
internal readonly record struct LogBatch(StoredLines Lines, IReadOnlyList<BuildEvent>? Known)
{
    /// <summary>An event that is not in the log.</summary>
    /// <param name="next">Number of the event after it; its <c>seq</c> is that of the event before.</param>
    public static LogBatch Of(BuildEvent buildEvent, long next, DateTimeOffset at)
    {
        buildEvent = buildEvent with { Seq = next > 0 ? StreamEvents.SeqOf(next - 1) : null, At = at };
        return new LogBatch(new StoredLines(next, next, JsonLines.Serialize(buildEvent)), [buildEvent]);
    }

    public IEnumerable<BuildEvent> Events => Known ?? Parse(Lines.Lines);

    /// <summary>Parses JSON lines.</summary>
    public static IEnumerable<BuildEvent> Parse(ReadOnlyMemory<byte> lines)
    {
        for (var end = 0; !lines.IsEmpty; lines = lines[end..])
        {
            end = lines.Span.IndexOf((byte)'\n') + 1;
            yield return JsonSerializer.Deserialize<BuildEvent>(lines.Span[..end], WireJson.Options)!;
        }
    }
}

/// <summary>What a log has in memory from an event on.</summary>
/// <param name="Grown">Completes when there are more events; null when there are some, or no more follow.</param>
/// <param name="StoredUntil">The first event in memory, if the event and all before it are only in the store; else null.</param>
internal readonly record struct LogRead(LogBatch Batch, Task? Grown, long? StoredUntil);
