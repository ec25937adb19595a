using System.Buffers.Binary;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Crypto.Utilities;
using Org.BouncyCastle.Security;
using Pem = Org.BouncyCastle.Utilities.IO.Pem;

namespace ContainerApi.Engine.Facts;

/// <summary>A private key of SSH: RSA, ECDSA (P-256, P-384, P-521) or Ed25519. Prints no member.</summary>
internal sealed class SshKey
{
    /// <summary>
    /// The longest that is parsed, in characters: an RSA key of 8,192 bits has 6,500. To check a longer one takes many seconds of a processor.
    /// </summary>
    private const int MaxLength = 8 * 1024;

    /// <summary>Flags of a request to sign (draft-miller-ssh-agent, 3.6.1).</summary>
    private const uint WithSha256 = 2;
    private const uint WithSha512 = 4;

    private readonly AsymmetricKeyParameter _key;

    private SshKey(AsymmetricKeyParameter key, AsymmetricKeyParameter publicKey) =>
        (_key, Public) = (key, OpenSshPublicKeyUtilities.EncodePublicKey(publicKey));

    /// <summary>The public key in the format of the SSH protocol.</summary>
    public byte[] Public { get; }

    /// <summary>Parses a key in OpenSSH's format or in PEM (PKCS#1, PKCS#8, SEC 1), without a passphrase.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SshKey? key)
    {
        key = null;
        try
        {
            key = text.Length > MaxLength ? null : Create(ReadPrivate(text));
        }
        // The parsers throw whatever the text leads to; the text must not be in a log.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
        }

        return key is not null;
    }

    /// <summary>Signs as an SSH agent does. Returns the algorithm's name and the signature.</summary>
    public (string Algorithm, byte[] Signature) Sign(byte[] data, uint flags) => _key switch
    {
        RsaKeyParameters when (flags & WithSha512) != 0 => ("rsa-sha2-512", Sign("SHA-512withRSA", data)),
        RsaKeyParameters when (flags & WithSha256) != 0 => ("rsa-sha2-256", Sign("SHA-256withRSA", data)),
        RsaKeyParameters => ("ssh-rsa", Sign("SHA-1withRSA", data)),
        ECPrivateKeyParameters key => SignEcdsa(key, data),
        _ => ("ssh-ed25519", Sign("Ed25519", data)),
    };

    public override string ToString() => nameof(SshKey);

    private static AsymmetricKeyParameter? ReadPrivate(string text)
    {
        using var reader = new Pem.PemReader(new StringReader(text));
        return reader.ReadPemObject() switch
        {
            { Type: "OPENSSH PRIVATE KEY" } own => OpenSshPrivateKeyUtilities.ParsePrivateKeyBlob(own.Content),
            null => null,
            _ => new Org.BouncyCastle.OpenSsl.PemReader(new StringReader(text)).ReadObject() switch
            {
                AsymmetricCipherKeyPair pair => pair.Private,
                AsymmetricKeyParameter { IsPrivate: true } key => key,
                _ => null,
            },
        };
    }

    private static SshKey? Create(AsymmetricKeyParameter? key) => key switch
    {
        RsaPrivateCrtKeyParameters rsa => new SshKey(rsa, new RsaKeyParameters(false, rsa.Modulus, rsa.PublicExponent)),
        ECPrivateKeyParameters ec => new SshKey(ec, new ECPublicKeyParameters(ec.Parameters.G.Multiply(ec.D), ec.Parameters)),
        Ed25519PrivateKeyParameters ed => new SshKey(ed, ed.GeneratePublicKey()),
        _ => null,
    };

    private byte[] Sign(string algorithm, byte[] data)
    {
        var signer = SignerUtilities.GetSigner(algorithm);
        signer.Init(forSigning: true, _key);
        signer.BlockUpdate(data, 0, data.Length);
        return signer.GenerateSignature();
    }

    /// <summary>The hash depends on the curve, and the signature is two numbers with their lengths (RFC 5656, 3.1.2).</summary>
    private static (string Algorithm, byte[] Signature) SignEcdsa(ECPrivateKeyParameters key, byte[] data)
    {
        var bits = key.Parameters.Curve.FieldSize;
        var hash = DigestUtilities.CalculateDigest(bits switch { <= 256 => "SHA-256", <= 384 => "SHA-384", _ => "SHA-512" }, data);
        var signer = new ECDsaSigner();
        signer.Init(forSigning: true, key);
        return ($"ecdsa-sha2-nistp{bits}", [.. signer.GenerateSignature(hash).SelectMany(number => WithLength(number.ToByteArray()))]);
    }

    /// <summary>Prefixes the length, as for each string and message of the protocols of SSH (RFC 4251, 5).</summary>
    public static byte[] WithLength(ReadOnlySpan<byte> bytes)
    {
        var whole = new byte[sizeof(uint) + bytes.Length];
        BinaryPrimitives.WriteUInt32BigEndian(whole, (uint)bytes.Length);
        bytes.CopyTo(whole.AsSpan(sizeof(uint)));
        return whole;
    }
}
