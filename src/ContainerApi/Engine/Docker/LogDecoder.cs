using System.Buffers;
using System.Buffers.Binary;
using System.Text.Unicode;

namespace ContainerApi.Engine.Docker;

/// <summary>
/// Decodes an engine's log with timestamps, in pieces of any size. A container without a terminal has frames (Docker Engine API, "Stream
/// format"): the output, three zeros, the length, then the time, a space and the text. A container with a terminal has the time and the
/// text only. The engine splits lines at 16 KiB into chunks with the same time, which are joined again.
/// </summary>
internal sealed class LogDecoder
{
    /// <summary>A longer line becomes several lines with the same time.</summary>
    public const int MaxLineBytes = 1024 * 1024;

    /// <summary>The engine's buffer (moby <c>daemon/logger/copier.go</c>). A shorter chunk is the last one of its line.</summary>
    private const int ChunkBytes = 16 * 1024;

    private const int HeaderBytes = 8;
    private const int MaxTimeBytes = 40;
    private const int MaxFailureBytes = 1024;

    /// <summary>A frame of type 3 has an error of the engine.</summary>
    private const int ErrorFrame = 3;

    private readonly LogLineBuffer[] _outputs = [new(LogOutput.Stdout), new(LogOutput.Stderr)];
    private readonly byte[] _start = new byte[HeaderBytes + MaxTimeBytes];
    private readonly ArrayBufferWriter<byte> _failure = new();
    private State _state;
    private int _startLength;
    private long _frameLeft;
    private LogLineBuffer _current;
    private bool _isRaw;

    public LogDecoder() => _current = _outputs[0];

    private enum State
    {
        Begin,
        Header,
        Time,
        Text,
        Failed,
    }

    /// <summary>The error that the engine wrote instead of a line; null if there is none.</summary>
    public string? Failure => _state == State.Failed ? Encoding.UTF8.GetString(_failure.WrittenSpan) : null;

    /// <exception cref="FormatException">The bytes are not a log.</exception>
    public void Read(ReadOnlySpan<byte> bytes, LogLines lines)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[(_state switch
            {
                State.Begin => Begin(bytes[0]),
                State.Header => ReadHeader(bytes, lines),
                State.Time => ReadTime(bytes, lines),
                State.Text => _isRaw ? ReadRaw(bytes, lines) : ReadFrame(bytes, lines),
                _ => ReadFailure(bytes),
            })..];
        }
    }

    /// <summary>Adds the lines that have no end.</summary>
    /// <exception cref="FormatException">The last frame or time is incomplete.</exception>
    public void End(LogLines lines)
    {
        if (_startLength > 0 || (!_isRaw && _frameLeft > 0))
        {
            throw new FormatException("The log ends within a line.");
        }

        foreach (var output in _outputs.Where(o => o.IsOpen))
        {
            Complete(output, lines);
        }
    }

    /// <summary>A time begins with a digit, a frame with its type.</summary>
    private int Begin(byte first)
    {
        _isRaw = first > ErrorFrame;
        _state = _isRaw ? State.Time : State.Header;
        return 0;
    }

    private int ReadHeader(ReadOnlySpan<byte> bytes, LogLines lines)
    {
        if (_startLength == 0 && TryWholeFrame(bytes, lines) is var whole and > 0)
        {
            return whole;
        }

        var taken = Take(bytes, HeaderBytes - _startLength);
        if (_startLength == HeaderBytes)
        {
            _startLength = 0;
            _frameLeft = BinaryPrimitives.ReadUInt32BigEndian(_start.AsSpan(4, 4));
            _current = OutputOf(_start);
            _state = _start[0] == ErrorFrame ? State.Failed : _frameLeft == 0 ? State.Header : State.Time;
        }

        return taken;
    }

    /// <summary>The usual case: one whole line in one frame.</summary>
    private int TryWholeFrame(ReadOnlySpan<byte> bytes, LogLines lines)
    {
        if (bytes.Length < HeaderBytes || bytes[0] == ErrorFrame)
        {
            return 0;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        var output = OutputOf(bytes);
        if (output.IsOpen || length > bytes.Length - HeaderBytes || length == 0 || bytes[HeaderBytes + (int)length - 1] != '\n')
        {
            return 0;
        }

        var frame = bytes.Slice(HeaderBytes, (int)length);
        var space = frame[..Math.Min(frame.Length, MaxTimeBytes)].IndexOf((byte)' ');
        if (space < 0 || !LogTime.TryParse(frame[..space], out var time))
        {
            return 0;
        }

        AddLine(time, output.Output, frame[(space + 1)..], lines);
        return HeaderBytes + (int)length;
    }

    private int ReadTime(ReadOnlySpan<byte> bytes, LogLines lines)
    {
        var available = _isRaw ? bytes : bytes[..(int)Math.Min(bytes.Length, _frameLeft)];
        var space = available.IndexOf((byte)' ');
        var taken = Take(space < 0 ? available : available[..(space + 1)], MaxTimeBytes - _startLength);
        _frameLeft -= _isRaw ? 0 : taken;
        var isWhole = _startLength > 0 && _start[_startLength - 1] == ' ';
        if (!isWhole && _startLength < MaxTimeBytes && (_isRaw || _frameLeft > 0))
        {
            return taken;
        }

        if (!isWhole || !LogTime.TryParse(_start.AsSpan(0, _startLength - 1), out var time))
        {
            if (!"Error grabbing logs: "u8.StartsWith(_start.AsSpan(0, Math.Min(_startLength, 21))))
            {
                throw new FormatException("A line of the log has no time.");
            }

            // The engine writes the failures of its log driver in place of a line.
            _failure.Write(_start.AsSpan(0, _startLength));
            _state = State.Failed;
            return taken;
        }

        if (_current.IsOpen && _current.Time != time)
        {
            Complete(_current, lines);
        }

        _current.Begin(time, _start.AsSpan(0, _startLength));
        _startLength = 0;
        _state = State.Text;
        if (!_isRaw && _frameLeft == 0)
        {
            EndFrame(lines);
        }

        return taken;
    }

    private int ReadFrame(ReadOnlySpan<byte> bytes, LogLines lines)
    {
        var text = bytes[..(int)Math.Min(bytes.Length, _frameLeft)];
        Append(text, lines);
        _frameLeft -= text.Length;
        if (_frameLeft == 0)
        {
            EndFrame(lines);
        }

        return text.Length;
    }

    private void EndFrame(LogLines lines)
    {
        _state = State.Header;
        if (_current.EndsLine || _current.ChunkLength < ChunkBytes)
        {
            Complete(_current, lines);
        }
    }

    private int ReadRaw(ReadOnlySpan<byte> bytes, LogLines lines)
    {
        var end = bytes.IndexOf((byte)'\n');
        var taken = end < 0 ? bytes.Length : end + 1;
        Append(bytes[..taken], lines);
        if (end >= 0)
        {
            Complete(_current, lines);
            _state = State.Time;
        }

        return taken;
    }

    private int ReadFailure(ReadOnlySpan<byte> bytes)
    {
        _failure.Write(bytes[..Math.Min(bytes.Length, MaxFailureBytes - Math.Min(MaxFailureBytes, _failure.WrittenCount))]);
        return bytes.Length;
    }

    private int Take(ReadOnlySpan<byte> bytes, int max)
    {
        var taken = Math.Min(bytes.Length, max);
        bytes[..taken].CopyTo(_start.AsSpan(_startLength));
        _startLength += taken;
        return taken;
    }

    private LogLineBuffer OutputOf(ReadOnlySpan<byte> header) => header[0] <= ErrorFrame && header[1] == 0 && header[2] == 0 && header[3] == 0
        ? _outputs[header[0] == (byte)LogOutput.Stderr ? 1 : 0]
        : throw new FormatException("The log has an invalid frame.");

    private void Append(ReadOnlySpan<byte> text, LogLines lines)
    {
        var line = _current;
        while (line.Text.WrittenCount + text.Length > MaxLineBytes + 2)
        {
            // Not within a character.
            var cut = MaxLineBytes - line.Text.WrittenCount;
            while (cut > 0 && cut < text.Length && (text[cut] & 0xC0) == 0x80)
            {
                cut--;
            }

            line.Append(text[..Math.Max(cut, 0)]);
            text = text[Math.Max(cut, 0)..];
            AddLine(line.Time, line.Output, WithoutTimes(line), lines);
            line.Text.ResetWrittenCount();
        }

        line.Append(text);
    }

    private void Complete(LogLineBuffer line, LogLines lines)
    {
        AddLine(line.Time, line.Output, WithoutTimes(line), lines);
        line.End();
    }

    /// <summary>The chunks of a line of a terminal each begin with the line's time.</summary>
    private ReadOnlySpan<byte> WithoutTimes(LogLineBuffer line)
    {
        if (!_isRaw || line.Text.WrittenCount <= ChunkBytes)
        {
            return line.Text.WrittenSpan;
        }

        var joined = new ArrayBufferWriter<byte>(line.Text.WrittenCount);
        var rest = line.Text.WrittenSpan;
        while (rest.Length > ChunkBytes && rest[ChunkBytes..].IndexOf(line.TimeText) is var next and >= 0)
        {
            joined.Write(rest[..(ChunkBytes + next)]);
            rest = rest[(ChunkBytes + next + line.TimeText.Length)..];
        }

        joined.Write(rest);
        return joined.WrittenSpan;
    }

    private static void AddLine(LogTime time, LogOutput output, ReadOnlySpan<byte> text, LogLines lines)
    {
        text = text is [.., (byte)'\n'] ? text[..^1] : text;
        text = text is [.., (byte)'\r'] ? text[..^1] : text;
        // A program may write anything.
        lines.Add(time, output, Utf8.IsValid(text) ? text : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text)));
    }
}
