using System.Buffers;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// A connection to BuildKit that adds the methods of a session to its requests, of which one opens the session. Engines look for a method
/// before they ask for a directory or send a file. Each is a value of one header: .NET joins values, and engines do not split them.
/// </summary>
/// <remarks>
/// The headers are added at the end of the block (RFC 9113, 6.2) as literals that change no table of the compression (RFC 7541, 6.2.2).
/// </remarks>
internal sealed class SessionAnnouncement(Stream connection) : Stream
{
    /// <summary>What a client of HTTP/2 sends before its first frame, in bytes.</summary>
    private const int PrefaceLength = 24;

    private const int FrameHeaderLength = 9;
    private const byte Headers = 1;
    private const byte Continuation = 9;
    private const byte EndHeaders = 0x4;

    private static readonly byte[] Methods =
        [.. new[] { "FileSync", "FileSend" }.SelectMany(s => Literal("x-docker-expose-session-grpc-method", $"/moby.filesync.v1.{s}/DiffCopy"))];

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly byte[] _frame = new byte[FrameHeaderLength];
    private int _frameLength;
    private int _left = PrefaceLength;
    private bool _endsHeaders;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        connection.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        connection.WriteAsync(Announce(buffer.Span), cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override void Flush() => connection.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Returns what to send in place of the bytes, which may begin and end anywhere in a frame.</summary>
    private ReadOnlyMemory<byte> Announce(ReadOnlySpan<byte> bytes)
    {
        _output.ResetWrittenCount();
        while (!bytes.IsEmpty)
        {
            var taken = _left > 0 ? PassContent(bytes) : ReadHeader(bytes);
            bytes = bytes[taken..];
        }

        return _output.WrittenMemory;
    }

    private int PassContent(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(_left, bytes.Length);
        _output.Write(bytes[..taken]);
        _left -= taken;
        if (_left == 0 && _endsHeaders)
        {
            _output.Write(Methods);
        }

        return taken;
    }

    private int ReadHeader(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(FrameHeaderLength - _frameLength, bytes.Length);
        bytes[..taken].CopyTo(_frame.AsSpan(_frameLength));
        _frameLength += taken;
        if (_frameLength == FrameHeaderLength)
        {
            _left = ReadLength();
            _endsHeaders = _frame[3] is Headers or Continuation && (_frame[4] & EndHeaders) != 0;
            WriteLength(_left + (_endsHeaders ? Methods.Length : 0));
            _output.Write(_frame);
            _frameLength = 0;
        }

        return taken;
    }

    private int ReadLength() => (_frame[0] << 16) | (_frame[1] << 8) | _frame[2];

    private void WriteLength(int length) => (_frame[0], _frame[1], _frame[2]) = ((byte)(length >> 16), (byte)(length >> 8), (byte)length);

    /// <summary>A field that is not added to the table, with name and value shorter than 127 bytes.</summary>
    private static byte[] Literal(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
