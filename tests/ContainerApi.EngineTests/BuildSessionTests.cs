namespace ContainerApi.EngineTests;

/// <summary>Secrets and registry credentials of builds, on the real builders.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildSessionTests(EngineFixture fixture)
{
    private const string Secret = "n0body-may-s33-this";

    [Fact]
    public async Task Secret_is_in_its_step_and_nowhere_else()
    {
        var dockerfile = $"""
            FROM {fixture.Image}
            RUN --mount=type=secret,id=token read value < /run/secrets/token; echo "{Guid.NewGuid()} $value" | head -c 36 > /tmp/proof; \
              test "$value" = "{Secret[..7]}""{Secret[7..]}" && touch /tmp/was-right
            """;

        var (result, text) = await BuildAsync(new { dockerfile, secret = new Dictionary<string, string> { ["token"] = Secret } });

        Assert.True(Text(result, "state") == "succeeded", text);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        var image = Text(result, "imageId");
        Assert.DoesNotContain(Secret, await fixture.Engine.GetStringAsync($"images/{image}/history"), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, await fixture.Engine.GetStringAsync($"images/{image}/json"), StringComparison.Ordinal);
        // The archive of layers and configuration is not compressed.
        var archive = Encoding.Latin1.GetString(await fixture.Engine.GetByteArrayAsync($"images/{image}/get"));
        Assert.Contains("was-right", archive, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, archive, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Concurrent_builds_get_their_own_secrets()
    {
        var builds = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => BuildAsync(new
        {
            dockerfile =
                $"FROM {fixture.Image}\nRUN --mount=type=secret,id=token,required=true echo {Guid.NewGuid()}; "
                + $"read value < /run/secrets/token; test \"$value\" = mine-{n}\n",
            builder = "buildkit",
            secret = n == 3 ? null : new[] { $"token=mine-{n}" },
        })));

        Assert.Equal(["succeeded", "succeeded", "succeeded", "failed"], builds.Select(b => Text(b.Result, "state")));
        Assert.Contains("token", Text(builds[3].Result["error"]!, "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("buildkit", true)]
    [InlineData("classic", true)]
    [InlineData("buildkit", false)]
    [InlineData("classic", false)]
    public async Task Base_image_of_a_private_registry_needs_credentials(string builder, bool known)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var image = await PushBaseAsync(registry);
        var auth = new { username = DebianRegistry.User, password = DebianRegistry.Password, serverAddress = registry.Host };

        var (result, text) = await BuildAsync(
            new { dockerfile = $"FROM {image}\nRUN echo {Guid.NewGuid()}\n", builder, registryAuth = known ? auth : null });

        Assert.True(Text(result, "state") == (known ? "succeeded" : "failed"), text);
        Assert.True(known || Text(result["error"]!, "code") == "registry_unauthorized", text);
        Assert.DoesNotContain(DebianRegistry.Password, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("buildkit", "FROM 127.0.0.1:1/no/image:v1\nRUN true\n")]
    [InlineData("classic", "FROM 127.0.0.1:1/no/image:v1\nRUN true\n")]
    [InlineData("buildkit", "FROM scratch\nCOPY --from=127.0.0.1:1/no/image:v1 /a /a\n")]
    [InlineData("classic", "FROM scratch\nCOPY --from=127.0.0.1:1/no/image:v1 /a /a\n")]
    [InlineData("buildkit", "# syntax=127.0.0.1:1/no/dockerfile:v1\nFROM scratch\nLABEL a=b\n")]
    public async Task Unreachable_registry_of_an_image_in_the_Dockerfile_is_named(string builder, string dockerfile)
    {
        var (result, text) = await BuildAsync(new { dockerfile, builder });

        Assert.True(Text(result["error"]!, "code") == "registry_unavailable", text);
    }

    [Theory]
    [InlineData("buildkit")]
    [InlineData("classic")]
    public async Task Build_takes_credentials_from_the_header(string builder)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var image = await PushBaseAsync(registry);
        var config = JsonSerializer.Serialize(
            new Dictionary<string, object> { [registry.Host] = new { username = DebianRegistry.User, password = DebianRegistry.Password } });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/images/build?builder={builder}&label={EngineFixture.Label}={fixture.Run}")
        {
            Content = new StringContent($"FROM {image}\nRUN echo {Guid.NewGuid()}\n", Encoding.UTF8, "text/x-dockerfile"),
        };
        request.Headers.Add("X-Registry-Config", Convert.ToBase64String(Encoding.UTF8.GetBytes(config)).Replace('+', '-').Replace('/', '_'));

        using var response = await fixture.Client.SendAsync(request);

        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(Text(JsonNode.Parse(lines[^1])!, "state") == "succeeded", string.Join('\n', lines));
    }

    [Fact]
    public async Task Secrets_with_the_classic_builder_return_422()
    {
        using var response = await fixture.Client.PostAsJsonAsync(
            "/images/build", new { dockerfile = "FROM scratch", builder = "classic", secret = "a=b" });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Contains("feature_unsupported", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>Pushes the test image and removes its local tag, which the engine would use otherwise.</summary>
    private async Task<string> PushBaseAsync(DebianRegistry registry)
    {
        var image = await fixture.TagAsync(registry.Host, "team/base");
        using var pushed = await fixture.Client.PostAsJsonAsync(
            "/images/push", new { image, registryAuth = new { username = DebianRegistry.User, password = DebianRegistry.Password } });
        Assert.Contains("\"state\":\"succeeded\"", await pushed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var removed = await fixture.Engine.DeleteAsync($"images/{image}");
        removed.EnsureSuccessStatusCode();
        return image;
    }

    private async Task<(JsonNode Result, string Text)> BuildAsync(object request)
    {
        var json = JsonSerializer.SerializeToNode(request)!.AsObject();
        json["label"] = $"{EngineFixture.Label}={fixture.Run}";
        using var response = await fixture.Client.PostAsJsonAsync("/images/build", json);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return (JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!, text);
    }
}
