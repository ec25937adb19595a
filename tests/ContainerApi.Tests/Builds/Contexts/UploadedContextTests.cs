using System.Formats.Tar;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class UploadedContextTests
{
    private const long Plenty = 1L << 20;
    private static readonly string LongName = new('n', 300);

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public async Task An_archive_passes_unchanged_but_for_a_directory_before_a_first_header_that_BuildKit_would_misread(TarEntryFormat format)
    {
        var archive = Tar(format);
        var expected = format == TarEntryFormat.Pax ? Repaired(archive) : archive;

        Assert.Equal(expected, await PassAsync(archive));
        Assert.Equal(expected, await PassAsync(Gzip(archive)));
    }

    [Theory]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public async Task A_long_name_may_come_first(TarEntryFormat format)
    {
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, format, leaveOpen: true))
        {
            await writer.WriteEntryAsync(format == TarEntryFormat.Gnu ? new GnuTarEntry(TarEntryType.RegularFile, LongName) : new PaxTarEntry(TarEntryType.RegularFile, LongName));
        }

        var passed = await PassAsync(archive.ToArray());

        Assert.Equal(Repaired(archive.ToArray()), passed);
        var reader = new TarReader(new MemoryStream(passed));
        Assert.Equal([TarEntryType.Directory, TarEntryType.RegularFile], [reader.GetNextEntry()!.EntryType, reader.GetNextEntry()!.EntryType]);
    }

    [Fact]
    public async Task A_header_for_all_entries_may_come_first()
    {
        // As git archive writes it.
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new PaxGlobalExtendedAttributesTarEntry(new Dictionary<string, string> { ["comment"] = "abc" }));
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "Dockerfile"));
        }

        Assert.Equal(Repaired(archive.ToArray()), await PassAsync(archive.ToArray()));
    }

    [Fact]
    public async Task It_may_come_byte_by_byte()
    {
        var archive = Tar(TarEntryFormat.Pax);
        var framing = new TarStreamValidator(Plenty, Rules());

        foreach (var b in archive)
        {
            framing.Read([b]);
        }

        framing.End();
        Assert.Equal(archive.Length, framing.Position);
        Assert.Equal(Repaired(archive), await PassAsync(archive));
    }

    [Fact]
    public async Task Wherever_it_is_cut_but_between_entries_it_is_refused()
    {
        var archive = Tar(TarEntryFormat.Ustar);
        // Dockerfile: 512 header + 512 data, directory: 512, file: 512 + 2048, and two blocks of zeros.
        int[] borders = [1024, 1536, 4096, 4608];
        for (var length = 1; length < archive.Length; length += 37)
        {
            var cut = archive[..length];
            if (length > 4608 || borders.Contains(length))
            {
                continue;
            }

            var refused = await RefusalAsync(cut);
            Assert.True(ErrorCode.InvalidContext == refused?.Code, $"cut at {length}: {refused}");
        }

        foreach (var border in borders)
        {
            await PassAsync(archive[..border]);
        }
    }

    [Fact]
    public async Task A_cut_says_where()
    {
        var refused = await RefusalAsync(Tar(TarEntryFormat.Ustar)[..2500]);

        Assert.Equal("The archive is truncated: it ends at byte 2500, 1596 bytes before the end of 'd/file'.", refused!.Message);
    }

    [Fact]
    public async Task A_damaged_header_says_where()
    {
        var archive = Tar(TarEntryFormat.Ustar);
        archive[1536 + 3] ^= 1;

        var refused = await RefusalAsync(archive);

        Assert.Equal("The archive is damaged: no valid tar header at byte 1536, after 'd/'.", refused!.Message);
    }

    [Fact]
    public async Task What_is_no_archive_is_refused()
    {
        foreach (var body in new[]
        {
            [], "FROM scratch\n"u8.ToArray(), Encoding.ASCII.GetBytes(new string('x', 5000)), new byte[100], Gzip([]), Gzip("hello"u8.ToArray()),
            [0x1F, 0x8B], [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        })
        {
            Assert.Equal(ErrorCode.InvalidContext, (await RefusalAsync(body))?.Code);
        }
    }

    [Fact]
    public async Task A_gzip_that_is_cut_or_damaged_is_refused()
    {
        var random = new byte[20_000];
        new Random(1).NextBytes(random);
        var gzip = Gzip(Tar(TarEntryFormat.Ustar, random));

        foreach (var length in new[] { 11, 200, gzip.Length / 2, gzip.Length - 3000 })
        {
            Assert.Equal(ErrorCode.InvalidContext, (await RefusalAsync(gzip[..length]))?.Code);
        }

        gzip[^6] ^= 1; // the checksum
        Assert.Equal(ErrorCode.InvalidContext, (await RefusalAsync(gzip))?.Code);
    }

    [Fact]
    public async Task A_bomb_and_a_gigantic_entry_are_too_large()
    {
        var bomb = Gzip(Tar(TarEntryFormat.Ustar, new byte[2 << 20]));
        Assert.True(bomb.Length < 100_000);
        Assert.Equal(ErrorCode.ContextTooLarge, (await RefusalAsync(bomb))?.Code);

        // Refused by what the header says, before any of it came.
        var gigantic = TarHeader.Create(TarHeader.File, "x", TarHeader.DefaultFileMode, 1L << 32, 0);
        Assert.Equal(ErrorCode.ContextTooLarge, (await RefusalAsync(gigantic))?.Code);
        var extended = TarHeader.Create(TarHeader.File, "x", TarHeader.DefaultFileMode, 1L << 40, 0);
        Assert.Equal(ErrorCode.ContextTooLarge, (await RefusalAsync(extended))?.Code);
    }

    [Fact]
    public void The_size_in_an_extended_header_counts()
    {
        var framing = new TarStreamValidator(1L << 40, Rules());
        framing.Read(TarHeader.Create(TarHeader.File, "x", TarHeader.DefaultFileMode, 1L << 34, 0));
        framing.Read(new byte[1 << 20]);

        var refused = Assert.Throws<ApiException>(framing.End);

        Assert.Contains($"{(1L << 34) - (1 << 20)} bytes before the end of 'x'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sparse_file_as_tar_writes_it_passes()
    {
        var directory = Directory.CreateTempSubdirectory("containerapi-sparse-").FullName;
        await using (var file = File.Create(Path.Combine(directory, "sparse")))
        {
            for (var i = 0; i < 40; i++)
            {
                file.Position = i * 65_536;
                file.WriteByte(1);
            }
        }

        async Task<byte[]> PackAsync(string format)
        {
            var archive = Path.Combine(directory, "archive.tar");
            using var tar = System.Diagnostics.Process.Start("tar", ["--format=" + format, "-S", "-C", directory, "-cf", archive, "sparse"]);
            await tar.WaitForExitAsync();
            return await File.ReadAllBytesAsync(archive);
        }

        var pax = await PackAsync("posix");
        Assert.Equal(Repaired(pax), await PassAsync(pax, 8 * Plenty));
        Assert.Equal(ErrorCode.InvalidContext, (await RefusalAsync(pax[..(pax.Length / 2)], 8 * Plenty))?.Code);
        // It stores 40 blocks; the engine would write 2.6 MB.
        Assert.Equal(ErrorCode.ContextTooLarge, (await RefusalAsync(pax, Plenty))?.Code);

        // The engine knows no other form of them.
        Assert.Contains("sparse file in GNU format", (await RefusalAsync(await PackAsync("gnu"), 8 * Plenty))!.Message, StringComparison.Ordinal);

        Directory.Delete(directory, recursive: true);
    }

    private static byte[] Tar(TarEntryFormat format, byte[]? content = null)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, format, leaveOpen: true))
        {
            TarEntry Entry(TarEntryType type, string name) => format switch
            {
                TarEntryFormat.V7 => new V7TarEntry(type == TarEntryType.RegularFile ? TarEntryType.V7RegularFile : type, name),
                TarEntryFormat.Ustar => new UstarTarEntry(type, name),
                TarEntryFormat.Gnu => new GnuTarEntry(type, name),
                _ => new PaxTarEntry(type, name),
            };
            var dockerfile = Entry(TarEntryType.RegularFile, "Dockerfile");
            dockerfile.DataStream = new MemoryStream("FROM scratch\n"u8.ToArray());
            writer.WriteEntry(dockerfile);
            writer.WriteEntry(Entry(TarEntryType.Directory, "d/"));
            var file = Entry(TarEntryType.RegularFile, "d/file");
            file.DataStream = new MemoryStream(content ?? new byte[2000]);
            writer.WriteEntry(file);
            if (format is TarEntryFormat.Gnu or TarEntryFormat.Pax)
            {
                writer.WriteEntry(Entry(TarEntryType.RegularFile, LongName));
                var link = Entry(TarEntryType.SymbolicLink, "link");
                link.LinkName = LongName;
                writer.WriteEntry(link);
            }
        }

        return archive.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    private static ArchiveRules Rules() => new(null, _ => { });

    private static byte[] Repaired(byte[] archive) => [.. TarHeader.Create(TarHeader.Directory, "./", TarHeader.DefaultDirectoryMode, 0, 0), .. archive];

    private static async Task<byte[]> PassAsync(byte[] body, long maxBytes = Plenty)
    {
        using var output = new MemoryStream();
        await UploadedContext.From(PipeReader.Create(new MemoryStream(body)), null, maxBytes)(PipeWriter.Create(output), _ => { }, CancellationToken.None);
        return output.ToArray();
    }

    private static async Task<ApiException?> RefusalAsync(byte[] body, long maxBytes = Plenty) =>
        await Record.ExceptionAsync(() => PassAsync(body, maxBytes)) as ApiException;
}
