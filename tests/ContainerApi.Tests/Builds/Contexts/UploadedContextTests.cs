using System.Formats.Tar;
using System.IO.Compression;
using ContainerApi.Archives;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class UploadedContextTests
{
    private const long Limit = 1L << 20;
    private static readonly string LongName = new('n', 300);

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public async Task Archive_passes_unchanged_except_a_pax_header_at_its_start(TarEntryFormat format)
    {
        var archive = Tar(format);
        var expected = format == TarEntryFormat.Pax ? WithDirectory(archive) : archive;

        Assert.Equal(expected, await Uploads.ReadAsync(archive));
        Assert.Equal(expected, await Uploads.ReadAsync(Gzip(archive)));
    }

    [Theory]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public async Task Long_name_at_the_start_is_accepted(TarEntryFormat format)
    {
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, format, leaveOpen: true))
        {
            await writer.WriteEntryAsync(format == TarEntryFormat.Gnu
                ? new GnuTarEntry(TarEntryType.RegularFile, LongName)
                : new PaxTarEntry(TarEntryType.RegularFile, LongName));
        }

        var passed = await Uploads.ReadAsync(archive.ToArray());

        Assert.Equal(WithDirectory(archive.ToArray()), passed);
        var reader = new TarReader(new MemoryStream(passed));
        Assert.Equal([TarEntryType.Directory, TarEntryType.RegularFile], [reader.GetNextEntry()!.EntryType, reader.GetNextEntry()!.EntryType]);
    }

    [Fact]
    public async Task Global_pax_header_at_the_start_is_accepted()
    {
        // As git archive writes it.
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new PaxGlobalExtendedAttributesTarEntry(new Dictionary<string, string> { ["comment"] = "abc" }));
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "Dockerfile"));
        }

        Assert.Equal(WithDirectory(archive.ToArray()), await Uploads.ReadAsync(archive.ToArray()));
    }

    [Fact]
    public async Task Archive_is_validated_from_single_bytes()
    {
        var archive = Tar(TarEntryFormat.Pax);
        var validator = new TarStreamValidator(Limit, Rules());

        foreach (var b in archive)
        {
            validator.Read([b]);
        }

        validator.End();
        Assert.Equal(archive.Length, validator.Position);
        Assert.Equal(WithDirectory(archive), await Uploads.ReadAsync(archive));
    }

    [Fact]
    public async Task Archive_truncated_inside_an_entry_is_refused()
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

            var refused = await Uploads.RefusalAsync(cut);
            Assert.True(ErrorCode.InvalidContext == refused?.Code, $"cut at {length}: {refused}");
        }

        foreach (var border in borders)
        {
            await Uploads.ReadAsync(archive[..border]);
        }
    }

    [Fact]
    public async Task Truncated_archive_is_refused_with_position_and_entry()
    {
        var refused = await Uploads.RefusalAsync(Tar(TarEntryFormat.Ustar)[..2500]);

        Assert.Equal("The archive is truncated: it ends at byte 2500, 1596 bytes before the end of 'd/file'.", refused!.Message);
    }

    [Fact]
    public async Task Damaged_header_is_refused_with_position_and_entry()
    {
        var archive = Tar(TarEntryFormat.Ustar);
        archive[1536 + 3] ^= 1;

        var refused = await Uploads.RefusalAsync(archive);

        Assert.Equal("The archive is damaged: no valid tar header at byte 1536, after 'd/'.", refused!.Message);
    }

    [Fact]
    public async Task Body_that_is_not_an_archive_is_refused()
    {
        foreach (var body in new[]
        {
            [], "FROM scratch\n"u8.ToArray(), Encoding.ASCII.GetBytes(new string('x', 5000)), new byte[100], Gzip([]), Gzip("hello"u8.ToArray()),
            [0x1F, 0x8B], [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        })
        {
            Assert.Equal(ErrorCode.InvalidContext, (await Uploads.RefusalAsync(body))?.Code);
        }
    }

    [Fact]
    public async Task Gzip_with_a_wrong_checksum_is_refused()
    {
        var random = new byte[20_000];
        new Random(1).NextBytes(random);
        var gzip = Gzip(Tar(TarEntryFormat.Ustar, random));

        gzip[^6] ^= 1; // the checksum
        Assert.Equal(ErrorCode.InvalidContext, (await Uploads.RefusalAsync(gzip))?.Code);
    }

    [Fact]
    public async Task Entry_with_a_huge_size_is_too_large()
    {
        // The declared size is checked before the data.
        var huge = TarHeader.Create(TarHeader.File, "x", TarHeader.DefaultFileMode, 1L << 32, 0);
        Assert.Equal(ErrorCode.ContextTooLarge, (await Uploads.RefusalAsync(huge, Limit))?.Code);
        var extended = TarHeader.Create(TarHeader.File, "x", TarHeader.DefaultFileMode, 1L << 40, 0);
        Assert.Equal(ErrorCode.ContextTooLarge, (await Uploads.RefusalAsync(extended, Limit))?.Code);
    }

    [Fact]
    public void Size_in_a_pax_header_is_used()
    {
        var validator = new TarStreamValidator(1L << 40, Rules());
        validator.Read(TarHeader.Create(TarHeader.File, "x", TarHeader.DefaultFileMode, 1L << 34, 0));
        validator.Read(new byte[1 << 20]);

        var refused = Assert.Throws<ApiException>(validator.End);

        Assert.Contains($"{(1L << 34) - (1 << 20)} bytes before the end of 'x'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sparse_file_in_pax_format_is_accepted()
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
        Assert.Equal(WithDirectory(pax), await Uploads.ReadAsync(pax, 8 * Limit));
        Assert.Equal(ErrorCode.InvalidContext, (await Uploads.RefusalAsync(pax[..(pax.Length / 2)], 8 * Limit))?.Code);
        // 40 blocks are stored; the engine would write 2.6 MB.
        Assert.Equal(ErrorCode.ContextTooLarge, (await Uploads.RefusalAsync(pax, Limit))?.Code);

        // The engine does not read the GNU format.
        var refused = await Uploads.RefusalAsync(await PackAsync("gnu"), 8 * Limit);
        Assert.Contains("sparse file in GNU format", refused!.Message, StringComparison.Ordinal);

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

    private static byte[] WithDirectory(byte[] archive) =>
        [.. TarHeader.Create(TarHeader.Directory, "./", TarHeader.DefaultDirectoryMode, 0, 0), .. archive];
}
