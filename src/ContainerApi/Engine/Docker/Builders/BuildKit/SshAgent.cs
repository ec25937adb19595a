using System.Buffers;
using System.Buffers.Binary;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// An SSH agent that lists the public keys of a build and signs with them; it refuses all else (draft-miller-ssh-agent). A build's step can
/// sign what it wants while it runs. Pure.
/// </summary>
internal sealed class SshAgent(IReadOnlyList<SshKey> keys)
{
    /// <summary>The limit of OpenSSH's agent.</summary>
    public const int MaxRequestBytes = 256 * 1024;

    private const byte Failure = 5;
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;

    /// <summary>Answers a request. Both are without their length.</summary>
    public byte[] Answer(ReadOnlySpan<byte> request)
    {
        if (request is [RequestIdentities])
        {
            return ListKeys();
        }

        var rest = request is [SignRequest, ..] ? request[1..] : [];
        return TryReadString(ref rest, out var key) && TryReadString(ref rest, out var data) && rest.Length == sizeof(uint)
            ? Sign(key, data, BinaryPrimitives.ReadUInt32BigEndian(rest))
            : [Failure];
    }

    private byte[] ListKeys()
    {
        var answer = new ArrayBufferWriter<byte>();
        answer.Write((ReadOnlySpan<byte>)[IdentitiesAnswer, 0, 0, 0, (byte)keys.Count]);
        foreach (var key in keys)
        {
            answer.Write(SshKey.WithLength(key.Public));
            // The comment.
            answer.Write(SshKey.WithLength([]));
        }

        return answer.WrittenSpan.ToArray();
    }

    private byte[] Sign(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, uint flags)
    {
        foreach (var key in keys)
        {
            if (publicKey.SequenceEqual(key.Public))
            {
                var (algorithm, signature) = key.Sign(data.ToArray(), flags);
                byte[] signed = [.. SshKey.WithLength(Encoding.ASCII.GetBytes(algorithm)), .. SshKey.WithLength(signature)];
                return [SignResponse, .. SshKey.WithLength(signed)];
            }
        }

        return [Failure];
    }

    private static bool TryReadString(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (rest.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - sizeof(uint))
        {
            return false;
        }

        value = rest.Slice(sizeof(uint), (int)length);
        rest = rest[(sizeof(uint) + (int)length)..];
        return true;
    }
}
