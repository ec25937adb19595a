using ContainerApi.Streams;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// An answer of an engine, or the messages of one, with a maximum size: the engine is not trusted with this service's memory. Values
/// are counted, too, because three bytes of JSON (<c>{},</c>) become an object of a hundred.
/// </summary>
internal sealed class BoundedStream(Stream answer, string engine, long maxBytes) : ForwardStream
{
    /// <summary>Engines send more bytes for each value: property names, ids, addresses.</summary>
    private const int MinBytesPerValue = 32;

    /// <summary>One read of many small messages is bounded, too.</summary>
    private const int MaxRead = 64 * 1024;

    private long _bytes;
    private long _values;

    /// <summary>Starts to count again: the next message of a stream begins.</summary>
    public void Restart() => (_bytes, _values) = (0, 0);

    /// <exception cref="EngineException">The answer is too large.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await answer.ReadAsync(buffer[..Math.Min(buffer.Length, MaxRead)], cancellationToken);
        _bytes += read;
        _values += buffer.Span[..read].Count((byte)',');
        return _bytes <= maxBytes && _values <= maxBytes / MinBytesPerValue ? read : throw new EngineException(
            ErrorCode.EngineError, engine,
            $"The engine returned an invalid response: it exceeds {maxBytes} bytes or {maxBytes / MinBytesPerValue} values.");
    }

    protected override void Dispose(bool disposing)
    {
        answer.Dispose();
        base.Dispose(disposing);
    }
}
