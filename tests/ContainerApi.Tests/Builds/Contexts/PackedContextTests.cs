using System.IO.Compression;
using System.IO.Pipelines;
using ContainerApi.Api;
using ContainerApi.Builds.Contexts;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.ZStandard;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class PackedContextTests
{
    private const long Plenty = 1L << 30;
    private static readonly byte[] Archive = Fixture("context.tar");

    public static TheoryData<string> Packings => ["gzip", "bzip2", "zstd", "xz"];

    [Theory]
    [InlineData("context.tar.xz")]
    [InlineData("context-none.tar.xz")]
    [InlineData("context-crc32.tar.xz")]
    [InlineData("context-sha.tar.xz")]
    [InlineData("context-x86.tar.xz")]
    [InlineData("context-multi.tar.xz")]
    public async Task Every_kind_of_xz_is_unpacked(string name) => Assert.Equal(Archive, await UnpackAsync(Fixture(name)));

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task A_packed_archive_is_unpacked_also_where_it_comes_byte_by_byte(string packing)
    {
        var packed = Pack(packing, Archive);

        Assert.Equal(Archive, await UnpackAsync(packed));
        Assert.Equal(Archive, await UnpackAsync(new Dribble(packed)));
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task Members_one_after_the_other_are_one_archive(string packing)
    {
        // As pigz, pbzip2, pzstd and a plain cat make them; xz is among the fixtures.
        var packed = packing == "xz" ? Fixture("context-multi.tar.xz") : [.. Pack(packing, Archive[..1000]), .. Pack(packing, Archive[1000..])];

        Assert.Equal(Archive, await UnpackAsync(packed));
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task Wherever_it_is_cut_it_is_refused_and_told_where(string packing)
    {
        var packed = Pack(packing, Archive);
        for (var length = 1; length < packed.Length; length++)
        {
            var refused = await RefusalAsync(packed[..length]);
            Assert.True(ErrorCode.InvalidContext == refused?.Code, $"cut at {length} of {packed.Length}: {refused}");
        }

        Assert.Matches($"^The {packing} stream is damaged or cut short, [0-9]+ bytes into the archive.$", (await RefusalAsync(packed[..^1]))!.Message);
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task A_damaged_one_is_refused_or_comes_out_whole(string packing)
    {
        var packed = Pack(packing, Archive);
        for (var at = 0; at < packed.Length; at++)
        {
            var damaged = (byte[])packed.Clone();
            damaged[at] ^= 4;
            var failure = await Record.ExceptionAsync(async () => Assert.Equal(Archive, await UnpackAsync(damaged)));
            Assert.True(failure is null || (failure as ApiException)?.Code.Status == 400, $"{at} of {packed.Length}: {failure}");
        }
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task A_bomb_ends_at_the_limit(string packing)
    {
        var bomb = Large(packing);
        Assert.True(bomb.Length < 1 << 20);

        Assert.Equal(ErrorCode.ContextTooLarge, (await RefusalAsync(bomb, maxBytes: 1 << 20))?.Code);
    }

    [Theory]
    [InlineData("large-window.tar.xz", "The xz stream needs more than 64 MiB of memory to be decompressed, 0 bytes into the archive.")]
    [InlineData("large-window.tar.zst", "The zstd stream needs more than 128 MiB of memory to be decompressed, 0 bytes into the archive.")]
    public async Task One_that_would_take_too_much_memory_is_refused(string name, string message)
    {
        var refused = await RefusalAsync(Fixture(name));

        Assert.Equal((ErrorCode.InvalidContext, message), (refused!.Code, refused.Message));
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task A_client_that_stops_sending_can_be_left(string packing)
    {
        using var leaving = new CancellationTokenSource();
        var body = new Pipe();
        await body.Writer.WriteAsync(Pack(packing, Archive).AsMemory(..^10));
        var unpacking = UnpackAsync(body.Reader, Plenty, leaving.Token);
        Assert.False(unpacking.IsCompleted);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unpacking.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task What_the_client_broke_stays_the_clients_failure(string packing)
    {
        var body = new Pipe();
        await body.Writer.WriteAsync(Pack(packing, Archive).AsMemory(..^10));
        await body.Writer.CompleteAsync(new IOException("The client reset the connection."));

        var failure = await Assert.ThrowsAsync<IOException>(() => UnpackAsync(body.Reader, Plenty, CancellationToken.None));

        Assert.Equal("The client reset the connection.", failure.Message);
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task It_does_not_run_ahead_of_whoever_reads(string packing)
    {
        var source = new MemoryStream(Large(packing));
        var output = new Pipe(new PipeOptions(pauseWriterThreshold: 100_000, resumeWriterThreshold: 50_000));

        var unpacking = UploadedContext.From(PipeReader.Create(source), null, Plenty)(output.Writer, _ => { }, CancellationToken.None);
        await output.Reader.ReadAtLeastAsync(100_000);

        Assert.False(unpacking.IsCompleted);
        await output.Reader.CompleteAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => unpacking);
    }

    /// <summary>Some megabytes: zeros after the archive's end, for xz as many archives as that takes.</summary>
    private static byte[] Large(string packing) => packing == "xz"
        ? [.. Enumerable.Repeat(Fixture("context.tar.xz"), 1200).SelectMany(b => b)] : Pack(packing, [.. Archive, .. new byte[4 << 20]]);

    private static byte[] Pack(string packing, byte[] content)
    {
        if (packing == "xz")
        {
            // Nobody in .NET writes it.
            return Fixture("context.tar.xz");
        }

        using var packed = new MemoryStream();
        using (Stream stream = packing switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true),
            "bzip2" => BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Compress, decompressConcatenated: false, leaveOpen: true),
            _ => WithChecksum(new CompressionStream(packed)),
        })
        {
            stream.Write(content);
        }

        return packed.ToArray();
    }

    private static CompressionStream WithChecksum(CompressionStream stream)
    {
        stream.SetParameter(SharpCompress.Compressors.ZStandard.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return stream;
    }

    private static byte[] Fixture(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Archives", name));

    private static Task<byte[]> UnpackAsync(byte[] body, long maxBytes = Plenty) => UnpackAsync(new MemoryStream(body), maxBytes);

    private static Task<byte[]> UnpackAsync(Stream body, long maxBytes = Plenty) => UnpackAsync(PipeReader.Create(body), maxBytes, CancellationToken.None);

    private static async Task<byte[]> UnpackAsync(PipeReader body, long maxBytes, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        await UploadedContext.From(body, null, maxBytes)(PipeWriter.Create(output), _ => { }, cancellationToken);
        return output.ToArray();
    }

    private static async Task<ApiException?> RefusalAsync(byte[] body, long maxBytes = Plenty) =>
        await Record.ExceptionAsync(() => UnpackAsync(body, maxBytes)) as ApiException;

    /// <summary>One byte a read, and not at once.</summary>
    private sealed class Dribble(byte[] content) : MemoryStream(content)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return await base.ReadAsync(buffer[..1], cancellationToken);
        }
    }
}
