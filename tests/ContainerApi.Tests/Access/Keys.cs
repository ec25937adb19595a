using System.Security.Cryptography;
using System.Text;
using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>Settings with API keys, whose text is their name.</summary>
internal sealed class Keys : Dictionary<string, string?>
{
    private int _count;

    public Keys Add(string name, IReadOnlyList<string> scopes, IReadOnlyList<string>? engines = null, IReadOnlyList<string>? labels = null, DateTimeOffset? expires = null)
    {
        var at = $"Security:ApiKeys:{_count++}:";
        this[at + "Name"] = name;
        this[at + "Hash"] = HashOf(name);
        this[at + "ExpiresAt"] = expires?.ToString("O");
        AddAll(at + "Scopes", scopes);
        AddAll(at + "Engines", engines ?? []);
        AddAll(at + "Labels", labels ?? []);
        return this;
    }

    public static string HashOf(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>What somebody bound to <c>team=a</c> may know is the first; the second is another's, whose name and id must nowhere be
    /// seen.</summary>
    public static FakeEngine TwoTeams() => Facts.Engine(Mine, Others);

    public static readonly ContainerFacts Mine = Facts.Container('1', "mine") with { Labels = new Dictionary<string, string> { ["team"] = "a" } };

    public static readonly ContainerFacts Others = Facts.Container('2', "foreign") with { Labels = new Dictionary<string, string> { ["team"] = "b" } };

    /// <summary>The key of somebody bound to <c>team=a</c>, with every scope but the one to see secrets.</summary>
    public const string Bound = "bound";

    public static Keys WithBound() => new Keys().Add(Bound, [.. Scopes.All.Where(s => s != Scopes.ContainersSecrets)], labels: ["team=a"]);

    private void AddAll(string name, IReadOnlyList<string> values)
    {
        for (var n = 0; n < values.Count; n++)
        {
            this[$"{name}:{n}"] = values[n];
        }
    }
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
