using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Utilities;
using Org.BouncyCastle.Security;

namespace ContainerApi.Tests.Builds;

/// <summary>SSH keys of the tests.</summary>
internal static class TestKeys
{
    public static readonly Ed25519PrivateKeyParameters Ed25519Parameters = new(new SecureRandom());

    public static readonly RSA Rsa = RSA.Create(2048);

    public static readonly ECDsa Ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    /// <summary>As <c>ssh-keygen</c> writes it.</summary>
    public static string Ed25519Text { get; } =
        PemEncoding.WriteString("OPENSSH PRIVATE KEY", OpenSshPrivateKeyUtilities.EncodePrivateKey(Ed25519Parameters));

    public static SshKey Ed25519 => Parse(Ed25519Text);

    public static SshKey Parse(string text) => SshKey.TryParse(text, out var key) ? key : throw new FormatException();
}
