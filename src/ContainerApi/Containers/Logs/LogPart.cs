using System.Threading.Channels;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Logs;

/// <summary>One event of the stream of one replica, as its JSON line.</summary>
/// <param name="At">The time of the line, by the clock of its engine.</param>
/// <param name="Seq">The position in that stream; empty for none.</param>
internal sealed record LogPartEvent(string Type, LogTime At, ReadOnlyMemory<byte> Before, ReadOnlyMemory<byte> Seq, ReadOnlyMemory<byte> After)
{
    /// <summary>Finds the fields that every event begins with. False for what is not an event.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> line, [NotNullWhen(true)] out LogPartEvent? happened)
    {
        var (type, at, seq) = ((string?)null, default(LogTime), ReadOnlyMemory<byte>.Empty);
        var (start, end) = (0, 0);
        try
        {
            var reader = new Utf8JsonReader(line.Span);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && (type is null || end == 0 || at == default))
            {
                if (reader.ValueTextEquals("type"u8))
                {
                    reader.Read();
                    type = reader.GetString();
                }
                else if (reader.ValueTextEquals("at"u8))
                {
                    reader.Read();
                    _ = LogTime.TryParse(reader.ValueSpan, out at);
                }
                else if (reader.ValueTextEquals("seq"u8))
                {
                    reader.Read();
                    (start, end) = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
                    seq = reader.TokenType == JsonTokenType.String ? line[(start + 1)..(end - 1)] : default;
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (JsonException)
        {
            type = null;
        }

        happened = type is null || end == 0 ? null : new LogPartEvent(type, at, line[..start], seq, line[end..]);
        return happened is not null;
    }

    /// <summary>Null for an event of a later version.</summary>
    public ContainerLogEvent? Parse()
    {
        try
        {
            return JsonSerializer.Deserialize<ContainerLogEvent>([.. Before.Span, .. "null"u8, .. After.Span], PeerCalls.Reading);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>The events of one replica that wait to be merged.</summary>
/// <param name="key">See <see cref="MergedLogPosition.KeyOf"/>.</param>
/// <param name="openedAt">A timestamp.</param>
internal sealed class LogPart(string key, long openedAt)
{
    /// <summary>A replica waits while its events are not merged.</summary>
    private const int MaxQueued = 256;

    public Channel<LogPartEvent> Events { get; } = Channel.CreateBounded<LogPartEvent>(MaxQueued);

    public string Key => key;

    public long OpenedAt => openedAt;

    /// <summary>The next event; null until one is taken.</summary>
    public LogPartEvent? Head { get; private set; }

    /// <summary>When the head came, as a timestamp.</summary>
    public long ArrivedAt { get; private set; }

    /// <summary>Whether something has come.</summary>
    public bool HasArrived => ArrivedAt != 0;

    /// <summary>Whether nothing more comes.</summary>
    public bool IsOver => Head is null && Events.Reader.Completion.IsCompleted;

    /// <summary>Takes the next event into <see cref="Head"/>, if that is empty.</summary>
    public void Take(long now)
    {
        if (Head is null && Events.Reader.TryRead(out var next))
        {
            (Head, ArrivedAt) = (next, now);
        }
    }

    public void Drop() => Head = null;
}
