using System.Security.Cryptography;
using ContainerApi.Access;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ContainerApi.Tests.Access;

/// <summary>Tokens that the test signs as their issuer.</summary>
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
    public async Task Token_has_the_scopes_that_it_names(bool isRsa)
    {
        await using var host = Host(isRsa);
        using var client = Client(host, Token(isRsa ? Rsa : Curve, scope: "containers:read builds:read"));

        using var allowed = await client.GetAsync("/containers");
        using var refused = await client.GetAsync("/engines");

        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        await refused.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Token_with_labels_and_engines_sees_only_these()
    {
        await using var host = Host(isRsa: true);
        using var client = Client(host, Token(Rsa, extra: new() { [Caller.LabelClaim] = new[] { "team=a" }, [Caller.EngineClaim] = "local" }));

        Assert.Equal(["mine"], (await client.GetJsonAsync("/containers")).Items("name"));
    }

    [Fact]
    public async Task Key_is_accepted_beside_tokens()
    {
        await using var host = Host(isRsa: true, new Keys().Add("good", [Scopes.ContainersRead]));

        await host.With("good").GetJsonAsync("/containers");
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
    public async Task Invalid_token_returns_401(string fault)
    {
        await using var host = Host(isRsa: true);
        using var other = RSA.Create(2048);
        var publicKey = new SymmetricSecurityKey(_rsa.ExportSubjectPublicKeyInfo());
        var token = fault switch
        {
            "expired" => Token(Rsa, expires: DateTime.UtcNow.AddMinutes(-5)),
            "not yet" => Token(Rsa, notBefore: DateTime.UtcNow.AddMinutes(5), expires: DateTime.UtcNow.AddMinutes(10)),
            "issuer" => Token(Rsa, issuer: "https://other.example"),
            "audience" => Token(Rsa, audience: "other"),
            "key" => Token(new SigningCredentials(new RsaSecurityKey(other), SecurityAlgorithms.RsaSha256)),
            "public key as secret" => Token(new SigningCredentials(publicKey, SecurityAlgorithms.HmacSha256)),
            "none" => Token(null),
            _ => "a.b.c",
        };
        using var client = Client(host, token);

        using var response = await client.GetAsync("/containers");

        await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    private static HttpClient Client(ApiHost host, string token)
    {
        var client = host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    private SigningCredentials Rsa => new(new RsaSecurityKey(_rsa), SecurityAlgorithms.RsaSha256);

    private SigningCredentials Curve => new(new ECDsaSecurityKey(_curve), SecurityAlgorithms.EcdsaSha256);

    private ApiHost Host(bool isRsa, Keys? keys = null)
    {
        File.WriteAllText(_file, isRsa ? _rsa.ExportSubjectPublicKeyInfoPem() : _curve.ExportSubjectPublicKeyInfoPem());
        var settings = (keys ?? []).With("Security:Jwt:PublicKeyFile", _file).With("Security:Jwt:Issuer", Issuer);
        return new ApiHost(settings.With("Security:Jwt:Audience", Audience), Keys.TwoTeams());
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
