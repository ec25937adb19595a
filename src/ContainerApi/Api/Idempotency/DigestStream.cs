using System.Security.Cryptography;
using ContainerApi.Streams;

namespace ContainerApi.Api.Idempotency;

/// <summary>What a request's handler read of its body.</summary>
/// <param name="IsWhole">Whether the body ended there. A build reads an archive up to its end, which bytes may follow.</param>
internal sealed record BodyDigest(long Length, string Sha256, bool IsWhole);

/// <summary>Computes the digest of a body while it is read, so that nothing keeps the body.</summary>
internal sealed class DigestStream(Stream body) : ForwardStream
{
    private const int BufferBytes = 64 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;
    private bool _isWhole;

    /// <summary>The digest at the end; null before it.</summary>
    private BodyDigest? _last;

    /// <summary>The digest of what was read so far. The reader of a body may dispose of it before the answer is kept.</summary>
    public BodyDigest Digest => _last ?? new(_length, Convert.ToHexStringLower(_hash.GetCurrentHash()), _isWhole);

    /// <summary>Reads a body and returns whether it is the one of a digest.</summary>
    public static async Task<bool> MatchesAsync(Stream body, BodyDigest expected, CancellationToken cancellationToken)
    {
        await using var digest = new DigestStream(body);
        var buffer = new byte[BufferBytes];
        while (digest._length < expected.Length
            && await digest.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, expected.Length - digest._length)), cancellationToken) > 0)
        {
        }

        // A longer body is another one.
        var isLonger = expected.IsWhole && await digest.ReadAsync(buffer.AsMemory(0, 1), cancellationToken) > 0;
        return !isLonger && digest._length == expected.Length && digest.Digest.Sha256 == expected.Sha256;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        _hash.AppendData(buffer.Span[..read]);
        _length += read;
        _isWhole |= read == 0 && buffer.Length > 0;
        return read;
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
