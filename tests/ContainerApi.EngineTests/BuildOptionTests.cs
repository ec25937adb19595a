using System.Formats.Tar;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>Options of builds whose effect only a real builder shows.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildOptionTests(EngineFixture fixture) : BuildCalls(fixture)
{
    private const string ShowLimits = "RUN cat /proc/mounts; echo files=$(ulimit -n)\n";

    [Fact]
    public async Task Limits_of_steps_apply_with_the_builder_that_has_them()
    {
        var lines = await BuildAsync(
            $"shmSize=5m&ulimit=nofile%3D100:200&noCache=true&{Labels}", Tar(("Dockerfile", $"FROM {Fixture.Image}\n{ShowLimits}")));

        Succeeded(lines);
        var log = string.Concat(lines.Where(l => Is(l, "log")).Select(l => Text(l, "text")));
        Assert.Contains("size=5120k", log, StringComparison.Ordinal);
        Assert.Contains("files=100\n", log, StringComparison.Ordinal);
        var hasBuildKit = Fixture.Capabilities.StepLimitsUnavailableReason(withBuildKit: true) is null;
        Assert.Equal(hasBuildKit ? "buildkit" : "classic", Text(lines[0], "builder"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dockerfile_beside_a_context_is_used_in_its_place(bool isDirectory)
    {
        var (tag, name) = (Tag(), Fixture.UniqueName("beside"));
        var dockerfile = "FROM scratch\nCOPY file /from-text\n";
        if (isDirectory)
        {
            var directory = Directory.CreateDirectory(Path.Combine(Fixture.ContextRoot, name));
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "file"), "x");
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "Dockerfile"), "FROM scratch\nCOPY file /from-file\n");
            var labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run };
            Succeeded(await Fixture.StreamAsync("/images/build", new { path = name, dockerfile, tag, labels }));
        }
        else
        {
            var query = $"tag={tag}&dockerfile={Uri.EscapeDataString(dockerfile)}&{Labels}";
            Succeeded(await BuildAsync(query, Tar(("Dockerfile", "FROM scratch\nCOPY file /from-file\n"), ("file", "x"))));
        }

        var history = await Fixture.Engine.GetStringAsync($"images/{tag}/history");
        Assert.Contains("/from-text", history, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("provenance=max")]
    [InlineData("annotation=org.example.a%3Db")]
    [InlineData("platform=linux/amd64,linux/arm64")]
    public async Task Image_index_needs_an_engine_with_the_containerd_store(string option)
    {
        var info = (await Fixture.Engine.GetFromJsonAsync<JsonObject>("info"))!;
        var hasStore = info["DriverStatus"]!.ToJsonString().Contains("io.containerd.snapshotter", StringComparison.Ordinal);

        using var response = await SendAsync($"mode=wait&{option}&{Labels}", Tar(("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")));

        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == (hasStore ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity), text);
        Assert.True(hasStore || text.Contains(Text(info, "ServerVersion"), StringComparison.Ordinal), text);
        if (hasStore)
        {
            var result = (await EventsAsync(Fixture.Client, Text(JsonNode.Parse(text)!, "id")))[^1];
            string[] platforms = option.StartsWith("platform", StringComparison.Ordinal) ? ["linux/amd64", "linux/arm64"] : ["linux/amd64"];
            Assert.Equal(platforms, result["platforms"]!.AsArray().Select(p => p!.GetValue<string>()));
            Assert.Equal(Text(result, "imageId"), Text(result, "digest"));
            string[] proven = option.StartsWith("provenance", StringComparison.Ordinal) ? ["linux/amd64"] : [];
            Assert.Equal(proven, result["attestations"]!.AsObject().Select(a => a.Key));
        }
    }

    [Theory]
    [InlineData("directory")]
    [InlineData("archive")]
    [InlineData("text")]
    public async Task Response_with_output_is_the_file_system_of_the_result(string context)
    {
        var name = Fixture.UniqueName("output");
        var dockerfile = $"FROM {Fixture.Image} AS made\nRUN echo {name} > /made\nFROM scratch\nCOPY --from=made /made /dir/made\nCOPY file /\n";
        var directory = Directory.CreateDirectory(Path.Combine(Fixture.ContextRoot, name));
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "file"), "x");
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "Dockerfile"), dockerfile);

        // A text beside an archive is a directory of the session, which also receives the file.
        using var response = context switch
        {
            "directory" => await Fixture.Client.PostAsJsonAsync("/images/build", new { path = name, output = "local" }),
            "archive" => await SendAsync("output=tar", Tar(("Dockerfile", dockerfile), ("file", "x"))),
            _ => await SendAsync("output=tar&dockerfile=" + Uri.EscapeDataString(dockerfile), Tar(("file", "x"))),
        };

        Assert.True(response.IsSuccessStatusCode, response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync());
        var files = new Dictionary<string, string>();
        await using var reader = new TarReader(await response.Content.ReadAsStreamAsync());
        while (await reader.GetNextEntryAsync() is { } entry)
        {
            files[entry.Name.TrimEnd('/')] = entry.DataStream is { } data ? await new StreamReader(data).ReadToEndAsync() : "";
        }

        Assert.Equal(["dir", "dir/made", "file"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((name + "\n", "x"), (files["dir/made"], files["file"]));
        var events = await EventsAsync(Fixture.Client, response.Headers.GetValues("Build-Id").Single());
        Assert.Equal("succeeded", Text(events[^1], "state"));
    }

    [Fact]
    public async Task Named_contexts_are_images_and_directories()
    {
        var (tag, name) = (Tag(), Fixture.UniqueName("named"));
        var directory = Directory.CreateDirectory(Path.Combine(Fixture.ContextRoot, name));
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "file"), name);
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "ignored"), "");
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, ".dockerignore"), "ignored\n");
        var dockerfile = $"FROM base\nCOPY --from=lib . /lib/\nRUN test \"$(cat /lib/file)\" = {name} && ! test -e /lib/ignored\n";
        var query = $"mode=wait&tag={tag}&context:base=docker-image://{Fixture.Image}&context:lib={name}&{Labels}";

        using var response = await SendAsync(query, Tar(("Dockerfile", dockerfile)));

        var text = await response.Content.ReadAsStringAsync();
        var isSupported = Fixture.Capabilities.NamedContextsUnavailableReason is null;
        Assert.True(response.StatusCode == (isSupported ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity), text);
    }

    [Fact]
    public async Task Check_returns_findings_and_builds_nothing()
    {
        var dockerfile = $"from {Fixture.Image} AS base\nRUN false\n";

        using var response = await SendAsync("mode=wait&check=true", Tar(("Dockerfile", dockerfile)));

        var text = await response.Content.ReadAsStringAsync();
        var isSupported = Fixture.Capabilities.CheckUnavailableReason is null;
        Assert.True(response.StatusCode == (isSupported ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity), text);
        Assert.Equal(isSupported, text.Contains("FromAsCasing", StringComparison.Ordinal));
        Assert.Equal(isSupported, text.Contains("\"imageId\":null", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Failed_build_with_output_is_a_problem()
    {
        using var response = await SendAsync("output=tar", Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN exit 7\n")));

        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.UnprocessableEntity, text);
        Assert.Contains("\"exitCode\":7", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_with_an_inline_cache_is_a_cache_source()
    {
        var tag = Tag();
        var context = Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo {tag}\n"));

        Succeeded(await BuildAsync($"tag={tag}&cacheTo=type%3Dinline&{Labels}", context));
        var again = Succeeded(await BuildAsync($"cacheFrom=type%3Dregistry,ref%3D{tag}&{Labels}", context));

        // The image has the same layer, and no cache in its configuration.
        Assert.Equal(
            (await InspectAsync(tag))["RootFS"]!.ToJsonString(), (await InspectAsync(Text(again, "imageId")))["RootFS"]!.ToJsonString());
    }
}
