using System.Formats.Tar;
using System.IO.Pipelines;
using System.Text;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

/// <summary>What an uploaded archive may hold, and which Dockerfile it is looked through for.</summary>
[Collection(SerialCollection.Name)]
public sealed class ArchiveRulesTests
{
    private const long Plenty = 1L << 32;

    [Theory]
    [InlineData("../x", "points outside the context")]
    [InlineData("a/../../x", "points outside the context")]
    [InlineData("./..", "points outside the context")]
    [InlineData("/etc/passwd", "has an absolute name")]
    [InlineData("/", "has an absolute name")]
    [InlineData("//x", "has an absolute name")]
    public async Task A_name_that_leads_out_is_refused(string name, string why)
    {
        foreach (var type in new[] { '0', '5', '2', '1' })
        {
            var refused = await RefusalAsync(Header(type, name, "x"));

            Assert.Equal(ErrorCode.InvalidContext, refused!.Code);
            Assert.StartsWith($"'{name}' {why}", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("a/../b")]
    [InlineData("./a//b/./c/")]
    [InlineData("..a")]
    [InlineData("a/..b/c..")]
    [InlineData(".")]
    [InlineData("./")]
    [InlineData(@"C:\x")]
    public async Task A_name_that_stays_inside_passes(string name)
    {
        Assert.Null(await RefusalAsync(Header('5', name)));
    }

    [Theory]
    [InlineData('3', "is a device")]
    [InlineData('4', "is a device")]
    [InlineData('6', "is a pipe")]
    [InlineData('S', "is a sparse file in GNU format")]
    [InlineData('V', "has the entry type 'V'")]
    [InlineData('\u0001', "has the entry type '?'")]
    public async Task What_no_context_can_hold_is_refused(char type, string why)
    {
        var refused = await RefusalAsync(Header('0', "Dockerfile"), Header(type, "d/x"));

        Assert.Equal(ErrorCode.InvalidContext, refused!.Code);
        Assert.StartsWith("'d/x' " + why, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d/link", "/etc", "d/link/passwd", true)]
    [InlineData("d/link", "../..", "./d//link/x/y", true)]
    [InlineData("d/link", "../../x", "d/link", false)]
    [InlineData("d/link", "../..", "d/linked", false)]
    [InlineData("d/link", "..", "d/link/x", false)]
    [InlineData("link", "usr/lib", "link/x", false)]
    public async Task What_lies_behind_a_symbolic_link_that_leads_out_is_refused(string link, string target, string name, bool refused)
    {
        var refusal = await RefusalAsync(Header('2', link, target), Header('0', name));

        Assert.Equal(refused, refusal is not null);
        Assert.True(refusal is null || refusal.Message.Contains($"is below the symbolic link '{link}'", StringComparison.Ordinal), refusal?.Message);
    }

    [Theory]
    [InlineData("/etc/passwd", false)]
    [InlineData("../x", false)]
    [InlineData("", false)]
    [InlineData("a/b", true)]
    public async Task A_hard_link_leads_to_a_name_inside(string target, bool passes) =>
        Assert.Equal(passes, await RefusalAsync(Header('0', "a/b"), Header('1', "l", target)) is null);

    [Fact]
    public async Task An_entry_has_a_name_and_not_one_that_no_path_has()
    {
        Assert.NotNull(await RefusalAsync(Header('0', "")));
        Assert.NotNull(await RefusalAsync(TarHeader.Create(TarHeader.File, new string('x', 5000), TarHeader.DefaultFileMode, 0, 0)));
        Assert.NotNull(await RefusalAsync(TarHeader.Create(TarHeader.File, "ä\0b", TarHeader.DefaultFileMode, 0, 0)));
    }

    [Theory]
    [InlineData("path=x", "invalid extended header")]
    [InlineData("8 path=x\n", "invalid extended header")]
    [InlineData("10 size=y\n", "invalid extended header")]
    [InlineData("26 GNU.sparse.realsize=-5\n", "invalid extended header")]
    public async Task A_pax_header_that_is_none_is_refused(string records, string why)
    {
        var content = new byte[512];
        Encoding.ASCII.GetBytes(records, content);

        var refused = await RefusalAsync([.. Header('x', "pax", size: records.Length), .. content], Header('0', "Dockerfile"));

        Assert.Contains(why, refused!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("30 GNU.sparse.realsize=1000000000000\n")]
    [InlineData("26 GNU.sparse.size=1000000000000\n")]
    public async Task The_holes_of_a_sparse_file_count(string records)
    {
        var length = records.Length;
        records = $"{length}{records[records.IndexOf(' ', StringComparison.Ordinal)..]}";
        var content = new byte[512];
        Encoding.ASCII.GetBytes(records, content);

        var refused = await RefusalAsync([.. Header('x', "pax", size: records.Length), .. content], Header('0', "sparse"));

        Assert.Equal(ErrorCode.ContextTooLarge, refused?.Code);
    }

    [Fact]
    public async Task The_Dockerfile_is_shown_before_the_archives_end()
    {
        foreach (var (asked, entries, shown) in new (string?, string[], string?[])[]
        {
            (null, ["a", "Dockerfile", "b"], ["Dockerfile"]),
            (null, ["./Dockerfile"], ["./Dockerfile"]),
            (null, ["dockerfile", "x"], ["dockerfile"]),
            (null, ["dockerfile", "Dockerfile"], ["Dockerfile"]),
            (null, ["d/Dockerfile", "DOCKERFILE"], [null]),
            ("d/prod", ["Dockerfile", "prod"], [null]),
            ("d/prod", ["Dockerfile", "d/x/../prod"], ["d/x/../prod"]),
            ("dockerfile", ["Dockerfile", "dockerfile"], ["dockerfile"]),
            (null, ["Dockerfile", "Dockerfile"], ["Dockerfile", "Dockerfile"]),
        })
        {
            var seen = new List<string?>();
            var archive = Tar(entries);

            await PassAsync(archive, asked, seen.Add);

            Assert.Equal(shown, seen);
        }
    }

    [Theory]
    [InlineData(null, '1', "Dockerfile")]
    [InlineData(null, '2', "Dockerfile")]
    [InlineData("d/prod", '2', "d")]
    public async Task A_Dockerfile_that_may_lie_behind_a_link_is_neither_shown_nor_missed(string? dockerfile, char type, string link)
    {
        var seen = new List<string?>();

        await PassAsync([.. Header('0', "other"), .. Header(type, link, "other"), .. new byte[1024]], dockerfile, seen.Add);

        Assert.Empty(seen);
    }

    [Theory]
    [InlineData("Dockerfile")]
    [InlineData("dockerfile")]
    public async Task Who_looks_at_the_Dockerfile_may_stop_the_build_before_the_end_is_sent(string name)
    {
        foreach (var ending in new[] { 0, 1024 })
        {
            var archive = Tar([name])[..(1024 + ending)];
            using var output = new MemoryStream();

            var refused = await Assert.ThrowsAsync<ApiException>(() =>
                UploadedContext.From(PipeReader.Create(new MemoryStream(archive)), null, Plenty)(
                    PipeWriter.Create(output), _ => throw new ApiException(ErrorCode.FeatureUnsupported, "No."), CancellationToken.None));

            Assert.Equal(ErrorCode.FeatureUnsupported, refused.Code);
            Assert.True(output.Length <= 1024);
        }
    }

    [Fact]
    public async Task A_Dockerfile_that_is_a_directory_is_refused()
    {
        Assert.Equal(ErrorCode.InvalidDockerfile, (await RefusalAsync(Header('5', "./Dockerfile/")))?.Code);
        Assert.Null(await RefusalAsync(Header('5', "dockerfile/"), Header('0', "Dockerfile")));
    }

    [Fact]
    public async Task An_archive_without_an_entry_is_refused() =>
        Assert.Equal("The archive is empty: it contains no entries.", (await RefusalAsync())!.Message);

    [Fact]
    public async Task A_Dockerfile_beyond_a_megabyte_is_not_shown()
    {
        foreach (var (size, shown) in new[] { (1024 * 1024, 1), (1024 * 1024 + 1, 0) })
        {
            var seen = new List<string?>();
            await PassAsync([.. Header('0', "Dockerfile", size: size), .. new byte[(size + 511) / 512 * 512], .. new byte[1024]], null, seen.Add);
            Assert.Equal(shown, seen.Count);
        }
    }

    [Fact]
    public async Task A_million_tiny_entries_pass_in_little_memory()
    {
        const int Entries = 1_000_000;
        var header = Header('2', "tiny", "/out");
        var archive = new Repeated(header, Entries);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var read = new CountingStream();

        await UploadedContext.From(PipeReader.Create(archive), null, Plenty)(PipeWriter.Create(read), _ => { }, CancellationToken.None);

        Assert.Equal(512L * Entries, read.Count);
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 32 << 20);
    }

    private static byte[] Header(char type, string name, string link = "", long size = 0) => TarHeader.Create((byte)type, name, TarHeader.DefaultFileMode, size, 0, link);

    /// <summary>Each file holds its own name.</summary>
    private static byte[] Tar(IEnumerable<string> names)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var name in names)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(name)) });
            }
        }

        return archive.ToArray();
    }

    private static async Task PassAsync(byte[] archive, string? dockerfile, DockerfileCheck check) =>
        await UploadedContext.From(PipeReader.Create(new MemoryStream(archive)), dockerfile, Plenty)(PipeWriter.Create(Stream.Null), check, CancellationToken.None);

    private static async Task<ApiException?> RefusalAsync(params byte[][] blocks) =>
        await Record.ExceptionAsync(() => PassAsync([.. blocks.SelectMany(b => b), .. new byte[1024]], null, _ => { })) as ApiException;

    /// <summary>A block again and again.</summary>
    private sealed class Repeated(byte[] block, int times) : MemoryStream
    {
        private long _left = (long)block.Length * times;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var taken = (int)Math.Min(_left, buffer.Length / block.Length * block.Length);
            for (var at = 0; at < taken; at += block.Length)
            {
                block.CopyTo(buffer[at..]);
            }

            _left -= taken;
            return ValueTask.FromResult(taken);
        }
    }

    private sealed class CountingStream : MemoryStream
    {
        public long Count { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Count += buffer.Length;
            return ValueTask.CompletedTask;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
