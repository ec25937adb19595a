using System.Net.Http.Headers;

namespace ContainerApi.EngineTests;

/// <summary>Images as archives, unused images and the disk usage, through the service and a real engine.</summary>
[Collection(EngineCollection.Name)]
public sealed class ArchiveTests(EngineFixture fixture) : ImageCalls(fixture)
{
    [Fact]
    public async Task Saved_images_are_loaded_again_with_their_names_and_ids()
    {
        var (first, second) = (Tag(), Tag());
        var (one, two) = (await CommittedAsync(first), await CommittedAsync(second));
        var archive = await Fixture.Client.GetByteArrayAsync($"/images?reference={first}&reference={second}&format=tar");
        await RemoveAsync(first);
        await RemoveAsync(second);

        using var response = await PostAsync("load", archive);

        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var result = JsonNode.Parse(lines[^1])!;
        Assert.Equal("succeeded", Text(result, "state"));
        Assert.Equal(
            new SortedSet<string> { $"{first} {one}", $"{second} {two}" },
            new SortedSet<string>(result["images"]!.AsArray().Select(i => $"{Text(i!, "image")} {Text(i!, "imageId")}")));
    }

    [Fact]
    public async Task Cut_archive_loads_nothing()
    {
        var tag = Tag();
        await CommittedAsync(tag);
        var archive = await Fixture.Client.GetByteArrayAsync($"/images/{tag}?format=tar");
        await RemoveAsync(tag);

        foreach (var length in new[] { 700, archive.Length / 2, archive.Length - 3 * 512 })
        {
            using var response = await PostAsync("load", archive[..length]);

            Assert.Equal("invalid_archive", Text(await ReadAsync(response, HttpStatusCode.BadRequest), "code"));
            using var missing = await Fixture.Client.GetAsync($"/images/{tag}");
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }
    }

    [Theory]
    [InlineData("manifest.json", "no JSON")]
    [InlineData("manifest.json", "{}")]
    [InlineData("manifest.json", """[{"Config":"missing.json","RepoTags":[],"Layers":[]}]""")]
    [InlineData("manifest.json", """[{"Config":"config.json","RepoTags":[],"Layers":["missing"]}]""")]
    public async Task Archive_with_a_fault_that_only_the_engine_finds_is_invalid(string index, string text)
    {
        using var response = await PostAsync("load", Archive.Tar((index, text), ("config.json", """{"rootfs":{"diff_ids":[]}}""")));

        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(answer.Contains("\"invalid_archive\"", StringComparison.Ordinal), answer);
        Assert.DoesNotContain("docker-import", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_creates_an_image_with_changes()
    {
        var tag = Tag();
        var archive = Archive.Tar(("etc/hostname", "made"));

        using var response = await PostAsync($"import?tag={tag}&change={Uri.EscapeDataString(MyLabel)}&change=CMD%20sh&message=hello", archive);

        var image = await ReadAsync(response, HttpStatusCode.Created);
        var engine = await InspectAsync(tag);
        Assert.Equal(Text(engine, "Id"), Text(image, "id"));
        Assert.Equal("hello", Text(engine, "Comment"));
        Assert.Equal(Fixture.Run, Text(engine["Config"]!["Labels"]!, EngineFixture.Label));
    }

    [Fact]
    public async Task Prune_removes_unused_images_only_and_the_dry_run_none()
    {
        var (unused, used) = (Tag(), Tag());
        var own = Guid.NewGuid().ToString("n");
        var id = await CommittedAsync(unused, own);
        await CommittedAsync(used, own);
        await Fixture.CreateAsync(new { Image = used, Cmd = new[] { "sleep", "1" } }, start: false);
        var request = new { dangling = false, labels = new[] { $"{EngineFixture.Label}={Fixture.Run}", $"own={own}" } };

        var preview = await PruneAsync(new { request.dangling, request.labels, dryRun = true });
        await InspectAsync(unused);
        var pruned = await PruneAsync(request);

        foreach (var result in new[] { preview, pruned })
        {
            Assert.Equal([id], result["images"]!.AsArray().Select(i => Text(i!, "id")));
            Assert.Equal([unused], Texts(result["untagged"]).Select(t => t.Replace("docker.io/", "", StringComparison.Ordinal)));
        }

        await InspectAsync(used);
    }

    [Fact]
    public async Task Disk_usage_counts_the_engines_images()
    {
        await CommittedAsync(Tag());

        var disk = JsonNode.Parse(await Fixture.Client.GetStringAsync("/engines/local/disk"))!;

        Assert.True(disk["images"]!["total"]!.GetValue<int>() > 0);
        Assert.True(disk["images"]!["sizeBytes"]!.GetValue<long>() > 0);
    }

    private async Task<string> CommittedAsync(string tag, string own = "none")
    {
        var container = await Fixture.SleepAsync(start: false);
        return Text(await CommitAsync(new { container, tag, changes = new[] { MyLabel, $"LABEL own={own}", $"LABEL id={Guid.NewGuid():n}" } }), "id");
    }

    private async Task RemoveAsync(string image)
    {
        using var response = await Fixture.Client.DeleteAsync($"/images/{image}");
        response.EnsureSuccessStatusCode();
    }

    private async Task<JsonNode> PruneAsync(object request)
    {
        using var response = await Fixture.Client.PostAsJsonAsync("/images/prune", request);
        return await ReadAsync(response, HttpStatusCode.OK);
    }

    private Task<HttpResponseMessage> PostAsync(string path, byte[] archive)
    {
        var content = new ByteArrayContent(archive);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return Fixture.Client.PostAsync("/images/" + path, content);
    }
}
