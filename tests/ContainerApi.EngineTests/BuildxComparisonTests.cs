using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace ContainerApi.EngineTests;

/// <summary>Builds the same directories with the service and with buildx on one engine, and compares what they make.</summary>
[Collection(EngineCollection.Name)]
[Trait("Category", Buildx.Category)]
public sealed class BuildxComparisonTests(EngineFixture fixture) : BuildCalls(fixture), IDisposable
{
    private static readonly DateTime Old = new(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc);

    private readonly string _state = Directory.CreateTempSubdirectory("containerapi-buildx-").FullName;

    public static TheoryData<string, string> Dockerfiles => new()
    {
        { "steps", "FROM IMAGE\nRUN echo SALT > /made && mkdir -m 700 /private\nCOPY . /all/\nCOPY --chown=7:8 dir /owned/\nRUN ls -l /all\n" },
        { "stages", "FROM IMAGE AS one\nRUN echo SALT > /one\nFROM IMAGE AS two\n" +
            "COPY file /\nRUN echo 2\nFROM two\nCOPY --from=one /one /two\nLABEL a=b\n" },
        { "arguments", "FROM IMAGE\nARG A=default\nARG B\nRUN echo \"[$A][$B]SALT\" > /arguments\nENV C=$A\nWORKDIR /w/x\nUSER 7\nCMD [\"x\"]\n" },
        { "mounts", "FROM IMAGE\nRUN --mount=type=cache,target=/c touch /c/x && touch /was-there-SALT\n" +
            "RUN --mount=type=bind,source=dir,target=/m cat /m/deep/a\n" },
        { "modes", "FROM IMAGE\nCOPY --chmod=640 file /a\nADD dir/deep /b/\nCOPY li* /links/\nRUN test -s /a && echo SALT\n" },
        { "heredocs", "FROM IMAGE\nRUN --mount=type=tmpfs,target=/t cat <<EOF >/made\nSALT\nEOF\nCOPY <<EOF /text\nx\nEOF\n" },
        { "failure", "FROM IMAGE\nRUN echo SALT\nRUN exit 42\n" },
        { "nothing", "FROM IMAGE\nCOPY none-SALT /\n" },
    };

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Theory]
    [MemberData(nameof(Dockerfiles))]
    public async Task Cache_hits_and_images_are_those_of_buildx(string name, string text)
    {
        // Each has its own directory with other contents, so that one does not use the other's cache.
        var (ours, theirs) = (Context(name, text, "ours"), Context(name, text, "them"));
        var changes = new Action<string>[]
        {
            _ => { },
            _ => { },
            path => File.SetLastWriteTimeUtc(Path.Combine(path, "dir/deep/a"), Old.AddHours(1)),
            path => Write(path, text => text.ToUpperInvariant(), Old.AddHours(1)),
            path => Write(path, text => text + "more", Old.AddHours(1)),
            path => Write(path, text => text + "more", Old.AddHours(2)),
            path => File.AppendAllText(Path.Combine(path, "ignored"), "more"),
            path => File.AppendAllText(Path.Combine(path, "Dockerfile"), "LABEL end=here\n"),
        };
        for (var n = 0; n < changes.Length; n++)
        {
            changes[n](ours);
            changes[n](theirs);
            var (mine, other) = (await BuildAsync(ours, Tag()), await BuildWithBuildxAsync(theirs, Tag()));
            Assert.True(
                (mine.Succeeded, mine.ExitCode) == (other.Succeeded, other.ExitCode)
                    && mine.Steps.Select(s => s.Replace("ours", "them", StringComparison.Ordinal)).SequenceEqual(other.Steps),
                $"{n}: {mine.Succeeded} {mine.ExitCode}\n{string.Join('\n', mine.Steps)}\n"
                    + $"buildx: {other.Succeeded} {other.ExitCode}\n{string.Join('\n', other.Steps)}\n{mine.Output}\n{other.Output}");
        }
    }

    [Theory]
    [MemberData(nameof(Dockerfiles))]
    public async Task Files_and_configurations_are_those_of_buildx(string name, string text)
    {
        var path = Context(name, text, "both");
        var (mine, other) = (Tag(), Tag());

        var ours = await BuildAsync(path, mine, noCache: true);
        var theirs = await BuildWithBuildxAsync(path, other, "--no-cache");

        Assert.Equal((theirs.Succeeded, theirs.ExitCode), (ours.Succeeded, ours.ExitCode));
        if (ours.Succeeded)
        {
            await AssertSameConfigurationAsync(other, mine, "", withLayers: false);
            Assert.Equal(await FilesAsync(other), await FilesAsync(mine));
        }
    }

    [Fact]
    public async Task Generated_Dockerfiles_have_the_result_of_buildx()
    {
        var (count, seed) = (DockerfileFuzzTests.Setting("FUZZ_DOCKERFILES", 200), DockerfileFuzzTests.Setting("FUZZ_SEED", 1));
        var random = new Random(seed);
        var path = Context("generated", "", "both");
        var succeeded = 0;
        for (var n = 0; n < count; n++)
        {
            var (dockerfile, target) = DockerfileFuzzTests.Generate(random);
            await File.WriteAllTextAsync(Path.Combine(path, "Dockerfile"), dockerfile);
            await File.WriteAllTextAsync(Path.Combine(path, "a"), $"{seed} {n}");
            var (mine, other) = (Tag(), Tag());

            var ours = await BuildAsync(path, mine, target);
            var theirs = await BuildWithBuildxAsync(path, other, target is null ? [] : ["--target", target]);

            var about = $"Seed {seed}, Dockerfile {n}, target {target}\n{dockerfile}\n";
            Assert.True(ours.Succeeded == theirs.Succeeded, $"{about}\n{ours.Output}\nbuildx: {theirs.Output}");
            if (ours.Succeeded)
            {
                succeeded++;
                // The second one uses the cache of the first, if both mean the same files.
                await AssertSameConfigurationAsync(other, mine, about, withLayers: true);
            }
        }

        Assert.InRange(succeeded, count / 10, count * 9 / 10);
    }

    private static void Write(string path, Func<string, string> change, DateTime time)
    {
        var file = Path.Combine(path, "dir/deep/a");
        File.WriteAllText(file, change(File.ReadAllText(file)));
        File.SetLastWriteTimeUtc(file, time);
    }

    /// <summary>A directory below the context root.</summary>
    /// <param name="salt">Makes its steps other ones than those of other runs and directories.</param>
    private string Context(string name, string text, string salt)
    {
        var root = Directory.CreateDirectory(Path.Combine(Fixture.ContextRoot, Fixture.UniqueName($"{name}-{salt}"))).FullName;
        var mark = Fixture.Run + salt;
        Directory.CreateDirectory(Path.Combine(root, "dir/deep"));
        Directory.CreateDirectory(Path.Combine(root, "dir/empty"));
        File.WriteAllText(
            Path.Combine(root, "Dockerfile"),
            text.Replace("IMAGE", Fixture.Image, StringComparison.Ordinal).Replace("SALT", mark, StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(root, ".dockerignore"), "ignored\n**/*.log\nDockerfile\n");
        foreach (var (file, content) in new[] { ("file", mark), ("dir/deep/a", mark), ("dir/deep/b.log", ""), ("ignored", ""), ("größe", "ü") })
        {
            File.WriteAllText(Path.Combine(root, file), content);
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(root, "file"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.SetUser);
        }

        File.CreateSymbolicLink(Path.Combine(root, "link"), "file");
        File.CreateSymbolicLink(Path.Combine(root, "lidir"), "dir/deep");
        File.CreateSymbolicLink(Path.Combine(root, "dir/dangling"), "/none");
        foreach (var entry in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(f => File.ResolveLinkTarget(f, false) is null))
        {
            File.SetLastWriteTimeUtc(entry, Old);
        }

        return root;
    }

    private async Task<BuildOutcome> BuildAsync(string path, string tag, string? target = null, bool noCache = false) =>
        await Buildx.ReadAsync(await Fixture.Client.PostAsJsonAsync("/builds", new
        {
            path = Path.GetFileName(path),
            tag,
            target,
            noCache,
            buildArgs = new Dictionary<string, string> { ["B"] = "ü x" },
            labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run },
            builder = "buildkit",
        }));

    private Task<BuildOutcome> BuildWithBuildxAsync(string path, string tag, params string[] options) => Buildx.BuildAsync(
        _state, path, [.. options, "--tag", tag, "--build-arg", "B=ü x", "--label", $"{EngineFixture.Label}={Fixture.Run}"]);

    private async Task AssertSameConfigurationAsync(string expected, string tag, string about, bool withLayers)
    {
        var (first, second) = (await InspectAsync(expected), await InspectAsync(tag));
        foreach (var field in withLayers ? new[] { "Config", "RootFS", "Os", "Architecture" } : ["Config", "Os", "Architecture"])
        {
            Assert.True(
                JsonNode.DeepEquals(first[field], second[field]),
                $"{about}{field}: {second[field]?.ToJsonString()}\nbuildx: {first[field]?.ToJsonString()}");
        }
    }

    /// <summary>The entries of an image's layers, from the lowest. Times of what a step made differ.</summary>
    private async Task<List<string>> FilesAsync(string tag)
    {
        var files = new Dictionary<string, byte[]>();
        await using var image = new TarReader(await Fixture.Engine.GetStreamAsync($"images/{tag}/get"));
        while (await image.GetNextEntryAsync() is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using var content = new MemoryStream();
                await data.CopyToAsync(content);
                files[entry.Name] = content.ToArray();
            }
        }

        var entries = new List<string>();
        foreach (var layer in Texts(JsonNode.Parse(files["manifest.json"])![0]!["Layers"]))
        {
            using var bytes = new MemoryStream(files[layer]);
            await using Stream plain = files[layer] is [0x1f, ..] ? new GZipStream(bytes, CompressionMode.Decompress) : bytes;
            await using var reader = new TarReader(plain);
            while (await reader.GetNextEntryAsync(copyData: true) is { } entry)
            {
                var hash = entry.DataStream is { } data ? Convert.ToHexString(await SHA256.HashDataAsync(data)) : "";
                var time = entry.ModificationTime.UtcDateTime.Year < 2021 ? entry.ModificationTime.UtcDateTime : (DateTime?)null;
                entries.Add($"{entry.EntryType} {entry.Name} {entry.Mode} {entry.Uid}:{entry.Gid} {entry.LinkName} {hash} {time:O}");
            }
        }

        return entries;
    }
}
