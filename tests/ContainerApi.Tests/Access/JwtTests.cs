using System.Net;
using System.Security.Cryptography;
using ContainerApi.Access;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ContainerApi.Tests.Access;

/// <summary>Tokens of somebody else's, signed here with keys of the test's own.</summary>
public sealed class JwtTests : IDisposable
{
    private const string Issuer = "https://issuer.example";
    private const string Audience = "containerapi";

    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _file = Path.GetTempFileName();

    public void Dispose()
    {
        _rsa.Dispose();
        _curve.Dispose();
        File.Delete(_file);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_opens_what_its_scopes_say_as_a_key_does(bool isRsa)
    {
        await using var host = Host(isRsa);
        using var client = host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token(isRsa ? Rsa : Curve, scope: "containers:read builds:read"));

        using var allowed = await client.GetAsync("/containers");
        using var refused = await client.GetAsync("/engines");

        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        await refused.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task A_tokens_labels_and_engines_bind_as_a_keys_do()
    {
        await using var host = Host(isRsa: true);
        using var client = host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token(Rsa, extra: new() { [Caller.LabelClaim] = new[] { "team=a" }, [Caller.EngineClaim] = "local" }));

        using var response = await client.GetAsync("/containers");

        var list = await response.ReadJsonAsync(HttpStatusCode.OK);
        Assert.Equal(["mine"], list.GetProperty("items").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_key_is_taken_beside_tokens()
    {
        await using var host = Host(isRsa: true, new Keys().Add("good", [Scopes.ContainersRead]));

        using var response = await host.With("good").GetAsync("/containers");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("not yet")]
    [InlineData("issuer")]
    [InlineData("audience")]
    [InlineData("key")]
    [InlineData("public key as secret")]
    [InlineData("none")]
    [InlineData("garbage")]
    public async Task Any_other_token_is_refused(string fault)
    {
        await using var host = Host(isRsa: true);
        using var other = RSA.Create(2048);
        var token = fault switch
        {
            "expired" => Token(Rsa, expires: DateTime.UtcNow.AddMinutes(-5)),
            "not yet" => Token(Rsa, notBefore: DateTime.UtcNow.AddMinutes(5), expires: DateTime.UtcNow.AddMinutes(10)),
            "issuer" => Token(Rsa, issuer: "https://other.example"),
            "audience" => Token(Rsa, audience: "other"),
            "key" => Token(new SigningCredentials(new RsaSecurityKey(other), SecurityAlgorithms.RsaSha256)),
            "public key as secret" => Token(new SigningCredentials(new SymmetricSecurityKey(_rsa.ExportSubjectPublicKeyInfo()), SecurityAlgorithms.HmacSha256)),
            "none" => Token(null),
            _ => "a.b.c",
        };
        using var client = host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);

        using var response = await client.GetAsync("/containers");

        await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    private SigningCredentials Rsa => new(new RsaSecurityKey(_rsa), SecurityAlgorithms.RsaSha256);

    private SigningCredentials Curve => new(new ECDsaSecurityKey(_curve), SecurityAlgorithms.EcdsaSha256);

    private ApiHost Host(bool isRsa, Dictionary<string, string?>? more = null)
    {
        File.WriteAllText(_file, isRsa ? _rsa.ExportSubjectPublicKeyInfoPem() : _curve.ExportSubjectPublicKeyInfoPem());
        return new ApiHost(
            new Dictionary<string, string?>(more ?? [])
            {
                ["Security:Jwt:PublicKeyFile"] = _file,
                ["Security:Jwt:Issuer"] = Issuer,
                ["Security:Jwt:Audience"] = Audience,
            },
            Keys.TwoTeams());
    }

    private static string Token(
        SigningCredentials? signing, string issuer = Issuer, string audience = Audience, string scope = Scopes.ContainersRead,
        DateTime? notBefore = null, DateTime? expires = null, Dictionary<string, object>? extra = null) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            NotBefore = notBefore,
            Expires = expires ?? DateTime.UtcNow.AddMinutes(5),
            SigningCredentials = signing,
            Claims = new Dictionary<string, object>(extra ?? []) { ["sub"] = "somebody", ["scope"] = scope },
        });
}
