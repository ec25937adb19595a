using System.Formats.Tar;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using ContainerApi.Builds;
using ContainerApi.Builds.Contexts;
using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class TarContextWriterTests : IDisposable
{
    private const long Plenty = 1L << 30;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string _root = Directory.CreateTempSubdirectory("containerapi-context-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_directory_is_sent_in_order_with_modes_times_links_and_empty_directories()
    {
        Write("Dockerfile", "FROM scratch\n");
        Write("b/run.sh", "#!/bin/sh\n", Private);
        Directory.CreateDirectory(At("a-empty"));
        File.CreateSymbolicLink(At("out"), "/etc/passwd");
        File.CreateSymbolicLink(At("dir"), "b");
        File.SetLastWriteTimeUtc(At("Dockerfile"), new DateTime(2020, 2, 3, 4, 5, 6, 700, DateTimeKind.Utc));

        var entries = Entries(await ArchiveAsync());

        Assert.Equal(["Dockerfile", "a-empty/", "b/", "b/run.sh", "dir", "out"], entries.Select(e => e.Name));
        Assert.All(entries, e => Assert.Equal((0, 0), (e.Uid, e.Gid)));
        Assert.Equal(new DateTimeOffset(2020, 2, 3, 4, 5, 6, TimeSpan.Zero), entries[0].ModificationTime);
        Assert.Equal(TarEntryType.Directory, entries[1].EntryType);
        Assert.Equal(Private, entries[3].Mode);
        Assert.Equal((TarEntryType.SymbolicLink, "b"), (entries[4].EntryType, entries[4].LinkName));
        Assert.Equal((TarEntryType.SymbolicLink, "/etc/passwd"), (entries[5].EntryType, entries[5].LinkName));
    }

    [Fact]
    public async Task The_same_directory_makes_the_same_archive()
    {
        Write("Dockerfile", "FROM scratch\n");
        Write("x/y", new string('z', 5000));

        Assert.Equal(await ArchiveAsync(), await ArchiveAsync());
    }

    [Theory]
    [InlineData("short")]
    [InlineData("ä-not-ascii")]
    [InlineData("🐋")]
    public async Task Names_of_every_kind_come_back_with_their_content(string name)
    {
        var deep = string.Join('/', Enumerable.Repeat(name.PadRight(60, 'x'), 5));
        Write("Dockerfile", "FROM scratch\n");
        Write(name, "1");
        Write(deep + "/file", "2");
        File.CreateSymbolicLink(At("link"), deep + "/file");

        var archive = await ArchiveAsync();

        var contents = new Dictionary<string, string>();
        var reader = new TarReader(new MemoryStream(archive));
        while (reader.GetNextEntry() is { } entry)
        {
            contents[entry.Name] = entry.EntryType == TarEntryType.SymbolicLink ? entry.LinkName : entry.DataStream is { } data ? new StreamReader(data).ReadToEnd() : "";
        }

        Assert.Equal("1", contents[name]);
        Assert.Equal("2", contents[deep + "/file"]);
        Assert.Equal(deep + "/file", contents["link"]);
    }

    [Theory]
    [InlineData("Dockerfile", 1)]
    [InlineData("Dockerfile", 150)]
    [InlineData("ä.Dockerfile", 0)]
    public async Task The_first_header_is_one_that_BuildKit_knows_as_a_tar(string dockerfile, int nameBefore)
    {
        Write(dockerfile, "FROM scratch\n");
        if (nameBefore > 0)
        {
            Write(new string('A', nameBefore), "");
        }

        var archive = await ArchiveAsync(dockerfile);

        // BuildKit reads one header of the first 1024 bytes and gives up at 'x' (pax), 'g' and 'L' (GNU long name).
        Assert.Equal("ustar\000", Encoding.ASCII.GetString(archive, 257, 8));
        Assert.Contains((char)archive[156], "05");
        Assert.Contains(dockerfile, Entries(archive).Select(e => e.Name));
    }

    [Theory]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(155)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(400)]
    public void A_name_of_any_length_is_read_back(int length)
    {
        foreach (var segment in new[] { 10, 50, 90, 100, 120 })
        {
            var name = string.Concat(Enumerable.Range(0, length).Select(i => i % segment == segment - 1 && i < length - 1 ? '/' : 'n'));
            var header = TarHeader.Create(TarHeader.File, name, TarHeader.DefaultFileMode, 0, 0);

            var entry = new TarReader(new MemoryStream([.. header, .. new byte[1024]])).GetNextEntry();

            Assert.Equal(name, entry!.Name);
            Assert.Equal(TarHeader.NeedsExtended(name, null, 0), header.Length > 512);
        }
    }

    [Fact]
    public void A_size_beyond_the_ustar_field_is_in_the_extended_header()
    {
        var header = TarHeader.Create(TarHeader.File, "big", TarHeader.DefaultFileMode, 10_000_000_000, 0);

        Assert.Contains("20 size=10000000000\n", Encoding.ASCII.GetString(header), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ignored_files_are_left_out_but_never_the_Dockerfile_and_the_ignore_file()
    {
        Write("Dockerfile", "FROM scratch\n");
        Write(".dockerignore", "*\n!src\nsrc/*.tmp\n!deep/er/keep\n");
        Write("secret", "");
        Write("src/a", "");
        Write("src/b.tmp", "");
        Write("deep/er/keep", "");
        Write("deep/er/drop", "");
        Write("deeper/x", "");

        Assert.Equal([".dockerignore", "Dockerfile", "deep/", "deep/er/", "deep/er/keep", "src/", "src/a"], await NamesAsync());
    }

    [Fact]
    public async Task A_Dockerfile_has_an_ignore_file_of_its_own()
    {
        Write("docker/prod", "FROM scratch\n");
        Write("docker/prod.dockerignore", "**\n!a\n");
        Write(".dockerignore", "a\n");
        Write("a", "");
        Write("b", "");

        Assert.Equal(["a", "docker/", "docker/prod", "docker/prod.dockerignore"], await NamesAsync("./docker//prod"));
    }

    [Fact]
    public async Task A_Dockerfile_may_be_written_small()
    {
        Write("dockerfile", "FROM scratch\n");

        Assert.Equal("dockerfile", DirectoryContext.Open(_root, null).Dockerfile);
        Assert.Equal(["dockerfile"], await NamesAsync());
    }

    [Fact]
    public void A_Dockerfile_that_is_none_is_refused()
    {
        Directory.CreateDirectory(At("Dockerfile"));
        File.CreateSymbolicLink(At("outside"), "/etc/passwd");
        File.CreateSymbolicLink(At("gone"), "nowhere");
        File.CreateSymbolicLink(At("loop"), "loop");

        foreach (var name in new[] { null, "Dockerfile", "outside", "gone", "loop", "none" })
        {
            Assert.Equal(ErrorCode.InvalidDockerfile, Assert.Throws<ApiException>(() => DirectoryContext.Open(_root, name)).Code);
        }
    }

    [Fact]
    public async Task Ignore_file_that_links_outside_is_not_read()
    {
        Write("Dockerfile", "FROM scratch\n");
        var secret = Path.GetTempFileName();
        File.WriteAllText(secret, "[secret");
        File.CreateSymbolicLink(At(".dockerignore"), secret);

        Assert.Contains(".dockerignore", await NamesAsync());

        File.Delete(secret);
    }

    [Fact]
    public async Task Invalid_ignore_file_is_an_error_that_names_the_line()
    {
        Write("Dockerfile", "FROM scratch\n");
        Write(".dockerignore", "ok\n[\n");

        var refused = await Assert.ThrowsAsync<ApiException>(() => ArchiveAsync());

        Assert.Equal(ErrorCode.InvalidContext, refused.Code);
        Assert.Contains("Line 2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_is_left_out_and_a_pipe_is_an_error_and_none_is_opened()
    {
        Write("Dockerfile", "FROM scratch\n");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(At("s")));
        Assert.Equal(["Dockerfile"], await NamesAsync());

        using var made = System.Diagnostics.Process.Start("mkfifo", At("p"));
        await made.WaitForExitAsync();
        var refused = await Assert.ThrowsAsync<ApiException>(() => ArchiveAsync());

        Assert.Equal(ErrorCode.InvalidContext, refused.Code);
        Assert.StartsWith("'p' is a pipe", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_beyond_the_limit_is_too_large()
    {
        Write("Dockerfile", "FROM scratch\n");
        Write("big", new string('x', 100_000));

        var refused = await Assert.ThrowsAsync<ApiException>(() => ArchiveAsync(maxBytes: 50_000));

        Assert.Equal(ErrorCode.ContextTooLarge, refused.Code);
    }

    [Fact]
    public async Task A_large_file_does_not_pile_up_where_nobody_reads()
    {
        Write("Dockerfile", "FROM scratch\n");
        Write("big", new string('x', 4_000_000));
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 100_000, resumeWriterThreshold: 50_000));

        var writing = DirectoryContext.Open(_root, null).Write(Plenty)(pipe.Writer, _ => { }, CancellationToken.None);
        await pipe.Reader.ReadAtLeastAsync(100_000);

        Assert.False(writing.IsCompleted);
        await pipe.Reader.CompleteAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public void Roots_hold_against_climbing_and_links()
    {
        Directory.CreateDirectory(At("root/app"));
        Directory.CreateDirectory(At("root-beside/app"));
        File.CreateSymbolicLink(At("root/out"), At("root-beside"));
        File.CreateSymbolicLink(At("root/in"), "app");
        File.CreateSymbolicLink(At("alias"), At("root"));
        Write("root/file", "");
        var roots = new ContextRoots(new BuildOptions { ContextRoots = [At("alias")] });
        var real = LinuxDirectory.RealPath(At("root/app"));

        Assert.Equal(real, roots.Resolve("app"));
        Assert.Equal(real, roots.Resolve("app/../in/."));
        Assert.Equal(real, roots.Resolve(At("alias/app")));
        foreach (var path in new[] { "../root-beside", "..", "/", "/etc", At("root-beside"), "out", "out/app", At("alias") + "/../root-beside/app" })
        {
            Assert.Equal(ErrorCode.ContextPathNotAllowed, Assert.Throws<ApiException>(() => roots.Resolve(path)).Code);
        }

        foreach (var path in new[] { "none", "app/none", "file", "in/../none" })
        {
            Assert.Equal(ErrorCode.InvalidContext, Assert.Throws<ApiException>(() => roots.Resolve(path)).Code);
        }
    }

    private string At(string name) => Path.Combine(_root, name);

    private void Write(string name, string text, UnixFileMode? mode = null)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
        if (mode is { } m && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At(name), m);
        }
    }

    private async Task<string[]> NamesAsync(string? dockerfile = null) => [.. Entries(await ArchiveAsync(dockerfile)).Select(e => e.Name)];

    private async Task<byte[]> ArchiveAsync(string? dockerfile = null, long maxBytes = Plenty)
    {
        using var archive = new MemoryStream();
        await DirectoryContext.Open(_root, dockerfile).Write(maxBytes)(PipeWriter.Create(archive), _ => { }, CancellationToken.None);
        return archive.ToArray();
    }

    private static List<TarEntry> Entries(byte[] archive)
    {
        var entries = new List<TarEntry>();
        var reader = new TarReader(new MemoryStream(archive));
        while (reader.GetNextEntry() is { } entry)
        {
            entries.Add(entry);
        }

        return entries;
    }
}
