using System.Formats.Tar;
using System.IO.Pipelines;
using System.Net.Sockets;
using ContainerApi.Archives;
using ContainerApi.Builds;
using ContainerApi.Builds.Contexts;
using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class TarContextWriterTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly ContextDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Directory_is_sent_in_order_with_modes_times_and_links()
    {
        _directory.Write("b/run.sh", "#!/bin/sh\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_directory.At("b/run.sh"), Private);
        }

        Directory.CreateDirectory(_directory.At("a-empty"));
        File.CreateSymbolicLink(_directory.At("out"), "/etc/passwd");
        File.CreateSymbolicLink(_directory.At("dir"), "b");
        File.SetLastWriteTimeUtc(_directory.At("Dockerfile"), new DateTime(2020, 2, 3, 4, 5, 6, 700, DateTimeKind.Utc));

        var entries = Entries(await _directory.ArchiveAsync());

        Assert.Equal(["Dockerfile", "a-empty/", "b/", "b/run.sh", "dir", "out"], entries.Select(e => e.Name));
        Assert.All(entries, e => Assert.Equal((0, 0), (e.Uid, e.Gid)));
        Assert.Equal(new DateTimeOffset(2020, 2, 3, 4, 5, 6, TimeSpan.Zero), entries[0].ModificationTime);
        Assert.Equal(TarEntryType.Directory, entries[1].EntryType);
        Assert.Equal(Private, entries[3].Mode);
        Assert.Equal((TarEntryType.SymbolicLink, "b"), (entries[4].EntryType, entries[4].LinkName));
        Assert.Equal((TarEntryType.SymbolicLink, "/etc/passwd"), (entries[5].EntryType, entries[5].LinkName));
    }

    [Fact]
    public async Task Same_directory_returns_the_same_archive()
    {
        _directory.Write("x/y", new string('z', 5000));

        Assert.Equal(await _directory.ArchiveAsync(), await _directory.ArchiveAsync());
    }

    [Theory]
    [InlineData("short")]
    [InlineData("ä-not-ascii")]
    [InlineData("🐋")]
    public async Task Long_and_non_ASCII_names_are_read_back_with_their_content(string name)
    {
        var deep = string.Join('/', Enumerable.Repeat(name.PadRight(60, 'x'), 5));
        _directory.Write(name, "1");
        _directory.Write(deep + "/file", "2");
        File.CreateSymbolicLink(_directory.At("link"), deep + "/file");

        var contents = new Dictionary<string, string>();
        var reader = new TarReader(new MemoryStream(await _directory.ArchiveAsync()));
        while (reader.GetNextEntry() is { } entry)
        {
            contents[entry.Name] = entry.DataStream is { } data ? new StreamReader(data).ReadToEnd() : entry.LinkName;
        }

        Assert.Equal("1", contents[name]);
        Assert.Equal("2", contents[deep + "/file"]);
        Assert.Equal(deep + "/file", contents["link"]);
    }

    [Theory]
    [InlineData("Dockerfile", 1)]
    [InlineData("Dockerfile", 150)]
    [InlineData("ä.Dockerfile", 0)]
    public async Task First_header_is_recognized_by_BuildKit(string dockerfile, int nameBefore)
    {
        File.Delete(_directory.At("Dockerfile"));
        _directory.Write(dockerfile, "FROM scratch\n");
        if (nameBefore > 0)
        {
            _directory.Write(new string('A', nameBefore), "");
        }

        var archive = await _directory.ArchiveAsync(dockerfile);

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
    public void Name_of_any_length_is_read_back(int length)
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
    public void Size_beyond_the_ustar_field_is_in_the_pax_header()
    {
        var header = TarHeader.Create(TarHeader.File, "big", TarHeader.DefaultFileMode, 10_000_000_000, 0);

        Assert.Contains("20 size=10000000000\n", Encoding.ASCII.GetString(header), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ignored_files_are_left_out_except_Dockerfile_and_ignore_file()
    {
        _directory.Write(".dockerignore", "*\n!src\nsrc/*.tmp\n!deep/er/keep\n");
        _directory.Write("secret", "");
        _directory.Write("src/a", "");
        _directory.Write("src/b.tmp", "");
        _directory.Write("deep/er/keep", "");
        _directory.Write("deep/er/drop", "");
        _directory.Write("deeper/x", "");

        Assert.Equal([".dockerignore", "Dockerfile", "deep/", "deep/er/", "deep/er/keep", "src/", "src/a"], await NamesAsync());
    }

    [Fact]
    public async Task Ignore_file_of_a_Dockerfile_takes_precedence()
    {
        _directory.Write("docker/prod", "FROM scratch\n");
        _directory.Write("docker/prod.dockerignore", "**\n!a\n");
        _directory.Write(".dockerignore", "a\n");
        _directory.Write("a", "");
        _directory.Write("b", "");

        Assert.Equal(["a", "docker/", "docker/prod", "docker/prod.dockerignore"], await NamesAsync("./docker//prod"));
    }

    [Fact]
    public async Task Lower_case_Dockerfile_is_found()
    {
        File.Move(_directory.At("Dockerfile"), _directory.At("dockerfile"));

        Assert.Equal("dockerfile", DirectoryContext.Open(_directory.Root, null).Dockerfile);
        Assert.Equal(["dockerfile"], await NamesAsync());
    }

    [Fact]
    public void Dockerfile_that_is_not_a_file_in_the_context_is_refused()
    {
        File.Delete(_directory.At("Dockerfile"));
        Directory.CreateDirectory(_directory.At("Dockerfile"));
        File.CreateSymbolicLink(_directory.At("outside"), "/etc/passwd");
        File.CreateSymbolicLink(_directory.At("gone"), "nowhere");
        File.CreateSymbolicLink(_directory.At("loop"), "loop");

        foreach (var name in new[] { null, "Dockerfile", "outside", "gone", "loop", "none" })
        {
            Assert.Equal(ErrorCode.InvalidDockerfile, Assert.Throws<ApiException>(() => DirectoryContext.Open(_directory.Root, name)).Code);
        }
    }

    [Fact]
    public async Task Ignore_file_that_links_outside_is_not_read()
    {
        var secret = Path.GetTempFileName();
        File.WriteAllText(secret, "[secret");
        File.CreateSymbolicLink(_directory.At(".dockerignore"), secret);

        Assert.Contains(".dockerignore", await NamesAsync());

        File.Delete(secret);
    }

    [Fact]
    public async Task Invalid_ignore_file_is_an_error_that_names_the_line()
    {
        _directory.Write(".dockerignore", "ok\n[\n");

        var refused = await Assert.ThrowsAsync<ApiException>(() => _directory.ArchiveAsync());

        Assert.Equal(ErrorCode.InvalidContext, refused.Code);
        Assert.Contains("Line 2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Socket_is_left_out_and_pipe_is_an_error()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_directory.At("s")));
        Assert.Equal(["Dockerfile"], await NamesAsync());

        using var made = System.Diagnostics.Process.Start("mkfifo", _directory.At("p"));
        await made.WaitForExitAsync();
        var refused = await Assert.ThrowsAsync<ApiException>(() => _directory.ArchiveAsync());

        Assert.Equal(ErrorCode.InvalidContext, refused.Code);
        Assert.StartsWith("'p' is a pipe", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directory_beyond_the_limit_is_too_large()
    {
        _directory.Write("big", new string('x', 100_000));

        var refused = await Assert.ThrowsAsync<ApiException>(() => _directory.ArchiveAsync(maxBytes: 50_000));

        Assert.Equal(ErrorCode.ContextTooLarge, refused.Code);
    }

    [Fact]
    public async Task Large_file_waits_for_its_reader()
    {
        _directory.Write("big", new string('x', 4_000_000));
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 100_000, resumeWriterThreshold: 50_000));

        var writing = _directory.SendAsync(pipe.Writer);
        await pipe.Reader.ReadAtLeastAsync(100_000);

        Assert.False(writing.IsCompleted);
        await pipe.Reader.CompleteAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public void Path_outside_the_context_roots_is_refused()
    {
        Directory.CreateDirectory(_directory.At("root/app"));
        Directory.CreateDirectory(_directory.At("root-beside/app"));
        File.CreateSymbolicLink(_directory.At("root/out"), _directory.At("root-beside"));
        File.CreateSymbolicLink(_directory.At("root/in"), "app");
        File.CreateSymbolicLink(_directory.At("alias"), _directory.At("root"));
        _directory.Write("root/file", "");
        var roots = new ContextRoots(new BuildOptions { ContextRoots = [_directory.At("alias")] });
        var real = LinuxDirectory.RealPath(_directory.At("root/app"));

        Assert.Equal(real, roots.Resolve("app"));
        Assert.Equal(real, roots.Resolve("app/../in/."));
        Assert.Equal(real, roots.Resolve(_directory.At("alias/app")));
        string[] outside =
            ["../root-beside", "..", "/", "/etc", _directory.At("root-beside"), "out", "out/app", _directory.At("alias") + "/../root-beside/app"];
        foreach (var path in outside)
        {
            Assert.Equal(ErrorCode.ContextPathNotAllowed, Assert.Throws<ApiException>(() => roots.Resolve(path)).Code);
        }

        foreach (var path in new[] { "none", "app/none", "file", "in/../none" })
        {
            Assert.Equal(ErrorCode.InvalidContext, Assert.Throws<ApiException>(() => roots.Resolve(path)).Code);
        }
    }

    private async Task<string[]> NamesAsync(string? dockerfile = null) => [.. Entries(await _directory.ArchiveAsync(dockerfile)).Select(e => e.Name)];

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
