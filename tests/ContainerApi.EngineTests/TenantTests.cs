using System.Buffers.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ContainerApi.EngineTests;

/// <summary>A tenant with a scoped key or a token attacks the containers, builds and secrets of another.</summary>
[Collection(EngineCollection.Name)]
public sealed class TenantTests(EngineFixture fixture) : ScopedKeyCalls(fixture)
{
    private const int MaxDryRunLength = 4096;

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task References_are_resolved_among_visible_containers_despite_collisions()
    {
        var mine = await MineAsync(Sleep);
        // On the engine, a name precedes an id prefix, and a full id precedes a name.
        var foreign = await Fixture.SleepAsync(mine[..12]);
        var alias = await MineAsync(Sleep, name: foreign);

        foreach (var (reference, expected) in new[] { (mine[..12], mine), (mine, mine), (foreign, alias) })
        {
            var joined = await ReadAsync(await JoinAsync("container:" + reference), HttpStatusCode.Created);
            var inspected = await Fixture.InspectAsync(Text(joined, "id"));
            Assert.Equal("container:" + expected, Text(inspected["HostConfig"]!, "NetworkMode"));
            Assert.Equal(expected, Text(JsonNode.Parse(await Bound.GetStringAsync("/containers/" + reference))!, "id"));
            var lines = await BuildAsync("RUN cat /sys/class/net/eth0/address", $"stream=true&network=container:{reference}");
            var address = (await Fixture.InspectAsync(expected))["NetworkSettings"]!["Networks"]!["bridge"]!;
            Assert.Contains(lines, l => Text(l, "type") == "log" && Text(l, "text").Trim() == Text(address, "MacAddress"));
        }

        await ProblemAsync(await JoinAsync("container:" + foreign[..12]), HttpStatusCode.NotFound, "container_not_found");
        using var stopped = await Bound.PostAsync($"/containers/{foreign}/stop?timeout=0", null);
        Assert.Equal(HttpStatusCode.NoContent, stopped.StatusCode);
        Assert.Equal((true, false), (await IsRunningAsync(foreign), await IsRunningAsync(alias)));
    }

    [Fact]
    public async Task Redacted_values_are_in_no_order_cursor_or_filter()
    {
        // The order of names is opposite to the order of secrets in one pair.
        var ids = new List<string>();
        foreach (var secret in new[] { "aaa-4711", "zzz-4711", "zzz-4711", "aaa-4711" })
        {
            ids.Add(await MineAsync(["sleep", "100", "--password", secret], label: ("db_password", secret), start: false));
        }

        var (rows, cursor) = (new List<string>(), "");
        do
        {
            var page = JsonNode.Parse(await Bound.GetStringAsync($"/containers?all=true&sort=command&limit=1{cursor}"))!;
            rows.Add(Text(page["items"]![0]!, "id"));
            var next = page["nextCursor"]?.GetValue<string>();
            Assert.DoesNotContain("4711", page.ToJsonString() + Encoding.Latin1.GetString(Base64Url.DecodeFromChars(next ?? "")));
            cursor = next is null ? "" : "&cursor=" + next;
        }
        while (cursor.Length > 0);

        // Equal values are ordered by id.
        Assert.Equal(ids.Order(StringComparer.Ordinal), rows);
        var guesses = new[] { "aaa-4711", "other" }.Select(g => $"?all=true&include=none&label=db_password={g}").ToList();
        Assert.Equal(await ListedAsync(guesses[1]), await ListedAsync(guesses[0]));
        foreach (var guess in guesses)
        {
            using var watch = new StreamReader(await Bound.GetStreamAsync("/containers/watch" + guess));
            Assert.Empty(JsonNode.Parse((await watch.ReadLineAsync())!)!["items"]!.AsArray());
        }

        async Task<string> ListedAsync(string query)
        {
            var list = JsonNode.Parse(await Bound.GetStringAsync("/containers" + query))!;
            return $"{list["items"]!.ToJsonString()} {list["total"]} {list["engines"]![0]!["containers"]}";
        }
    }

    [Fact]
    public async Task Token_with_the_name_of_a_key_does_not_reach_its_builds()
    {
        var id = await DetachAsync();
        using var token = Service.CreateClient();
        token.DefaultRequestHeaders.Authorization = new("Bearer", new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Issuer,
            Expires = DateTime.UtcNow.AddMinutes(5),
            SigningCredentials = new(new RsaSecurityKey(IssuerKey), SecurityAlgorithms.RsaSha256),
            Claims = new Dictionary<string, object>
            {
                ["sub"] = "bound",
                ["scope"] = string.Join(' ', Scopes),
                ["containerapi_labels"] = "team=" + Team,
            },
        }));

        var builds = JsonNode.Parse(await token.GetStringAsync("/builds"))!;
        foreach (var (method, path) in new[] { ("GET", ""), ("GET", "/events"), ("DELETE", "") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Parse(method), $"/builds/{id}{path}");
            await ProblemAsync(await token.SendAsync(request), HttpStatusCode.NotFound, "build_not_found");
        }

        Assert.Empty(builds["items"]!.AsArray());
        Assert.Equal("running", Text(JsonNode.Parse(await Bound.GetStringAsync("/builds/" + id))!, "state"));
        using var cancelled = await Bound.PostAsync($"/builds/{id}/cancel", null);
        Assert.True(cancelled.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Streams_end_within_seconds_when_their_key_is_replaced()
    {
        var id = await DetachAsync();
        var streams = new List<StreamReader>();
        foreach (var path in new[] { "/containers/watch", $"/builds/{id}/events" })
        {
            streams.Add(new StreamReader(await Bound.GetStreamAsync(path)));
            await streams[^1].ReadLineAsync();
        }

        var configuration = (IConfigurationRoot)Service.Services.GetRequiredService<IConfiguration>();
        configuration["Security:ApiKeys:0:Hash"] = HashOf("another key");
        configuration.Reload();

        using var timeout = new CancellationTokenSource(EndTimeout);
        foreach (var stream in streams)
        {
            await Assert.ThrowsAnyAsync<IOException>(() => stream.ReadToEndAsync(timeout.Token));
            stream.Dispose();
        }

        using var list = await Bound.GetAsync("/containers");
        Assert.Equal(HttpStatusCode.Unauthorized, list.StatusCode);
    }

    [Fact]
    public async Task Key_that_sees_no_engine_gets_empty_lists_and_changes_nothing()
    {
        var foreign = await Fixture.SleepAsync();
        using var lost = Service.CreateClient();
        lost.DefaultRequestHeaders.Add("X-Api-Key", "lost");

        foreach (var path in new[] { "/containers?all=true", "/images", "/engines", "/builds" })
        {
            Assert.Empty(JsonNode.Parse(await lost.GetStringAsync(path))!["items"]!.AsArray());
        }

        using var created = await lost.PostAsJsonAsync("/containers", new { image = Fixture.Image });
        using var built = await lost.PostAsync("/images/build", new StringContent("FROM scratch\n", Encoding.UTF8, "text/x-dockerfile"));
        using var removed = await lost.DeleteAsync($"/containers/{foreign}?force=true");
        Assert.All([created, built, removed], r => Assert.InRange((int)r.StatusCode, 400, 499));
        Assert.True(await IsRunningAsync(foreign));
    }

    /// <summary>Changes of a commit that read the container's environment.</summary>
    public static IEnumerable<object[]> Expansions => new string[][]
    {
        ["USER $DB_PASSWORD"],
        ["ENV X=$DB_PASSWORD"],
        ["label x=${DB_PASSWORD:-none}"],
        ["WORKDIR /$DB_PASSWORD"],
        // 10 to the power of 10 bytes if something expands all of them.
        ["ENV V0=0123456789", .. Enumerable.Range(0, 9).Select(n => $"ENV V{n + 1}={string.Concat(Enumerable.Repeat($"$V{n}", 10))}")],
    }.Select(changes => new object[] { changes });

    [Theory]
    [MemberData(nameof(Expansions))]
    public async Task Commit_without_containers_secrets_reveals_no_value(string[] changes)
    {
        var (id, secret) = await ContainerWithSecretAsync();
        var images = await Fixture.ImageIdsAsync();

        using var dryRun = await Bound.PostAsJsonAsync("/images/commit", new { container = id, changes, dryRun = true });
        using var commit = await Bound.PostAsJsonAsync("/images/commit", new { container = id, changes });

        var text = (await ReadAsync(dryRun, HttpStatusCode.OK)).ToJsonString();
        Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        Assert.True(text.Length < MaxDryRunLength, text);
        var configuration = JsonNode.Parse(text)!["preview"]!;
        Assert.Equal("***", Text(configuration["environment"]!, "DB_PASSWORD"));
        Assert.Equal(["sleep", "--password", "***"], Texts(configuration["command"]));
        Assert.Equal((null, null), (configuration["user"], configuration["workingDirectory"]));
        var problem = await ProblemAsync(commit, HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal("Missing scope: containers:secrets.", Text(problem, "detail"));
        Assert.Equal(images, await Fixture.ImageIdsAsync());
    }

    [Fact]
    public async Task Commit_with_containers_secrets_shows_and_expands_values()
    {
        var (id, secret) = await ContainerWithSecretAsync();
        string[] changes = [$"LABEL {EngineFixture.Label}={Fixture.Run}", "USER $DB_PASSWORD", "ENV X=$DB_PASSWORD"];
        using var trusted = Service.CreateClient();
        trusted.DefaultRequestHeaders.Add("X-Api-Key", "trusted");

        using var dryRun = await trusted.PostAsJsonAsync("/images/commit", new { container = id, changes, dryRun = true });
        using var commit = await trusted.PostAsJsonAsync("/images/commit", new { container = id, changes });

        // The configuration is the container's own: the changes are not applied to it.
        var configuration = (await ReadAsync(dryRun, HttpStatusCode.OK))["preview"]!;
        Assert.Equal(secret, Text(configuration["environment"]!, "DB_PASSWORD"));
        Assert.Null(configuration["environment"]!["X"]);
        Assert.Equal(["sleep", "--password", secret], Texts(configuration["command"]));
        Assert.Null(configuration["user"]);
        var image = Text(await ReadAsync(commit, HttpStatusCode.Created), "id");
        var inspected = JsonNode.Parse(await trusted.GetStringAsync("/images/" + image))!;
        Assert.Equal(secret, Text(inspected, "user"));
        Assert.Equal(secret, Text(inspected["environment"]!, "X"));
        Assert.Equal("***", Text(JsonNode.Parse(await Bound.GetStringAsync("/images/" + image))!["environment"]!, "X"));
    }

    private async Task<(string Id, string Secret)> ContainerWithSecretAsync()
    {
        var secret = "s3cret" + Guid.NewGuid().ToString("n");
        var id = await Fixture.CreateAsync(
            new
            {
                Cmd = new[] { "sleep", "--password", secret },
                Env = new[] { "DB_PASSWORD=" + secret },
                Labels = new Dictionary<string, string> { ["team"] = Team },
            },
            start: false);
        return (id, secret);
    }
}
