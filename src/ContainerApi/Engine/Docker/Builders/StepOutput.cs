namespace ContainerApi.Engine.Docker.Builders;

/// <summary>
/// Splits one output stream of a step after line ends. Text without a line end waits for it, up to a limit. A carriage return
/// without a newline (a progress bar) ends a line, too.
/// </summary>
/// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
internal sealed class StepOutput(string stream)
{
    private const int MaxPending = 8 * 1024;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private string _pending = "";

    /// <summary>Whether a line is incomplete.</summary>
    public bool IsWaiting => _pending.Length > 0;

    /// <summary>Returns the complete lines.</summary>
    public IReadOnlyList<StepLog> Add(string? step, string text)
    {
        var all = _pending.Length == 0 ? text : _pending + text;
        var end = LastLineEnd(all);
        if (all.Length - end > MaxPending)
        {
            end = char.IsHighSurrogate(all[^1]) ? all.Length - 1 : all.Length;
        }

        _pending = all[end..];
        return end == 0 ? [] : [new StepLog(step, stream, all[..end])];
    }

    /// <summary>Returns the complete lines. The bytes may end inside a character.</summary>
    public IReadOnlyList<StepLog> Add(string? step, ReadOnlySpan<byte> bytes) => Add(step, Decode(bytes, flush: false));

    /// <summary>Returns the incomplete line at the end of the stream. An incomplete character becomes U+FFFD.</summary>
    public IReadOnlyList<StepLog> Flush(string? step)
    {
        var rest = _pending + Decode([], flush: true);
        _pending = "";
        return rest.Length == 0 ? [] : [new StepLog(step, stream, rest)];
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[_decoder.GetCharCount(bytes, flush)];
        return new string(chars, 0, _decoder.GetChars(bytes, chars, flush));
    }

    private static int LastLineEnd(string text)
    {
        for (var end = text.Length; end > 0; end--)
        {
            if (text[end - 1] == '\n' || (text[end - 1] == '\r' && end < text.Length && text[end] != '\n'))
            {
                return end;
            }
        }

        return 0;
    }
}
