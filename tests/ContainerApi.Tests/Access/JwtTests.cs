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

    // Made once: making an RSA key takes longer than a test.
    private static readonly RSA IssuerKey = RSA.Create(2048);
    private static readonly RSA OtherKey = RSA.Create(2048);
    private static readonly ECDsa IssuerCurve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

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
        using var client = Client(
            host, Token(Rsa, extra: new() { [TokenCaller.LabelClaim] = new[] { "team=a" }, [TokenCaller.EngineClaim] = "local" }));

        Assert.Equal(["mine"], (await client.GetJsonAsync("/containers")).Items("name"));
    }

    [Fact]
    public async Task Token_with_an_empty_list_of_labels_or_engines_sees_nothing()
    {
        await using var host = Host(isRsa: true);
        foreach (var claim in new[] { TokenCaller.LabelClaim, TokenCaller.EngineClaim })
        {
            using var client = host.CreateClient();
            client.DefaultRequestHeaders.Authorization = new("Bearer", Token(Rsa, extra: new() { [claim] = Array.Empty<string>() }));

            using var response = await client.GetAsync("/containers?all=true");

            Assert.Empty((await response.ReadJsonAsync(HttpStatusCode.OK)).GetProperty("items").EnumerateArray());
        }
    }

    [Theory]
    [InlineData("""{"containerapi_labels":"team=a","Containerapi_Labels":"team=b"}""")]
    [InlineData("""{"Containerapi_Labels":"team=b"}""")]
    [InlineData("""{"containerapi_labels":["team=a"],"containerapi_labels":["team=b"]}""")]
    [InlineData("""{"containerapi_labels":5}""")]
    [InlineData("""{"containerapi_labels":null}""")]
    [InlineData("""{"containerapi_labels":[{}]}""")]
    [InlineData("""{"containerapi_engines":[""]}""")]
    [InlineData("""{"scope":"containers:read","SCOPE":"images:write"}""")]
    [InlineData("""{"sub":null}""")]
    public async Task Token_with_ambiguous_claims_is_refused(string claims)
    {
        await using var host = Host(isRsa: true);
        using var client = host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", SignedToken("""{"alg":"RS256"}""", claims));

        using var response = await client.GetAsync("/containers");

        await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Theory]
    [InlineData("""{"alg":"RS256"}""", HttpStatusCode.OK)]
    [InlineData("""{"alg":"RS256","crit":["exp"],"exp":1}""", HttpStatusCode.Unauthorized)]
    [InlineData("""{"alg":"RS256","crit":[]}""", HttpStatusCode.Unauthorized)]
    public async Task Token_with_a_critical_header_is_refused(string header, HttpStatusCode expected)
    {
        await using var host = Host(isRsa: true);
        using var client = host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", SignedToken(header, """{"sub":"somebody","scope":"containers:read"}"""));

        using var response = await client.GetAsync("/containers");

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Token_with_the_name_of_a_key_does_not_own_the_builds_of_the_key()
    {
        var keys = new Keys().Add("somebody", [Scopes.BuildsRead, Scopes.BuildsWrite], labels: ["team=a"]);
        await using var host = Host(isRsa: true, keys);
        using var owner = host.With("somebody");
        using var started = await owner.PostAsync("/images/build", new StringContent("FROM scratch\n", Encoding.UTF8, "text/x-dockerfile"));
        using var client = host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new(
            "Bearer", Token(Rsa, scope: "builds:read", extra: new() { [TokenCaller.LabelClaim] = new[] { "team=a" } }));

        using var own = await owner.GetAsync("/builds");
        using var response = await client.GetAsync("/builds");

        Assert.Single((await own.ReadJsonAsync(HttpStatusCode.OK)).GetProperty("items").EnumerateArray());
        Assert.Empty((await response.ReadJsonAsync(HttpStatusCode.OK)).GetProperty("items").EnumerateArray());
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
        var publicKey = new SymmetricSecurityKey(IssuerKey.ExportSubjectPublicKeyInfo());
        var token = fault switch
        {
            "expired" => Token(Rsa, expires: DateTime.UtcNow.AddMinutes(-5)),
            "not yet" => Token(Rsa, notBefore: DateTime.UtcNow.AddMinutes(5), expires: DateTime.UtcNow.AddMinutes(10)),
            "issuer" => Token(Rsa, issuer: "https://other.example"),
            "audience" => Token(Rsa, audience: "other"),
            "key" => Token(new SigningCredentials(new RsaSecurityKey(OtherKey), SecurityAlgorithms.RsaSha256)),
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

    private static SigningCredentials Rsa => new(new RsaSecurityKey(IssuerKey), SecurityAlgorithms.RsaSha256);

    private static SigningCredentials Curve => new(new ECDsaSecurityKey(IssuerCurve), SecurityAlgorithms.EcdsaSha256);

    private ApiHost Host(bool isRsa, Keys? keys = null)
    {
        File.WriteAllText(_file, isRsa ? IssuerKey.ExportSubjectPublicKeyInfoPem() : IssuerCurve.ExportSubjectPublicKeyInfoPem());
        var settings = (keys ?? []).With("Security:Jwt:PublicKeyFile", _file).With("Security:Jwt:Issuer", Issuer);
        return new ApiHost(settings.With("Security:Jwt:Audience", Audience), Keys.TwoTeams());
    }

    /// <summary>A token with a header and claims as they are written, and the claims that every token needs.</summary>
    private static string SignedToken(string header, string claims)
    {
        var common = $"\"iss\":\"{Issuer}\",\"aud\":\"{Audience}\",\"exp\":{DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeSeconds()}";
        var named = claims.Contains("\"sub\"", StringComparison.Ordinal) ? "" : ",\"sub\":\"somebody\"";
        var signed = $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode($"{{{common}{named},{claims[1..]}")}";
        var signature = IssuerKey.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{signed}.{Base64UrlEncoder.Encode(signature)}";
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
