using System.Buffers.Binary;
using System.Security.Cryptography;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using ContainerApi.Tests.Builds;
using Google.Protobuf;
using Grpc.Core;
using Org.BouncyCastle.Crypto.Signers;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>The SSH agent that a build's steps reach through the session.</summary>
public sealed class SshAgentTests
{
    private static readonly byte[] Data = "what is signed"u8.ToArray();

    public static TheoryData<string> Keys => ["ed25519", "rsa-pkcs8", "rsa-pkcs1", "ecdsa-sec1", "ecdsa-pkcs8"];

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Session_lists_the_keys_of_the_id_and_signs(string kind)
    {
        await using var engine = await FakeBuildKit.StartAsync();
        byte[][] answers = [];
        engine.Solve = async (_, session) =>
        {
            var client = new SSH.SSHClient(session);
            await client.CheckAgentAsync(new CheckAgentRequest { ID = "git" });
            var other = client.CheckAgentAsync(new CheckAgentRequest());
            Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => other.ResponseAsync)).StatusCode);
            using var call = client.ForwardAgent(new Metadata { { "buildkit.ssh.id", "git" } });
            // The requests arrive in pieces.
            answers = [await AskAsync(call, 1, [11])];
            var key = Strings(answers[0].AsSpan(5))[0];
            answers =
            [
                .. answers, await AskAsync(call, 7, SignRequest(key, 4)), await AskAsync(call, 100, SignRequest([1, 2], 0)),
                await AskAsync(call, 100, [17, 1]),
            ];
            return "sha256:1";
        };

        var facts = await engine.BuildAsync(new BuildSpec { SshKeys = new[] { TestKeys.Parse(TextOf(kind)) }.ToLookup(_ => "git") });

        Assert.Equal([new ImageBuilt("sha256:1")], facts);
        Assert.Equal([12, 0, 0, 0, 1], answers[0][..5]);
        Assert.Equal(14, answers[1][0]);
        var signature = Strings(Strings(answers[1].AsSpan(1))[0]);
        Assert.True(IsValid(Encoding.ASCII.GetString(signature[0]), signature[1]), kind);
        Assert.Equal([5], answers[2]);
        Assert.Equal([5], answers[3]);
    }

    [Theory]
    [InlineData(0u, "ssh-rsa")]
    [InlineData(2u, "rsa-sha2-256")]
    [InlineData(6u, "rsa-sha2-512")]
    public void Flags_choose_the_hash_of_RSA(uint flags, string algorithm)
    {
        var (name, signature) = TestKeys.Parse(TestKeys.Rsa.ExportPkcs8PrivateKeyPem()).Sign(Data, flags);

        Assert.Equal(algorithm, name);
        Assert.True(IsValid(name, signature));
    }

    [Fact]
    public void Text_that_is_no_usable_key_is_refused()
    {
        using var dsa = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000);
        foreach (var text in new[]
        {
            "", "x", TestKeys.Rsa.ExportSubjectPublicKeyInfoPem(), TestKeys.Rsa.ExportEncryptedPkcs8PrivateKeyPem("p", encryption),
            TestKeys.Ed25519Text.Replace("\n", "\nA", StringComparison.Ordinal), dsa.ExportECPrivateKeyPem(),
            PemEncoding.WriteString("OPENSSH PRIVATE KEY", [1, 2, 3]), TestKeys.Rsa.ExportPkcs8PrivateKeyPem() + new string('x', 9_000),
        })
        {
            Assert.False(SshKey.TryParse(text, out _), text);
        }
    }

    private static string TextOf(string kind) => kind switch
    {
        "ed25519" => TestKeys.Ed25519Text,
        "rsa-pkcs8" => TestKeys.Rsa.ExportPkcs8PrivateKeyPem(),
        "rsa-pkcs1" => TestKeys.Rsa.ExportRSAPrivateKeyPem(),
        "ecdsa-sec1" => TestKeys.Ecdsa.ExportECPrivateKeyPem(),
        _ => TestKeys.Ecdsa.ExportPkcs8PrivateKeyPem(),
    };

    private static bool IsValid(string algorithm, byte[] signature)
    {
        switch (algorithm)
        {
            case "ssh-ed25519":
                var verifier = new Ed25519Signer();
                verifier.Init(forSigning: false, TestKeys.Ed25519Parameters.GeneratePublicKey());
                verifier.BlockUpdate(Data, 0, Data.Length);
                return verifier.VerifySignature(signature);
            case "ecdsa-sha2-nistp384":
                // Two numbers, whose first byte may be a sign.
                var numbers = Strings(signature).SelectMany(n => new byte[48].Concat(n).TakeLast(48)).ToArray();
                return TestKeys.Ecdsa.VerifyData(Data, numbers, HashAlgorithmName.SHA384);
            default:
                var hash = algorithm switch { "rsa-sha2-512" => "SHA512", "rsa-sha2-256" => "SHA256", _ => "SHA1" };
                return TestKeys.Rsa.VerifyData(Data, signature, new HashAlgorithmName(hash), RSASignaturePadding.Pkcs1);
        }
    }

    private static byte[] SignRequest(byte[] key, byte flags) => [13, .. WithLength(key), .. WithLength(Data), 0, 0, 0, flags];

    private static async Task<byte[]> AskAsync(AsyncDuplexStreamingCall<BytesMessage, BytesMessage> call, int piece, byte[] request)
    {
        foreach (var bytes in WithLength(request).Chunk(piece))
        {
            await call.RequestStream.WriteAsync(new BytesMessage { Data = ByteString.CopyFrom(bytes) });
        }

        Assert.True(await call.ResponseStream.MoveNext());
        return Assert.Single(Strings(call.ResponseStream.Current.Data.Span));
    }

    private static byte[] WithLength(byte[] bytes)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        return [.. length, .. bytes];
    }

    private static List<byte[]> Strings(ReadOnlySpan<byte> bytes)
    {
        var strings = new List<byte[]>();
        while (bytes.Length > 0)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes);
            strings.Add(bytes.Slice(4, length).ToArray());
            bytes = bytes[(4 + length)..];
        }

        return strings;
    }
}
