using System.Buffers;

namespace ContainerApi.Engine.Docker;

/// <summary>A line of one output whose end has not been read.</summary>
internal sealed class LogLineBuffer(LogOutput output)
{
    private byte[] _timeText = [];

    public LogOutput Output => output;
    public ArrayBufferWriter<byte> Text { get; } = new();
    public LogTime Time { get; private set; }

    /// <summary>The length of the chunk that is being read.</summary>
    public long ChunkLength { get; private set; }

    public bool EndsLine { get; private set; }
    public bool IsOpen { get; private set; }

    /// <summary>The time as the engine wrote it, with the space behind it.</summary>
    public ReadOnlySpan<byte> TimeText => _timeText;

    public void Begin(LogTime time, ReadOnlySpan<byte> timeText)
    {
        (Time, ChunkLength, EndsLine, IsOpen) = (time, 0, false, true);
        _timeText = timeText.ToArray();
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        Text.Write(text);
        ChunkLength += text.Length;
        EndsLine = text.IsEmpty ? EndsLine : text[^1] == '\n';
    }

    public void End()
    {
        IsOpen = false;
        Text.ResetWrittenCount();
    }
}
