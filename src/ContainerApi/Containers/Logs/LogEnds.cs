using ContainerApi.Engine;

namespace ContainerApi.Containers.Logs;

/// <summary>Questions about the end of a log that a followed log does not answer: its engine sends nothing both while it searches and
/// where nothing is there.</summary>
internal static class LogEnds
{
    /// <summary>The number of lines that may be written while the end is read.</summary>
    private const int MaxNewLines = 256;

    private const int MaxAttempts = 5;

    /// <summary>Returns the time of the last line; null if there is none.</summary>
    /// <exception cref="EngineException">The engine failed.</exception>
    public static async Task<LogTime?> LastLineAsync(IEngine engine, string id, CancellationToken cancellationToken)
    {
        LogTime? last = null;
        await foreach (var lines in engine.ReadLogsAsync(id, EndOf(1), cancellationToken))
        {
            for (var n = 0; n < lines.Count; n++)
            {
                last = last > lines[n].Time ? last : lines[n].Time;
            }
        }

        return last;
    }

    /// <summary>Returns the time of the first line that a tail had at a time; null for an empty log. An engine knows only the tail of
    /// now, so the lines behind that time are counted and added.</summary>
    /// <exception cref="EngineException">The engine failed.</exception>
    public static async Task<LogTime?> FirstLineAsync(IEngine engine, string id, int tail, LogTime at, CancellationToken cancellationToken)
    {
        var later = 0L;
        for (var attempts = 1; ; attempts++)
        {
            var read = (int)Math.Min(tail + later + MaxNewLines, int.MaxValue);
            var firsts = new List<LogTime>(MaxNewLines + 1);
            var total = 0L;
            later = 0;
            await foreach (var lines in engine.ReadLogsAsync(id, EndOf(read), cancellationToken))
            {
                for (var n = 0; n < lines.Count; n++, total++)
                {
                    later += lines[n].Time > at ? 1 : 0;
                    if (firsts.Count <= MaxNewLines)
                    {
                        firsts.Add(lines[n].Time);
                    }
                }
            }

            var surplus = total - later - tail;
            if (surplus >= 0 || total < read || attempts == MaxAttempts)
            {
                return firsts.Count == 0 ? null : firsts[(int)Math.Clamp(surplus, 0, firsts.Count - 1)];
            }
        }
    }

    /// <summary>Both outputs: an engine counts the lines of both.</summary>
    private static LogRange EndOf(int lines) => new(Output: null, Follow: false, Since: null, Until: null, lines);
}
