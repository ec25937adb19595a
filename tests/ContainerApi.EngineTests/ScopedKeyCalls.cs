using System.Security.Cryptography;
using Microsoft.AspNetCore.Mvc.Testing;

namespace ContainerApi.EngineTests;

/// <summary>
/// A service with a key that is scoped to a label, one with the same label that also has <c>containers:secrets</c>, one that is scoped to an
/// unknown engine, and an issuer of tokens.
/// </summary>
public abstract class ScopedKeyCalls : IAsyncLifetime
{
    protected const string Issuer = "https://issuer.example";
    protected static readonly string[] Sleep = ["sleep", "100"];

    protected static readonly string[] Scopes =
    [
        "containers:read", "containers:write", "logs:read", "images:read", "images:write", "builds:read", "builds:write", "engines:read",
        "metrics:read",
    ];

    protected ScopedKeyCalls(EngineFixture fixture)
    {
        Fixture = fixture;
        var issuerKey = Path.Combine(fixture.State, "issuer.pem");
        File.WriteAllText(issuerKey, IssuerKey.ExportSubjectPublicKeyInfoPem());
        (Service, Bound) = fixture.StartService($"bound-{Team}.db", builder =>
        {
            var team = "team=" + Team;
            foreach (var (n, (name, limit, value, scopes)) in new[]
            {
                ("bound", "Labels", team, Scopes),
                ("lost", "Engines", "gone", Scopes),
                ("trusted", "Labels", team, [.. Scopes, "containers:secrets"]),
            }.Index())
            {
                var key = $"Security:ApiKeys:{n}:";
                builder.UseSetting(key + "Name", name).UseSetting(key + "Hash", HashOf(name)).UseSetting($"{key}{limit}:0", value);
                foreach (var (s, scope) in scopes.Index())
                {
                    builder.UseSetting($"{key}Scopes:{s}", scope);
                }
            }

            builder.UseSetting("Security:Jwt:PublicKeyFile", issuerKey).UseSetting("Security:Jwt:Issuer", Issuer)
                .UseSetting("Security:Jwt:Audience", Issuer);
        });
        Bound.DefaultRequestHeaders.Add("X-Api-Key", "bound");
    }

    protected EngineFixture Fixture { get; }

    /// <summary>The value of the key's label <c>team</c>.</summary>
    protected string Team { get; } = "team-" + Guid.NewGuid().ToString("n")[..8];

    protected WebApplicationFactory<Program> Service { get; }

    /// <summary>A client with the scoped key.</summary>
    protected HttpClient Bound { get; }

    /// <summary>The key of the issuer of tokens.</summary>
    protected RSA IssuerKey { get; } = RSA.Create(2048);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        Bound.Dispose();
        IssuerKey.Dispose();
        await Service.DisposeAsync();
    }

    protected static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    protected Task<HttpResponseMessage> JoinAsync(string network) => Bound.PostAsJsonAsync("/containers", new
    {
        image = Fixture.Image,
        command = "sleep 100",
        networkMode = network,
        labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run },
    });

    /// <summary>Builds by the classic builder, which joins networks of containers.</summary>
    protected async Task<List<JsonObject>> BuildAsync(string step, string query) => await LinesAsync(await Bound.PostAsync(
        $"/images/build?builder=classic&noCache=true&label={EngineFixture.Label}={Fixture.Run}&{query}",
        new StringContent($"FROM {Fixture.Image}\n{step}\n", Encoding.UTF8, "text/x-dockerfile")));

    /// <summary>Starts a build that does not end by itself.</summary>
    protected async Task<string> DetachAsync()
    {
        using var response = await Bound.PostAsync(
            "/images/build?detach=true&noCache=true",
            new StringContent($"FROM {Fixture.Image}\nRUN sleep 600\n", Encoding.UTF8, "text/x-dockerfile"));
        var id = Text(await ReadAsync(response, HttpStatusCode.Accepted), "id");
        await EngineFixture.UntilAsync(async () => Text(JsonNode.Parse(await Bound.GetStringAsync("/builds/" + id))!, "state") == "running");
        return id;
    }

    protected Task<string> MineAsync(string[] command, string? name = null, (string Name, string Value)? label = null, bool start = true)
    {
        var labels = new Dictionary<string, string> { ["team"] = Team };
        if (label is { } more)
        {
            labels[more.Name] = more.Value;
        }

        return Fixture.CreateAsync(new { Cmd = command, Labels = labels }, name, start);
    }

    protected async Task<bool> IsRunningAsync(string id) =>
        (await Fixture.Engine.GetFromJsonAsync<JsonObject>($"containers/{id}/json"))!["State"]!["Running"]!.GetValue<bool>();
}
