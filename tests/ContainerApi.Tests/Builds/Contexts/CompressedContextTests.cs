using System.IO.Compression;
using System.IO.Pipelines;
using ContainerApi.Api;
using ContainerApi.Builds.Contexts;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.ZStandard;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class CompressedContextTests
{
    private static readonly byte[] Archive = Fixture("context.tar");

    public static TheoryData<string> Formats => ["gzip", "bzip2", "zstd", "xz"];

    [Theory]
    [InlineData("context.tar.xz")]
    [InlineData("context-none.tar.xz")]
    [InlineData("context-crc32.tar.xz")]
    [InlineData("context-sha.tar.xz")]
    [InlineData("context-x86.tar.xz")]
    [InlineData("context-multi.tar.xz")]
    public async Task Every_variant_of_xz_is_decompressed(string name) => Assert.Equal(Archive, await Uploads.ReadAsync(Fixture(name)));

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Compressed_archive_is_decompressed_from_single_bytes(string format)
    {
        var compressed = Compress(format, Archive);

        Assert.Equal(Archive, await Uploads.ReadAsync(compressed));
        Assert.Equal(Archive, await Uploads.ReadAsync(PipeReader.Create(new SlowStream(compressed))));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Concatenated_members_are_one_archive(string format)
    {
        // As written by pigz, pbzip2, pzstd and cat; the xz archive is a fixture.
        var compressed = format == "xz"
            ? Fixture("context-multi.tar.xz")
            : [.. Compress(format, Archive[..1000]), .. Compress(format, Archive[1000..])];

        Assert.Equal(Archive, await Uploads.ReadAsync(compressed));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Truncated_stream_is_refused_with_the_position(string format)
    {
        var compressed = Compress(format, Archive);
        for (var length = 1; length < compressed.Length; length++)
        {
            var refused = await Uploads.RefusalAsync(compressed[..length]);
            Assert.True(ErrorCode.InvalidContext == refused?.Code, $"cut at {length} of {compressed.Length}: {refused}");
        }

        var message = (await Uploads.RefusalAsync(compressed[..^1]))!.Message;
        Assert.Matches($"^The {format} stream is damaged or cut short, [0-9]+ bytes into the archive.$", message);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Damaged_stream_is_refused_or_complete(string format)
    {
        var compressed = Compress(format, Archive);
        for (var at = 0; at < compressed.Length; at++)
        {
            var damaged = (byte[])compressed.Clone();
            damaged[at] ^= 4;
            var failure = await Record.ExceptionAsync(async () => Assert.Equal(Archive, await Uploads.ReadAsync(damaged)));
            Assert.True(failure is null || (failure as ApiException)?.Code.Status == 400, $"{at} of {compressed.Length}: {failure}");
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Decompression_bomb_is_too_large(string format)
    {
        var bomb = Large(format);
        Assert.True(bomb.Length < 1 << 20);

        Assert.Equal(ErrorCode.ContextTooLarge, (await Uploads.RefusalAsync(bomb, maxBytes: 1 << 20))?.Code);
    }

    [Theory]
    [InlineData("large-window.tar.xz", "The xz stream needs more than 64 MiB of memory to be decompressed, 0 bytes into the archive.")]
    [InlineData("large-window.tar.zst", "The zstd stream needs more than 128 MiB of memory to be decompressed, 0 bytes into the archive.")]
    public async Task Stream_with_a_large_window_is_refused(string name, string message)
    {
        var refused = await Uploads.RefusalAsync(Fixture(name));

        Assert.Equal((ErrorCode.InvalidContext, message), (refused!.Code, refused.Message));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Decompression_of_a_stalled_upload_can_be_cancelled(string format)
    {
        using var leaving = new CancellationTokenSource();
        var body = new Pipe();
        await body.Writer.WriteAsync(Compress(format, Archive).AsMemory(..^10));
        var unformat = Uploads.ReadAsync(body.Reader, cancellationToken: leaving.Token);
        Assert.False(unformat.IsCompleted);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unformat.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Failure_of_the_connection_is_not_a_damaged_archive(string format)
    {
        var body = new Pipe();
        await body.Writer.WriteAsync(Compress(format, Archive).AsMemory(..^10));
        await body.Writer.CompleteAsync(new IOException("The client reset the connection."));

        var failure = await Assert.ThrowsAsync<IOException>(() => Uploads.ReadAsync(body.Reader));

        Assert.Equal("The client reset the connection.", failure.Message);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Decompression_waits_for_its_reader(string format)
    {
        var source = new MemoryStream(Large(format));
        var output = new Pipe(new PipeOptions(pauseWriterThreshold: 100_000, resumeWriterThreshold: 50_000));

        var unformat = UploadedContext.From(PipeReader.Create(source), null, 1L << 30)(output.Writer, _ => { }, CancellationToken.None);
        await output.Reader.ReadAtLeastAsync(100_000);

        Assert.False(unformat.IsCompleted);
        await output.Reader.CompleteAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => unformat);
    }

    /// <summary>Some megabytes: zeros after the archive's end, for xz as many archives as that takes.</summary>
    private static byte[] Large(string format) => format == "xz"
        ? [.. Enumerable.Repeat(Fixture("context.tar.xz"), 1200).SelectMany(b => b)] : Compress(format, [.. Archive, .. new byte[4 << 20]]);

    private static byte[] Compress(string format, byte[] content)
    {
        if (format == "xz")
        {
            // No .NET library writes xz.
            return Fixture("context.tar.xz");
        }

        using var compressed = new MemoryStream();
        using (Stream stream = format switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true),
            "bzip2" => BZip2Stream.Create(
                compressed, SharpCompress.Compressors.CompressionMode.Compress, decompressConcatenated: false, leaveOpen: true),
            _ => WithChecksum(new CompressionStream(compressed)),
        })
        {
            stream.Write(content);
        }

        return compressed.ToArray();
    }

    private static CompressionStream WithChecksum(CompressionStream stream)
    {
        stream.SetParameter(SharpCompress.Compressors.ZStandard.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return stream;
    }

    private static byte[] Fixture(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Archives", name));

    /// <summary>Returns one byte per read, asynchronously.</summary>
    private sealed class SlowStream(byte[] content) : MemoryStream(content)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return await base.ReadAsync(buffer[..1], cancellationToken);
        }
    }
}
