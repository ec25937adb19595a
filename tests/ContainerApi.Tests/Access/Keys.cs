using System.Security.Cryptography;
using System.Text;
using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>Settings with API keys. The text of a key is its name.</summary>
internal sealed class Keys : Dictionary<string, string?>
{
    /// <summary>A key limited to the label <c>team=a</c>, with every scope except the one for secrets.</summary>
    public const string Limited = "limited";

    public static readonly ContainerFacts Mine = Facts.Container('1', "mine") with { Labels = new Dictionary<string, string> { ["team"] = "a" } };

    /// <summary>A container that the limited key must not see.</summary>
    public static readonly ContainerFacts Others = Facts.Container('2', "foreign") with { Labels = new Dictionary<string, string> { ["team"] = "b" } };

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
