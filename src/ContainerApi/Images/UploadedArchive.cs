using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using ContainerApi.Archives;
using ContainerApi.Streams;

namespace ContainerApi.Images;

/// <summary>
/// An uploaded archive on its way to an engine: decompressed and validated while the engine reads it. The engine gets the end of the
/// archive only after the whole body was valid, so that it unpacks nothing of one that is cut or damaged.
/// </summary>
internal sealed class UploadedArchive(Stream body, long maxBytes, ImageArchiveRules rules) : ForwardStream
{
    private const int ReadBytes = 64 * 1024;

    private readonly PipeReader _body = PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: ReadBytes));
    private readonly TarStreamValidator _validator = new(maxBytes, rules);
    private string _format = "";
    private DecompressedStream? _archive;

    /// <summary>What is left of the zeros that end the archive; null before the end of the body.</summary>
    private int? _endLeft;

    /// <summary>Why the upload failed; null while it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Runs a step of the call that reads this archive. The failure of the upload replaces that of the call.</summary>
    public async Task<T> GuardAsync<T>(Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception) when (Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
            throw;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await ReadArchiveAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            Failure ??= e;
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        // HttpClient disposes of the content of a request synchronously; the body belongs to the server.
        _body.Complete();
        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_archive is not null)
        {
            await _archive.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    private async ValueTask<int> ReadArchiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        _archive ??= await OpenAsync(cancellationToken);
        while (_endLeft is null)
        {
            var position = _validator.Position;
            var (read, failure) = await _archive.FillAsync(buffer, cancellationToken);
            _validator.Read(buffer.Span[..read]);
            if (failure is not null)
            {
                throw Compression.DescribeDamage(failure) is { } damage
                    ? rules.Invalid($"The {_format} stream {damage}, {_validator.Position} bytes into the archive.", failure)
                    : failure;
            }

            if (read == 0)
            {
                _validator.EndWithMark();
                _endLeft = 2 * TarHeader.BlockSize;
            }
            else if (_validator.EndPosition is not { } end)
            {
                return read;
            }
            else if (end > position)
            {
                return (int)(end - position);
            }
        }

        var zeros = Math.Min(_endLeft.Value, buffer.Length);
        buffer.Span[..zeros].Clear();
        _endLeft -= zeros;
        return zeros;
    }

    private async ValueTask<DecompressedStream> OpenAsync(CancellationToken cancellationToken)
    {
        var compression = await Compression.SniffAsync(_body, cancellationToken) ?? throw rules.Invalid("The body is empty. Send a tar archive.");
        _format = compression.Name;
        return compression.Open(_body, cancellationToken);
    }
}
