using System.Formats.Tar;
using System.IO.Pipelines;
using ContainerApi.Archives;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

/// <summary>Entries of an uploaded archive, and the search for its Dockerfile.</summary>
[Collection(SerialCollection.Name)]
public sealed class ArchiveRulesTests
{
    [Theory]
    [InlineData("../x", "points outside the context")]
    [InlineData("a/../../x", "points outside the context")]
    [InlineData("./..", "points outside the context")]
    [InlineData("/etc/passwd", "has an absolute name")]
    [InlineData("/", "has an absolute name")]
    [InlineData("//x", "has an absolute name")]
    public async Task Name_outside_the_context_is_refused(string name, string why)
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
    public async Task Name_inside_the_context_is_accepted(string name) => Assert.Null(await RefusalAsync(Header('5', name)));

    [Theory]
    [InlineData('3', "is a device")]
    [InlineData('4', "is a device")]
    [InlineData('6', "is a pipe")]
    [InlineData('S', "is a sparse file in GNU format")]
    [InlineData('V', "has the entry type 'V'")]
    [InlineData('\u0001', "has the entry type '?'")]
    public async Task Entry_of_an_unsupported_type_is_refused(char type, string why)
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
    public async Task Entry_below_a_link_that_points_outside_is_refused(string link, string target, string name, bool refused)
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
    public async Task Hard_link_must_point_inside_the_context(string target, bool passes) =>
        Assert.Equal(passes, await RefusalAsync(Header('0', "a/b"), Header('1', "l", target)) is null);

    [Fact]
    public async Task Empty_long_or_NUL_name_is_refused()
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
    public async Task Invalid_pax_header_is_refused(string records, string why)
    {
        var refused = await RefusalAsync(Pax(records), Header('0', "Dockerfile"));

        Assert.Contains(why, refused!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("30 GNU.sparse.realsize=1000000000000\n")]
    [InlineData("26 GNU.sparse.size=1000000000000\n")]
    public async Task Holes_of_a_sparse_file_count_as_size(string records)
    {
        var refused = await RefusalAsync(Pax($"{records.Length}{records[2..]}"), Header('0', "sparse"));

        Assert.Equal(ErrorCode.ContextTooLarge, refused?.Code);
    }

    [Fact]
    public async Task Dockerfile_is_checked_before_the_archive_ends()
    {
        foreach (var (dockerfile, entries, expected) in new (string?, string[], string?[])[]
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
            var checks = new List<string?>();
            await Uploads.CheckAsync(Tar(entries), dockerfile, checks.Add);
            Assert.Equal(expected, checks);
        }
    }

    [Theory]
    [InlineData(null, '1', "Dockerfile")]
    [InlineData(null, '2', "Dockerfile")]
    [InlineData("d/prod", '2', "d")]
    public async Task Dockerfile_behind_a_link_is_not_checked_and_not_missing(string? dockerfile, char type, string link)
    {
        var checks = new List<string?>();

        await Uploads.CheckAsync([.. Header('0', "other"), .. Header(type, link, "other"), .. new byte[1024]], dockerfile, checks.Add);

        Assert.Empty(checks);
    }

    [Theory]
    [InlineData("Dockerfile")]
    [InlineData("dockerfile")]
    public async Task Failed_Dockerfile_check_stops_the_archive_before_its_end(string name)
    {
        foreach (var ending in new[] { 0, 1024 })
        {
            var archive = Tar([name])[..(1024 + ending)];
            using var output = new MemoryStream();

            var refused = await Assert.ThrowsAsync<ApiException>(() =>
                Uploads.CheckAsync(archive, null, _ => throw new ApiException(ErrorCode.FeatureUnsupported, "No."), output));

            Assert.Equal(ErrorCode.FeatureUnsupported, refused.Code);
            Assert.True(output.Length <= 1024);
        }
    }

    [Fact]
    public async Task Dockerfile_that_is_a_directory_is_refused()
    {
        Assert.Equal(ErrorCode.InvalidDockerfile, (await RefusalAsync(Header('5', "./Dockerfile/")))?.Code);
        Assert.Null(await RefusalAsync(Header('5', "dockerfile/"), Header('0', "Dockerfile")));
    }

    [Theory]
    [InlineData("a1b2/layer.tar,a1b2/json,manifest.json", true)]
    [InlineData("blobs/sha256/a1b2,oci-layout,index.json,manifest.json", true)]
    [InlineData("oci-layout,manifest.json,Dockerfile", false)]
    public async Task Image_of_docker_save_is_named_for_what_it_is(string names, bool refused) =>
        Assert.Equal(refused, (await RefusalAsync(Tar(names.Split(','))))?.Message.Contains("docker save", StringComparison.Ordinal) is true);

    [Fact]
    public async Task Archive_without_entries_is_refused() =>
        Assert.Equal("The archive is empty: it contains no entries.", (await RefusalAsync())!.Message);

    [Fact]
    public async Task Dockerfile_larger_than_1_MiB_is_not_checked()
    {
        foreach (var (size, expected) in new[] { (1024 * 1024, 1), (1024 * 1024 + 1, 0) })
        {
            var checks = new List<string?>();
            var data = new byte[(size + 511) / 512 * 512 + 1024];
            await Uploads.CheckAsync([.. Header('0', "Dockerfile", size: size), .. data], null, checks.Add);
            Assert.Equal(expected, checks.Count);
        }
    }

    [Fact]
    public async Task Archive_of_a_million_entries_takes_little_memory()
    {
        const int Entries = 1_000_000;
        var header = Header('2', "tiny", "/out");
        var archive = new Repeated(header, Entries);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var read = new CountingStream();

        await UploadedContext.From(PipeReader.Create(archive), null, 1L << 32)(PipeWriter.Create(read), _ => { }, CancellationToken.None);

        Assert.Equal(512L * Entries, read.Count);
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 32 << 20);
    }

    private static byte[] Header(char type, string name, string link = "", long size = 0) =>
        TarHeader.Create((byte)type, name, TarHeader.DefaultFileMode, size, 0, link);

    private static byte[] Pax(string records) =>
        [.. Header('x', "pax", size: records.Length), .. Encoding.ASCII.GetBytes(records), .. new byte[512 - records.Length]];

    /// <summary>An archive of files that contain their own names.</summary>
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

    private static Task<ApiException?> RefusalAsync(params byte[][] blocks) =>
        Uploads.RefusalAsync([.. blocks.SelectMany(b => b), .. new byte[1024]]);

    /// <summary>A stream of equal blocks.</summary>
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
