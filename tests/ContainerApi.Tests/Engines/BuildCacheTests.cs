using ContainerApi.Access;
using ContainerApi.Tests.Access;

namespace ContainerApi.Tests.Engines;

public sealed class BuildCacheTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly IReadOnlyList<CacheRecord> Records =
    [
        Record("old", 100, hours: 50), Record("new", 10, hours: 1), Record("used", 1000, hours: 2) with { InUse = true },
        Record("shared", 10_000, hours: 3) with { Shared = true }, Record("frontend", 100_000, hours: 4) with { Type = "frontend" },
    ];

    [Fact]
    public async Task Cache_has_its_records_and_sums_without_what_images_share()
    {
        await using var host = new ApiHost(new FakeEngine { ListCache = _ => Task.FromResult(Records) });

        var cache = await host.GetJsonAsync("/engines/local/cache");

        Assert.Equal(
            ("local", 101_110, 100_110),
            (cache.GetProperty("engine").GetString(), cache.GetProperty("sizeBytes").GetInt64(), cache.GetProperty("reclaimableBytes").GetInt64()));
        Assert.Equal(
            ["new", "used", "shared", "frontend", "old"],
            cache.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("{}", "old new")]
    [InlineData("""{"all":true}""", "old frontend shared new")]
    [InlineData("""{"unusedFor":"10h"}""", "old")]
    [InlineData("""{"all":true,"keepBytes":"20k"}""", "old frontend")]
    [InlineData("""{"all":true,"keepBytes":111110}""", "")]
    public async Task Dry_run_names_what_would_be_removed(string json, string expected)
    {
        await using var host = new ApiHost(
            limits: null, new TestClock(), new Dictionary<string, string?>(), new FakeEngine { ListCache = _ => Task.FromResult(Records) });
        var body = JsonNode.Parse(json)!.AsObject();
        body["dryRun"] = true;

        using var response = await host.Client.PostAsJsonAsync("/engines/local/cache/prune", body);

        var pruning = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(expected, string.Join(' ', pruning.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString())));
        Assert.True(pruning.GetProperty("dryRun").GetBoolean());
    }

    [Fact]
    public async Task Prune_passes_its_conditions_and_returns_what_was_removed()
    {
        CachePrune? given = null;
        await using var host = new ApiHost(new FakeEngine
        {
            PruneCache = (prune, _) =>
            {
                given = prune;
                return Task.FromResult<IReadOnlyList<CacheRecord>>([Records[0]]);
            },
        });

        using var response = await host.Client.PostAsJsonAsync(
            "/engines/local/cache/prune", new { all = true, unusedFor = "2h", keepBytes = "1k" });

        Assert.Equal(new CachePrune(true, TimeSpan.FromHours(2), 1024), given);
        Assert.Equal(
            100, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("reclaimedBytes").GetInt64());
    }

    [Fact]
    public async Task Engine_without_BuildKit_returns_422()
    {
        var failure = new EngineException(ErrorCode.FeatureUnsupported, "local", "The engine is Podman, which has no BuildKit.");
        await using var host = new ApiHost(new FakeEngine { ListCache = _ => throw failure });

        using var response = await host.Client.GetAsync("/engines/local/cache");

        await response.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "feature_unsupported");
    }

    [Fact]
    public async Task Build_cache_is_redacted_and_hidden_from_callers_with_labels()
    {
        await using var host = new ApiHost(Keys.WithLimited().Add("reader", [Scopes.EnginesRead]), new FakeEngine
        {
            ListCache = _ => Task.FromResult<IReadOnlyList<CacheRecord>>(
                [Records[0] with { Description = "mount / from exec /bin/sh -c login password=hunter2" }]),
        });
        using var limited = host.With(Keys.Limited);

        var cache = await host.With("reader").GetJsonAsync("/engines/local/cache");
        Assert.EndsWith("password=***", cache.GetProperty("items")[0].GetProperty("description").GetString(), StringComparison.Ordinal);
        foreach (var dryRun in new[] { true, false })
        {
            using var prune = await limited.PostAsJsonAsync("/engines/local/cache/prune", new { all = true, dryRun });
            await prune.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        }

        await limited.GetJsonAsync("/engines/local/cache", HttpStatusCode.Forbidden);
    }

    private static CacheRecord Record(string id, long size, int hours) =>
        new(id, "regular", "", size, Now.AddDays(-9), Now.AddHours(-hours), 1, InUse: false, Shared: false, []);
}
