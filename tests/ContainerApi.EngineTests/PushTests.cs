namespace ContainerApi.EngineTests;

/// <summary>Pushes to a real registry, which gives the expected values.</summary>
[Collection(EngineCollection.Name)]
public sealed class PushTests(EngineFixture fixture)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Push_returns_the_digest_of_the_registry(bool closed)
    {
        await using var registry = await DebianRegistry.StartAsync(closed);
        var image = await fixture.TagAsync(registry.Host);

        var lines = await fixture.StreamAsync(
            "/images/push", new { image, registryAuth = closed ? new { username = DebianRegistry.User, password = DebianRegistry.Password } : null });

        Assert.Contains(lines, line => Text(line, "status") == "Pushed");
        var result = Assert.Single(lines, line => Text(line, "type") == "result");
        Assert.Same(lines[^1], result);
        Assert.Equal(("succeeded", image), (Text(result, "state"), Text(result, "image")));
        Assert.Equal(await ManifestDigestAsync(registry, "team/app", "v1"), Text(result, "digest"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong-password")]
    public async Task Push_with_wrong_credentials_fails_with_registry_unauthorized(string? password)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var image = await fixture.TagAsync(registry.Host);

        var registryAuth = password is null ? null : new { username = DebianRegistry.User, password };
        var lines = await fixture.StreamAsync("/images/push", new { image, registryAuth });

        Assert.Equal(("failed", "registry_unauthorized"), (Text(lines[^1], "state"), Text(lines[^1]["error"]!, "code")));
        Assert.DoesNotContain(lines, line => password is not null && line.ToJsonString().Contains(password, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("classic", true)]
    [InlineData("buildkit", true)]
    [InlineData("buildkit", false)]
    public async Task Build_with_push_pushes_its_image_in_the_same_stream(string builder, bool withCredentials)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var tag = $"{registry.Host}/team/built:{builder}";
        var credentials = new { username = DebianRegistry.User, password = DebianRegistry.Password, serverAddress = registry.Host };

        var lines = await fixture.StreamAsync("/images/build", new
        {
            dockerfile = $"FROM {fixture.Image}\nENV BUILT={Guid.NewGuid():n}\n",
            tag,
            builder,
            push = true,
            label = $"{EngineFixture.Label}={fixture.Run}",
            registryAuth = withCredentials ? credentials : null,
        });

        var result = lines[^1];
        Assert.NotNull(result["imageId"]);
        Assert.Contains(lines, l => Text(l, "type") == "step" && Text(l, "name") == "push " + tag && Text(l, "state") == "started");
        if (!withCredentials)
        {
            Assert.Equal(
                ("failed", "registry_unauthorized", "push " + tag),
                (Text(result, "state"), Text(result["error"]!, "code"), Text(result["error"]!, "step")));
            return;
        }

        Assert.Equal(("succeeded", tag), (Text(result, "state"), result["tags"]![0]!.GetValue<string>()));
        Assert.Contains(lines, l => Text(l, "type") == "progress" && Text(l, "stepId") == "push " + tag);
        Assert.Contains(lines, l => Text(l, "type") == "step" && Text(l, "name") == "push " + tag && Text(l, "state") == "completed");
        Assert.NotNull(await ManifestDigestAsync(registry, "team/built", builder));
    }

    [Fact]
    public async Task Push_to_an_unreachable_registry_fails_in_the_result()
    {
        var image = await fixture.TagAsync("127.0.0.1:1");

        var lines = await fixture.StreamAsync("/images/push", new { image });

        Assert.Equal(("failed", "registry_unavailable"), (Text(lines[^1], "state"), Text(lines[^1]["error"]!, "code")));
        Assert.Contains("connection refused", Text(lines[^1]["error"]!, "message"), StringComparison.Ordinal);
    }

    private static async Task<string> ManifestDigestAsync(DebianRegistry registry, string repository, string tag)
    {
        using var client = new HttpClient();
        using var asked = new HttpRequestMessage(HttpMethod.Head, $"http://{registry.Host}/v2/{repository}/manifests/{tag}");
        // The containerd image store pushes OCI manifests and indexes.
        asked.Headers.Add("Accept",
        [
            "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.index.v1+json",
        ]);
        asked.Headers.Authorization = new(
            "Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{DebianRegistry.User}:{DebianRegistry.Password}")));
        using var manifest = await client.SendAsync(asked);
        return manifest.Headers.GetValues("Docker-Content-Digest").Single();
    }
}
