using System.Text.RegularExpressions;
using ContainerApi.Access;
using ContainerApi.Stubs;
using ContainerApi.Tests.Access;

namespace ContainerApi.Tests.Fuzz;

/// <summary>
/// Two tenants of one engine. Every text of the victim's objects contains <see cref="Marker"/>, except names and id prefixes that the
/// attacker may guess. The attacker's containers have hostile texts.
/// </summary>
internal sealed partial class FuzzTenants : IDisposable
{
    public const string Operator = "operator", Attacker = "attacker", Victim = "victim";

    /// <summary>Hex digits, so that an id can contain it.</summary>
    private const string Marker = "5ec2e75ec2e75ec2e7";

    private const string KnownName = "neighbor";

    /// <summary>The name of a container of the victim, and an id prefix of one of the attacker. The name goes first on the engine.</summary>
    private const string KnownPrefix = "a000";

    private const string KnownId = "b0b0b0b0b0b";

    /// <summary>Longer than every answer about these containers.</summary>
    private const int MaxAnswer = 4 * 1024 * 1024;

    private static readonly IReadOnlyList<string> HostileTexts =
    [
        "a\0\u0001\u001b[2J\u001b]0;title\u0007\u009b31m\u007f\r\nInjected: 1\n",
        "\u202Egnp.exe\u2066\uFEFF\u200B\u0301\u0301\uD800", new('é', 10_000),
        string.Concat(Enumerable.Repeat("password=\"\\", 1_000)), string.Concat(Enumerable.Repeat("a://b:", 1_500)), "(a+)+$\"',;|<script>{{{{[[[[",
    ];

    private readonly DockerApiStub _engine;
    private readonly FuzzHost _host;
    private readonly List<StubContainer> _attackers;
    private readonly List<StubContainer> _victims;
    private readonly List<Stream> _streams = [];
    private IReadOnlyList<(string, bool)> _before = [];

    public static Keys Keys => new Keys().Add(Operator, Scopes.All).Add(Victim, Scopes.All, labels: ["tenant=b"])
        .Add(Attacker, [.. Scopes.All.Where(s => s != Scopes.ContainersSecrets)], labels: ["tenant=a"]);

    private FuzzTenants(DockerApiStub engine, FuzzHost host)
    {
        (_engine, _host) = (engine, host);
        engine.Build = (call, token) => call.Query.Contains(Marker, StringComparison.Ordinal)
            ? Scripts.LinesThenSilence([$$"""{"stream":"Step 1/1 : FROM {{Marker}}\n"}"""], token)
            : Scripts.Build(call, token);
        _attackers = HostileTexts.Select((text, n) => new StubContainer
        {
            Id = $"a{n}".PadRight(64, '0'),
            Name = n == 0 ? "mine" : text,
            Command = text,
            Status = text,
            NetworkMode = n == 1 ? "container:" + IdOf(0) : text,
            Networks = [new StubNetwork(text, "172.18.0.2", "172.18.0.1", "02:42:ac:12:00:02")],
            Labels = new Dictionary<string, string> { ["tenant"] = "a", [text] = text },
            Processes = [new StubProcess(100 + n, 1, 0, "root", 1, 1, text)],
        }).ToList();
        _victims = [.. new[] { KnownName, KnownPrefix, Marker }.Select((name, n) => new StubContainer
        {
            Id = IdOf(n),
            Name = name,
            Command = Marker,
            Status = "Up " + Marker,
            NetworkMode = Marker,
            Networks = [new StubNetwork(Marker, "172.18.0.3", "172.18.0.1", "02:42:ac:12:00:03")],
            Labels = new Dictionary<string, string> { ["tenant"] = "b", [Marker] = Marker },
            Processes = [new StubProcess(200 + n, 1, 0, Marker, 1, 1, Marker)],
        })];
        foreach (var container in _attackers.Concat(_victims))
        {
            engine.Containers.Add(container);
        }

        References = [.. _attackers.Select(c => c.Id), "mine", KnownPrefix, KnownName, KnownId + "0", KnownId];
    }

    /// <summary>What the attacker can guess.</summary>
    public IReadOnlyList<string> References { get; }

    public string Build { get; private set; } = "";

    /// <summary>Adds the containers, and starts a build and streams of the victim.</summary>
    public static async Task<FuzzTenants> StartAsync(DockerApiStub engine, FuzzHost host)
    {
        var tenants = new FuzzTenants(engine, host);
        var dockerfile = new StringContent($"FROM scratch\nLABEL a={Marker}\n", Encoding.UTF8, "text/x-dockerfile");
        using var started = await tenants.SendAsync(
            HttpMethod.Post, $"images/build?builder=classic&detach=true&tag=victim/{Marker}&label={Marker}={Marker}", dockerfile);
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        tenants.Build = started.Headers.Location!.ToString().Split('/')[^1];
        foreach (var path in new[] { "containers/watch?all=true&include=none", "logs?follow=true", $"builds/{tenants.Build}/events" })
        {
            var response = await tenants.SendAsync(HttpMethod.Get, path);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            tenants._streams.Add(await response.Content.ReadAsStreamAsync());
        }

        await engine.Calls.WaitForAsync("/build");
        return tenants;
    }

    /// <summary>Whether a request may name the victim's build, which the operator could cancel.</summary>
    public bool NamesBuild(FuzzRequest request) =>
        Uri.UnescapeDataString(Uri.UnescapeDataString(request.Target)).Contains(Build, StringComparison.OrdinalIgnoreCase);

    public void Begin() => _before = States();

    /// <summary>What a request of the attacker reached.</summary>
    public IEnumerable<string> Check(string answer, IReadOnlyList<string> calls)
    {
        if (answer.Contains(Marker, StringComparison.OrdinalIgnoreCase))
        {
            yield return "the answer has a text of the victim";
        }

        if (answer.Length > MaxAnswer)
        {
            yield return $"the answer has {answer.Length} characters";
        }

        if (!_before.SequenceEqual(States()))
        {
            yield return "a container of the victim has changed";
        }

        if (_engine.Containers.All.Except(_attackers).Any(c => VictimReference().IsMatch(c.NetworkMode)))
        {
            yield return "a container joined one of the victim";
        }

        // The service inspects a container to find out whose it is, and reads processes and statistics once for the watches of all tenants.
        foreach (var call in calls.Select(Uri.UnescapeDataString)
            .Where(c => VictimReference().IsMatch(c) && !c.StartsWith("GET ", StringComparison.Ordinal)))
        {
            yield return $"{call} names a container of the victim";
        }
    }

    /// <summary>The victim's streams and build must go on.</summary>
    public async Task AssertUntouchedAsync()
    {
        using var build = await SendAsync(HttpMethod.Get, "builds/" + Build);
        Assert.Equal("running", (await build.ReadJsonAsync(HttpStatusCode.OK)).GetProperty("state").GetString());
        Assert.Contains(Marker, await build.Content.ReadAsStringAsync());
        Assert.All(_streams, stream => Assert.True(stream.CanRead));
        using var metrics = await SendAsync(HttpMethod.Get, "metrics", key: Attacker);
        Assert.DoesNotContain(Marker, await metrics.Content.ReadAsStringAsync());
    }

    public void Dispose() => _streams.ForEach(s => s.Dispose());

    private static string IdOf(int n) => $"{KnownId}{n}{Marker}".PadRight(64, '0');

    [GeneratedRegex($@"(?:/containers/|container[=:])(?:{KnownId}|{KnownName}|{KnownPrefix}\b)")]
    private static partial Regex VictimReference();

    private IReadOnlyList<(string, bool)> States() => [.. _victims.Select(c => (c.State, _engine.Containers.All.Contains(c)))];

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null, string key = Victim)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Add(ApiHeaders.ApiKey, key);
        return await _host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
