using System.Buffers;

namespace ContainerApi.Engine.Facts;

/// <summary>The output of a container that a line was written to. A container with a terminal has stdout only.</summary>
internal enum LogOutput
{
    Stdout = 1,
    Stderr = 2,
}

/// <summary>The part of a container's log to read.</summary>
/// <param name="Output">One output; null for both.</param>
/// <param name="Follow">Whether to wait for new lines, until the container stops.</param>
/// <param name="Since">The time of the first line; null for the beginning.</param>
/// <param name="Until">The time of the last line; null for the end.</param>
/// <param name="Tail">The number of lines before the end; null for all.</param>
internal sealed record LogRange(LogOutput? Output, bool Follow, LogTime? Since, LogTime? Until, int? Tail);

/// <summary>One line of a log, whose text is in a <see cref="LogLines"/>.</summary>
internal readonly record struct LogLine(LogTime Time, LogOutput Output, int Start, int Length);

/// <summary>Lines of a log in the order of the engine. The reader of a log fills one object again and again.</summary>
internal sealed class LogLines
{
    private readonly ArrayBufferWriter<byte> _text = new(4096);
    private readonly List<LogLine> _lines = [];

    public int Count => _lines.Count;

    public LogLine this[int index] => _lines[index];

    /// <summary>The text of a line without its end: valid UTF-8 that may have any control character.</summary>
    public ReadOnlySpan<byte> TextOf(LogLine line) => _text.WrittenSpan.Slice(line.Start, line.Length);

    public void Add(LogTime time, LogOutput output, ReadOnlySpan<byte> text)
    {
        _lines.Add(new LogLine(time, output, _text.WrittenCount, text.Length));
        _text.Write(text);
    }

    public void Clear()
    {
        _lines.Clear();
        _text.ResetWrittenCount();
    }
}
