using System.Security.Cryptography;
using ContainerApi.Streams;

namespace ContainerApi.Api.Idempotency;

/// <summary>What a request's handler read of its body.</summary>
/// <param name="Length">In bytes; of the delimiter of a form's parts it counts what is the same for each boundary.</param>
/// <param name="IsWhole">Whether the body ended there. A build reads an archive up to its end, which bytes may follow.</param>
internal sealed record BodyDigest(long Length, string Sha256, bool IsWhole);

/// <summary>Computes the digest of a body while it is read, so that nothing keeps the body.</summary>
/// <param name="boundary">That of a form, which is another one each time a client sends the form: the digest leaves it out.</param>
internal sealed class DigestStream(Stream body, string? boundary = null) : ForwardStream
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Its first byte occurs once in it, so that bytes which are not the delimiter are compared once.</summary>
    private readonly byte[]? _delimiter = boundary is null ? null : [.. Dashes, .. Encoding.UTF8.GetBytes(boundary)];

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    /// <summary>How much of a delimiter was read. The first one has no line before it.</summary>
    private int _matched = boundary is null ? 0 : Dashes.Length - 2;

    private bool _isWhole;

    /// <summary>The digest at the end; null before it.</summary>
    private BodyDigest? _last;

    /// <summary>The digest of what was read so far. The reader of a body may dispose of it before the answer is kept.</summary>
    public BodyDigest Digest => _last ?? new(_length, Convert.ToHexStringLower(_hash.GetCurrentHash()), _isWhole);

    private static ReadOnlySpan<byte> Dashes => "\r\n--"u8;

    /// <summary>Reads a body and returns whether it is the one of a digest.</summary>
    public static async Task<bool> MatchesAsync(Stream body, string? boundary, BodyDigest expected, CancellationToken cancellationToken)
    {
        await using var digest = new DigestStream(body, boundary);
        var buffer = new byte[BufferBytes];
        int next;
        do
        {
            next = (int)Math.Clamp(expected.Length - digest._length - digest._matched, 1, buffer.Length);
        }
        // A longer body is another one.
        while ((digest._length < expected.Length || (expected.IsWhole && digest._length == expected.Length))
            && await digest.ReadAsync(buffer.AsMemory(0, next), cancellationToken) > 0);

        return digest._length == expected.Length && digest.Digest.Sha256 == expected.Sha256;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        Append(buffer.Span[..read]);
        _isWhole |= read == 0 && buffer.Length > 0;
        return read;
    }

    private void Append(ReadOnlySpan<byte> read)
    {
        while (_delimiter is not null && read.Length > 0)
        {
            if (_matched == 0)
            {
                var start = read.IndexOf(_delimiter[0]);
                Count(start < 0 ? read : read[..start]);
                read = start < 0 ? [] : read[start..];
            }

            var matched = read.CommonPrefixLength(_delimiter.AsSpan(_matched));
            _matched += matched;
            read = read[matched..];
            if (_matched == _delimiter.Length || read.Length > 0)
            {
                Count(_matched == _delimiter.Length ? Dashes : _delimiter.AsSpan(0, _matched));
                _matched = 0;
            }
        }

        Count(read);
    }

    private void Count(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        _length += bytes.Length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && _last is null)
        {
            _last = Digest;
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
