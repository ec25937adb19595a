using System.Diagnostics;

namespace ContainerApi.EngineTests;

/// <summary><c>.dockerignore</c> rules: the image has the same files as with the docker command.</summary>
[Collection(EngineCollection.Name)]
public sealed class IgnoreFileTests(EngineFixture fixture)
{
    /// <summary>Files with names that are difficult for patterns, their ports and file systems.</summary>
    private static readonly string[] Tree =
    [
        "a", "ab", "a.log", "b/a", "b/a.log", "b/c/a", "b/c/d/keep", "b/c/d/drop", "foo", "foobar", "x/foo", "x/y/foo/z", "logs/a.log",
        "logs/keep.md",
        "node_modules/m/index.js", "node_modules/keep", "docs/readme.md", "docs/sub/readme.md", "readme.md", "# not a comment", "!bang",
        "[x]", "star*", "q?",
        "sp ace/f", "trailing ", "ünï/ç", "UPPER", "upper", "Dockerfile.dev", "deep/er/est/file.tmp", "deep/er/est/file", "empty dir/",
        ".hidden/f", ".env", "c:d", "e^f", "{g}", "$h", "a+b", "(p)",
    ];

    public static TheoryData<string, string> Cases => new()
    {
        { "negations", "*\n!b/c\n!readme.md\n" },
        { "the order of negations", "!a.log\n*.log\n!logs/a.log\n" },
        { "two stars anywhere", "**/a\n**/foo\n" },
        { "two stars in the middle and at the end", "b/**/drop\nx/**\n!x/y/foo/z\n" },
        { "two stars and a suffix", "**/*.log\n!logs\n**foo*\n" },
        { "slashes at the ends", "/a\nfoo/\nb/\n/docs/\n" },
        { "dots", "./a\n.//b/./c\nx/../foo\n../ab\n/../UPPER\n" },
        { "a dot alone", ".\n!a\n" },
        { "two dots and a slash alone", "..\n/\n" },
        { "escapes", "\\[x]\nstar\\*\nq\\?\n\\!bang\n\\# not a comment\n" },
        { "comments and blanks", "# a\n #foo\n\n  ab  \n\t\nUPPER\t\n" },
        { "a mark of byte order", "\ufeffa\nab\n" },
        { "ends of lines as on Windows", "a\r\n!b/c/a\r\n*.log\r\n\r\n" },
        { "directories included again", "b\n!b/c/d/keep\nnode_modules\n!node_modules/keep\n" },
        { "a directory included again and a part of it left out", "*\n!b\nb/c\n!b/c/d\n" },
        { "the Dockerfile and the file itself", "Dockerfile\n.dockerignore\nDockerfile*\n" },
        { "everything", "*\n" },
        { "everything by two stars", "**\n!docs/sub\n" },
        { "all but hidden", "*\n!.*\n.env\n" },
        { "question marks and classes", "?\n[a-c]b\n[^r]eadme.md\nfoob?r\n" },
        { "what a regular expression would take for its own", "a+b\n(p)\n{g}\n$h\ne^f\nc:d\na.log\n" },
        { "blanks in names and in lines", "sp ace\n! sp ace/f\ntrailing \nempty dir\n" },
        { "letters beyond ASCII and of the other case", "ünï/*\nUPPER\nReadme.md\n" },
        { "stars beside stars", "***\n!a**\n" },
        { "an exception above what was left out", "b/c\n!b\nlogs/*\n!logs/*.md\n" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Ignore_rules_agree_with_the_docker_command(string what, string ignore)
    {
        Assert.NotEmpty(what);
        var name = "ignored-" + Guid.NewGuid().ToString("n")[..8];
        var root = Path.Combine(fixture.ContextRoot, name);
        foreach (var entry in Tree)
        {
            var path = Path.Combine(root, entry);
            Directory.CreateDirectory(entry.EndsWith('/') ? path : Path.GetDirectoryName(path)!);
            if (!entry.EndsWith('/'))
            {
                await File.WriteAllTextAsync(path, entry);
            }
        }

        await File.WriteAllTextAsync(
            Path.Combine(root, "Dockerfile"), $"FROM scratch\nLABEL {EngineFixture.Label}={fixture.Run} case={name}\nCOPY . /\n");
        await File.WriteAllTextAsync(Path.Combine(root, ".dockerignore"), ignore, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

        var theirs = await FilesAsync(await DockerBuildAsync(root));
        using var response = await fixture.Client.PostAsJsonAsync("/images/build", new { path = name, builder = "classic", noCache = true });
        var text = await response.Content.ReadAsStringAsync();
        var result = JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
        Assert.True(result["imageId"] is not null, text);

        Assert.Equal(theirs, await FilesAsync(Text(result, "imageId")));
    }

    private static async Task<string> DockerBuildAsync(string directory)
    {
        var start = new ProcessStartInfo(
            "docker", ["build", "-q", "--no-cache", directory])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOCKER_BUILDKIT"] = "0";
        using var docker = Process.Start(start)!;
        var errors = docker.StandardError.ReadToEndAsync();
        var id = (await docker.StandardOutput.ReadToEndAsync()).Trim();
        await docker.WaitForExitAsync();
        Assert.True(docker.ExitCode == 0, await errors);
        return id;
    }

    /// <summary>The files of the image and those that the engine adds to every container.</summary>
    private async Task<string> FilesAsync(string image)
    {
        var container = await fixture.CreateAsync(new { Image = image, Cmd = new[] { "none" } }, start: false);
        await using var archive = await fixture.Engine.GetStreamAsync($"containers/{container}/export");
        var reader = new System.Formats.Tar.TarReader(archive);
        var names = new List<string>();
        while (await reader.GetNextEntryAsync() is { } entry)
        {
            names.Add($"{entry.Name} {entry.Length}");
        }

        using var removed = await fixture.Engine.DeleteAsync($"containers/{container}?force=1");
        names.Sort(StringComparer.Ordinal);
        return string.Join('\n', names);
    }
}
