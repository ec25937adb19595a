using System.Buffers;
using ContainerApi.Streams;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// The list of containers or images without the labels of an object that exceed a size: the builder of an image chooses its labels, and
/// the labels of a few images must not make the list of all too large. It scans the JSON without parsing it.
/// </summary>
internal sealed class LabelLimitStream(Stream answer) : ForwardStream
{
    /// <summary>The size of the labels of one object. Buildpacks write about 50 KiB.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The same after <see cref="MaxTotalBytes"/> of labels.</summary>
    public const int MinBytes = 4 * 1024;

    private const int MaxTotalBytes = 16 * 1024 * 1024;
    private const int ChunkBytes = 64 * 1024;

    /// <summary>The list is an array of objects with the member <c>Labels</c>.</summary>
    private const int DepthOfMembers = 2;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("{}[],\""u8);
    private static readonly SearchValues<byte> StringEnds = SearchValues.Create("\"\\"u8);

    private readonly byte[] _input = new byte[ChunkBytes];
    private readonly ArrayBufferWriter<byte> _output = new(ChunkBytes);
    private readonly ArrayBufferWriter<byte> _label = new();
    private readonly ArrayBufferWriter<byte> _text = new();
    private int _taken;
    private int _depth;
    private bool _isInString;
    private bool _isEscaped;
    private bool _isInLabels;
    private bool _isTooLong;
    private int _bytes;
    private long _totalBytes;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_taken == _output.WrittenCount)
        {
            (_taken, var read) = (0, await answer.ReadAsync(_input, cancellationToken));
            _output.ResetWrittenCount();
            if (read == 0)
            {
                return 0;
            }

            Scan(_input.AsSpan(0, read));
        }

        var length = Math.Min(buffer.Length, _output.WrittenCount - _taken);
        _output.WrittenSpan.Slice(_taken, length).CopyTo(buffer.Span);
        _taken += length;
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        answer.Dispose();
        base.Dispose(disposing);
    }

    private void Scan(ReadOnlySpan<byte> json)
    {
        while (!json.IsEmpty)
        {
            var found = _isEscaped ? 0 : json.IndexOfAny(_isInString ? StringEnds : Structure);
            var before = found < 0 ? json : json[..found];
            Copy(before);
            if (found < 0)
            {
                return;
            }

            var mark = json.Slice(found, 1);
            if (_isInString)
            {
                Copy(mark);
                _isInString = _isEscaped || mark[0] != '"';
                _isEscaped = !_isEscaped && mark[0] == '\\';
            }
            else
            {
                Take(mark);
            }

            json = json[(found + 1)..];
        }
    }

    /// <summary>Takes a mark outside strings.</summary>
    private void Take(ReadOnlySpan<byte> mark)
    {
        switch (mark[0])
        {
            case (byte)'"':
                _isInString = true;
                _text.ResetWrittenCount();
                Copy(mark);
                break;
            case (byte)'{' when !_isInLabels && _depth == DepthOfMembers && _text.WrittenSpan.SequenceEqual("\"Labels\":"u8):
                Copy(mark);
                (_isInLabels, _bytes) = (true, 0);
                _depth++;
                break;
            case (byte)'{' or (byte)'[':
                Copy(mark);
                _depth++;
                break;
            case (byte)'}' or (byte)']':
                _depth--;
                if (_isInLabels && _depth == DepthOfMembers)
                {
                    EndLabel();
                    _isInLabels = false;
                    _totalBytes += _bytes;
                }

                Copy(mark);
                break;
            case (byte)',' when _isInLabels && _depth == DepthOfMembers + 1:
                EndLabel();
                break;
            default:
                Copy(mark);
                break;
        }
    }

    private void EndLabel()
    {
        if (!_isTooLong && _label.WrittenCount > 0)
        {
            if (_bytes > 0)
            {
                _output.Write(","u8);
            }

            _output.Write(_label.WrittenSpan);
            _bytes += _label.WrittenCount;
        }

        _label.ResetWrittenCount();
        _isTooLong = false;
    }

    private void Copy(ReadOnlySpan<byte> json)
    {
        if (!_isInLabels)
        {
            if (_depth == DepthOfMembers)
            {
                // The name of the member: the quote that begins it, up to what follows its colon.
                _text.Write(json[..Math.Min(json.Length, MaxName - Math.Min(MaxName, _text.WrittenCount))]);
            }

            _output.Write(json);
            return;
        }

        _isTooLong |= _bytes + _label.WrittenCount + json.Length > (_totalBytes < MaxTotalBytes ? MaxBytes : MinBytes);
        if (!_isTooLong)
        {
            _label.Write(json);
        }
    }

    /// <summary>More than the name that is searched.</summary>
    private const int MaxName = 16;
}
