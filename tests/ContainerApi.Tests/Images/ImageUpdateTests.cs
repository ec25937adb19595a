using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Updates of images over HTTP with a fake engine.</summary>
public sealed class ImageUpdateTests
{
    private static readonly string Ours = "sha256:" + new string('1', 64);
    private static readonly string Theirs = "sha256:" + new string('2', 64);

    [Fact]
    public async Task Update_compares_the_digest_of_the_registry_and_is_kept()
    {
        var calls = new List<string>();
        var engine = EngineWith([Pulled("registry:5000/app:v1", "own:v1")]);
        engine.ReadRegistryDigest = (name, _, _) =>
        {
            calls.Add(name);
            return Task.FromResult(Theirs);
        };
        using var host = new ApiHost(engine);

        var list = await host.GetJsonAsync("/images?include=update");
        var one = await host.GetJsonAsync("/images/app?include=update");

        var updates = list.GetProperty("items")[0].GetProperty("updates");
        Assert.Equal(updates.GetRawText(), one.GetProperty("updates").GetRawText());
        Assert.Equal(
            [("registry:5000/app:v1", "ok", "true", Theirs), ("own:v1", "local", "null", null)],
            updates.EnumerateArray().Select(u => (
                u.GetProperty("tag").GetString()!, u.GetProperty("state").GetString()!, u.GetProperty("available").GetRawText(),
                u.GetProperty("digest").GetString())));
        Assert.Equal(["registry:5000/app:v1"], calls);
    }

    [Fact]
    public async Task Image_with_the_digest_of_the_registry_has_no_update()
    {
        var engine = EngineWith([Pulled("registry:5000/app:v1")]);
        engine.ReadRegistryDigest = (_, _, _) => Task.FromResult(Ours);
        using var host = new ApiHost(engine);

        var image = await host.GetJsonAsync("/images/app?include=update");

        Assert.False(image.GetProperty("updates")[0].GetProperty("available").GetBoolean());
        Assert.False((await host.GetJsonAsync("/images/app")).TryGetProperty("updates", out _));
    }

    [Fact]
    public async Task Registry_that_fails_is_a_state_and_is_asked_again()
    {
        var calls = 0;
        var engine = EngineWith([Pulled("registry:5000/app:v1")]);
        engine.ReadRegistryDigest = (_, _, _) => ++calls == 1 ? throw Failure(ErrorCode.RegistryUnavailable) : Task.FromResult(Theirs);
        using var host = new ApiHost(engine);

        var failed = (await host.GetJsonAsync("/images/app?include=update")).GetProperty("updates")[0];
        var then = (await host.GetJsonAsync("/images/app?include=update")).GetProperty("updates")[0];

        Assert.Equal(("error", "In the engine's words.", JsonValueKind.Null), (
            failed.GetProperty("state").GetString(), failed.GetProperty("reason").GetString(), failed.GetProperty("available").ValueKind));
        Assert.True(then.GetProperty("available").GetBoolean());
    }

    [Theory]
    [InlineData("/images", """{"username":"ann","password":"s3cret"}""", false)]
    [InlineData("/images/app", """{"username":"ann","password":"s3cret"}""", true)]
    [InlineData("/images", """{"username":"ann","password":"s3cret","serveraddress":"registry:5000"}""", true)]
    [InlineData("/images/app", """{"username":"ann","password":"s3cret","serveraddress":"other:5000"}""", false)]
    public async Task Credentials_reach_their_registry_only(string address, string json, bool isGiven)
    {
        RegistryCredentials? given = null;
        var engine = EngineWith([Pulled("registry:5000/app:v1")]);
        engine.ReadRegistryDigest = (_, credentials, _) =>
        {
            given = credentials;
            return Task.FromResult(Ours);
        };
        using var host = new ApiHost(engine);
        host.Client.DefaultRequestHeaders.Add("X-Registry-Auth", Convert.ToBase64String(Encoding.UTF8.GetBytes(json)));

        await host.GetJsonAsync(address + "?include=update");

        Assert.Equal(isGiven ? "ann" : null, given?.Username);
    }

    private static ImageFacts Pulled(params IReadOnlyList<string> tags) => Image(tags) with { Digests = [$"registry:5000/app@{Ours}"] };
}
