namespace ContainerApi.EngineTests;

/// <summary>Registry authentication: tokens as at Docker Hub, and the credentials header of Docker's clients.</summary>
[Collection(EngineCollection.Name)]
public sealed class RegistryAuthTests(EngineFixture fixture)
{
    private const string Header = "X-Registry-Auth";
    private const string User = "ann";
    private const string Password = "s3cret-of-the-realm";

    /// <summary>The call, whether the registry needs credentials, the place of the credentials, and the expectation.</summary>
    public static IEnumerable<object[]> Cases =>
        from call in new[] { "pull", "buildkit", "classic" }
        from given in new[] { (false, "nowhere", true), (true, "body", true), (true, "header", true), (true, "nowhere", false) }
        select new object[] { call, given.Item1, given.Item2, given.Item3 };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Pull_and_build_use_registry_tokens(string call, bool closed, string given, bool succeeds)
    {
        await using var registry = await FakeRegistry.StartAsync(
            EngineFixture.Label, fixture.Run, closed ? $"{User}:{Password}" : null, tokens: true);
        var auth = new { username = User, password = Password, serveraddress = registry.Host };
        var inBody = given == "body" ? new { username = User, password = Password, serverAddress = registry.Host } : null;

        var (ended, text) = await PostAsync(call == "pull" ? "pull" : "build", given == "header" ? auth : null, call == "pull"
            ? new { image = registry.Reference, registryAuth = inBody }
                : new
                {
                    dockerfile = $"FROM {registry.Reference}\nLABEL {EngineFixture.Label}={fixture.Run} own={Guid.NewGuid():n}\n",
                    builder = call,
                    registryAuth = inBody,
                });

        Assert.True(ended == succeeds, text);
        Assert.Equal(succeeds, registry.Tokens > 0);
        Assert.DoesNotContain(Password, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_takes_credentials_from_the_header()
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var image = await fixture.TagAsync(registry.Host, "team/header");
        var auth = new { username = DebianRegistry.User, password = DebianRegistry.Password, email = "", serveraddress = registry.Host };

        var (pushed, text) = await PostAsync("push", auth, new { image });
        var (anonymous, _) = await PostAsync("push", new { }, new { image });

        Assert.True(pushed, text);
        Assert.False(anonymous);
    }

    [Theory]
    [InlineData("classic")]
    [InlineData("buildkit")]
    public async Task Build_pushes_with_credentials_from_the_header(string builder)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var auth = new { username = DebianRegistry.User, password = DebianRegistry.Password, serveraddress = registry.Host };

        var (built, text) = await PostAsync("build", auth, new
        {
            dockerfile = $"FROM {fixture.Image}\nENV BUILT={Guid.NewGuid():n}\n",
            builder,
            tag = $"{registry.Host}/team/header:{builder}",
            push = true,
            label = $"{EngineFixture.Label}={fixture.Run}",
        });

        Assert.True(built, text);
    }

    /// <returns>Whether the call succeeded, and the whole answer.</returns>
    private async Task<(bool Succeeded, string Text)> PostAsync(string call, object? header, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/" + call) { Content = JsonContent.Create(body) };
        if (header is not null)
        {
            request.Headers.Add(Header, Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(header)));
        }

        using var response = await fixture.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var last = JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
        return (response.IsSuccessStatusCode && Text(last, "state") == "succeeded", text);
    }
}
