namespace ContainerApi.Engine.Docker.Builders;

/// <summary>
/// Cuts one stream of a step's output at line borders: what has no end yet waits for it, up to a bound. A carriage return
/// on its own (a progress bar) ends a line too.
/// </summary>
internal sealed class StepOutput
{
    private const int LongestWait = 8 * 1024;
    private string _pending = "";

    /// <summary>Whether a line has begun that has no end yet.</summary>
    public bool IsWaiting => _pending.Length > 0;

    /// <summary>The whole lines that there are now, or null while there are none.</summary>
    public string? Add(string text)
    {
        var all = _pending.Length == 0 ? text : _pending + text;
        var border = LastBorder(all);
        if (all.Length - border > LongestWait)
        {
            border = char.IsHighSurrogate(all[^1]) ? all.Length - 1 : all.Length;
        }

        _pending = all[border..];
        return border == 0 ? null : all[..border];
    }

    /// <summary>What waits still: the stream is over.</summary>
    public string? Flush()
    {
        var rest = _pending;
        _pending = "";
        return rest.Length == 0 ? null : rest;
    }

    private static int LastBorder(string text)
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
