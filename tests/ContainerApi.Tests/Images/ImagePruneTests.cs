using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Removal of unused images over HTTP with a fake engine.</summary>
public sealed class ImagePruneTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Prune_returns_what_the_engine_removed()
    {
        ImagePruneFilter? given = null;
        var engine = EngineWith([Image("app:v1"), Image("kept:v1") with { Id = "sha256:kept" }]);
        engine.PruneImages = (filter, _) =>
        {
            given = filter;
            return Task.FromResult(new PrunedImages(["app:v1"], [ImageId, "sha256:layer"], 42));
        };
        using var host = new ApiHost(null, new FakeTimeProvider(Now), new Dictionary<string, string?>(), engine);

        using var response = await host.Client.PostTextAsync("/images/prune", """{"dangling":false,"unusedFor":"2h","labels":["a=b"]}""");

        var result = await response.ReadJsonAsync(HttpStatusCode.OK);
        Assert.Equal((false, 42), (result.GetProperty("dryRun").GetBoolean(), result.GetProperty("freedBytes").GetInt64()));
        Assert.Equal([ImageId], result.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("id").GetString()!));
        Assert.Equal([ImageId, "sha256:layer"], result.GetProperty("deleted").EnumerateArray().Select(i => i.GetString()!));
        Assert.Equal((false, Now.AddHours(-2)), (given!.Dangling, given.Before));
        Assert.Equal(["a=b"], given.Labels);
    }

    [Fact]
    public async Task Dry_run_removes_nothing_and_leaves_out_images_in_use()
    {
        var used = Image("used:v1") with { Id = "sha256:used" };
        var recent = Image("new:v1") with { Id = "sha256:new", CreatedAt = Now.AddMinutes(-1) };
        var engine = EngineWith([Image("app:v1") with { CreatedAt = Now.AddDays(-1) }, used with { CreatedAt = Now.AddDays(-1) }, recent]);
        engine.ReadDisk = (withImages, _) =>
        {
            Assert.True(withImages);
            return Task.FromResult(new DiskFacts(null, null, null, null)
            {
                ImageList = new Dictionary<string, DiskImage> { [ImageId] = new(0, 10), [used.Id] = new(1, 20), [recent.Id] = new(0, 30) },
            });
        };
        using var host = new ApiHost(null, new FakeTimeProvider(Now), new Dictionary<string, string?>(), engine);

        using var response = await host.Client.PostTextAsync("/images/prune", """{"dangling":false,"unusedFor":3600,"dryRun":true}""");

        var result = await response.ReadJsonAsync(HttpStatusCode.OK);
        Assert.Equal((true, 10), (result.GetProperty("dryRun").GetBoolean(), result.GetProperty("freedBytes").GetInt64()));
        Assert.Equal(["app:v1"], result.GetProperty("untagged").EnumerateArray().Select(i => i.GetString()!));
    }

    [Fact]
    public async Task Unknown_size_makes_the_freed_bytes_of_a_dry_run_unknown()
    {
        var engine = EngineWith([Image()]);
        engine.ReadDisk = (_, _) => Task.FromResult(new DiskFacts(null, null, null, null)
        {
            ImageList = new Dictionary<string, DiskImage> { [ImageId] = new(0, null) },
        });
        using var host = new ApiHost(engine);

        using var response = await host.Client.PostTextAsync("/images/prune", """{"dryRun":true}""");

        Assert.Equal(JsonValueKind.Null, (await response.ReadJsonAsync(HttpStatusCode.OK)).GetProperty("freedBytes").ValueKind);
    }

    [Fact]
    public async Task Running_prune_is_a_conflict()
    {
        var engine = EngineWith([]);
        engine.PruneImages = (_, _) => throw Failure(ErrorCode.Conflict);
        using var host = new ApiHost(engine);

        using var response = await host.Client.PostTextAsync("/images/prune", "{}");

        Assert.Equal("conflict", (await response.ReadJsonAsync(HttpStatusCode.Conflict)).GetProperty("code").GetString());
    }
}
