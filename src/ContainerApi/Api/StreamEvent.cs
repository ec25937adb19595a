using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace ContainerApi.Api;

/// <summary>What every line of every stream has. Clients skip lines with a <c>type</c> that they do not know.</summary>
public abstract record StreamEvent
{
    /// <summary>
    /// The event's id in its stream, an opaque text. A stream that can be resumed continues after it with <c>after</c> or
    /// <c>Last-Event-ID</c>. A <c>heartbeat</c> repeats that of the line before it; null if there is none.
    /// </summary>
    [JsonPropertyOrder(-2)]
    public string? Seq { get; init; }

    /// <summary>When it happened.</summary>
    [JsonPropertyOrder(-1)]
    public DateTimeOffset At { get; init; }
}

/// <summary>How a stream or what it reports on ended.</summary>
public enum StreamOutcome
{
    /// <summary>The work is done.</summary>
    Succeeded,

    /// <summary>The work failed or exceeded its timeout.</summary>
    Failed,

    /// <summary>The work was stopped: on request, because its client disconnected, or because the service stopped.</summary>
    Cancelled,

    /// <summary>The service ended unexpectedly during a build, or ended a watch, which can be resumed.</summary>
    Interrupted,
}

internal static class StreamEvents
{
    /// <summary>Numbers the events of a stream that nothing stores.</summary>
    public static async IAsyncEnumerable<T> Numbered<T>(
        this IAsyncEnumerable<T> events, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : StreamEvent
    {
        var number = 0L;
        await foreach (var happened in events.WithCancellation(cancellationToken))
        {
            StreamEvent numbered = happened;
            yield return (T)(numbered with { Seq = SeqOf(number++), At = time.GetUtcNow() });
        }
    }

    public static string SeqOf(long number) => number.ToString(CultureInfo.InvariantCulture);
}
