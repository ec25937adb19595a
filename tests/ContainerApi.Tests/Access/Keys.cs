using System.Security.Cryptography;
using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>Settings with API keys. The text of a key is its name.</summary>
internal sealed class Keys : Dictionary<string, string?>
{
    /// <summary>A key limited to the label <c>team=a</c>, with every scope except the one for secrets.</summary>
    public const string Limited = "limited";

    public static readonly ContainerFacts Mine = Of('1', "mine", team: "a");

    /// <summary>A container that the limited key must not see.</summary>
    public static readonly ContainerFacts Others = Of('2', "foreign", team: "b");

    private int _count;

    public Keys Add(
        string name, IReadOnlyList<string> scopes, IReadOnlyList<string>? engines = null, IReadOnlyList<string>? labels = null,
        DateTimeOffset? expires = null)
    {
        var at = $"Security:ApiKeys:{_count++}:";
        this[at + "Name"] = name;
        this[at + "Hash"] = HashOf(name);
        this[at + "ExpiresAt"] = expires?.ToString("O");
        foreach (var (list, values) in new[] { ("Scopes", scopes), ("Engines", engines ?? []), ("Labels", labels ?? []) })
        {
            for (var n = 0; n < values.Count; n++)
            {
                this[$"{at}{list}:{n}"] = values[n];
            }
        }

        return this;
    }

    public Keys AllowAnonymous() => With("Security:AllowAnonymous", "true");

    public Keys With(string name, string value)
    {
        this[name] = value;
        return this;
    }

    public static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    public static FakeEngine TwoTeams() => Facts.Engine(Mine, Others);

    private static ContainerFacts Of(char digit, string name, string team) =>
        Facts.Container(digit, name) with { Labels = new Dictionary<string, string> { ["team"] = team } };

    public static Keys WithLimited() => new Keys().Add(Limited, [.. Scopes.All.Where(s => s != Scopes.ContainersSecrets)], labels: ["team=a"]);
}

internal static class KeyedClient
{
    /// <summary>A client that sends a key with every request.</summary>
    public static HttpClient With(this ApiHost host, string key)
    {
        var client = host.CreateClient();
        client.DefaultRequestHeaders.Add("X-Api-Key", key);
        return client;
    }
}
