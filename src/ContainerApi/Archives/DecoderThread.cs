using System.IO.Pipelines;

namespace ContainerApi.Archives;

/// <summary>
/// Decompresses into a pipe on a dedicated thread. bzip2 and xz are decoded bit by bit, which is two to four times slower if
/// each bit may be awaited. The thread blocks on the client and on the reader without taking a thread from the pool.
/// </summary>
internal static class DecoderThread
{
    private static readonly PipeOptions PipeSettings = new(
        pauseWriterThreshold: 512 * 1024, resumeWriterThreshold: 256 * 1024, minimumSegmentSize: DecoderSink.Chunk, useSynchronizationContext: false);

    /// <param name="decode">May throw any exception if the source is damaged.</param>
    public static DecompressedStream Start(PipeReader body, Action<DecoderSource, DecoderSink> decode, CancellationToken cancellationToken)
    {
        var pipe = new Pipe(PipeSettings);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var source = new DecoderSource(body, stop.Token);
        var thread = Task.Factory.StartNew(
            () => Run(source, pipe.Writer, decode, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return new DecompressedStream(pipe.Reader.AsStream(), async () =>
        {
            await stop.CancelAsync();
            await thread;
            stop.Dispose();
        });
    }

    private static void Run(DecoderSource source, PipeWriter output, Action<DecoderSource, DecoderSink> decode, CancellationToken cancellationToken)
    {
        try
        {
            decode(source, new DecoderSink(output, cancellationToken));
            output.Complete();
        }
        catch (Exception e) when (source.Failure is not null || e is OperationCanceledException or WindowTooLargeException)
        {
            output.Complete(source.Failure ?? e);
        }
        catch (Exception e)
        {
            output.Complete(new InvalidDataException("The compressed stream is damaged.", e));
        }
    }
}

/// <summary>The compressed bytes for a blocking decoder: a read returns fewer bytes than requested only at the end.</summary>
internal sealed class DecoderSource(PipeReader body, CancellationToken cancellationToken) : Stream
{
    private readonly byte[] _buffer = new byte[DecoderSink.Chunk];
    private int _at;
    private int _end;
    private long _position;
    private bool _isEnded;

    /// <summary>The exception with which reading failed, if the decoder did not cause it.</summary>
    public Exception? Failure { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Returns the next bytes without consuming them; fewer only at the end.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        if (_end - _at < count && !_isEnded)
        {
            _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
            (_at, _end) = (0, _end - _at);
            while (_end < count && Fill())
            {
            }
        }

        return _buffer.AsSpan(_at, Math.Min(count, _end - _at));
    }

    public override int Read(Span<byte> buffer)
    {
        var read = 0;
        while (read < buffer.Length && (_at < _end || Refill()))
        {
            var taken = Math.Min(buffer.Length - read, _end - _at);
            _buffer.AsSpan(_at, taken).CopyTo(buffer[read..]);
            _at += taken;
            read += taken;
        }

        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int ReadByte()
    {
        if (_at == _end && !Refill())
        {
            return -1;
        }

        _position++;
        return _buffer[_at++];
    }

    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private bool Refill()
    {
        (_at, _end) = (0, 0);
        return Fill();
    }

    /// <summary>Waits for more bytes; false at the end.</summary>
    private bool Fill()
    {
        if (_isEnded)
        {
            return false;
        }

        try
        {
            var result = body.ReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult();
            var taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, _buffer.Length - _end));
            System.Buffers.BuffersExtensions.CopyTo(taken, _buffer.AsSpan(_end));
            _end += (int)taken.Length;
            _isEnded = result.IsCompleted && taken.Length == result.Buffer.Length;
            body.AdvanceTo(taken.End);
            return taken.Length > 0;
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
    }
}

/// <summary>Receives the decompressed bytes; blocks until the reader has room.</summary>
internal sealed class DecoderSink(PipeWriter output, CancellationToken cancellationToken)
{
    public const int Chunk = 64 * 1024;
    private readonly byte[] _buffer = new byte[Chunk];

    /// <summary>Copies one chunk of a decoder's stream. Fewer bytes than a chunk mean its end.</summary>
    public int WriteFrom(Stream decoder)
    {
        var read = decoder.Read(_buffer, 0, _buffer.Length);
        if (read > 0 && output.WriteAsync(_buffer.AsMemory(0, read), cancellationToken).AsTask().GetAwaiter().GetResult().IsCompleted)
        {
            throw new OperationCanceledException("The reader of the context has stopped.");
        }

        return read;
    }
}
