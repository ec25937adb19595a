using System.Buffers.Text;

namespace ContainerApi.Engine.Host;

/// <summary>The fields of <c>/proc/PID/stat</c> that are used. Times are in kernel ticks.</summary>
internal readonly record struct ProcessStat(
    int Parent, long UserTicks, long SystemTicks, int Threads, long StartTicks, long ResidentPages, char State, Range Name)
{
    /// <summary>USER_HZ: 100 on every architecture that .NET runs on.</summary>
    private const long TimePerTick = TimeSpan.TicksPerSecond / 100;

    public TimeSpan CpuTime => new((UserTicks + SystemTicks) * TimePerTick);

    /// <summary>Since the host booted.</summary>
    public TimeSpan StartedAfterBoot => new(StartTicks * TimePerTick);

    /// <summary>Whether the process is a zombie. A main thread that ended before the others looks the same except for the thread count.</summary>
    public bool IsOver => State is 'Z' or 'X' && Threads <= 1;

    /// <summary>The name is in parentheses and may contain any character: it ends at the last parenthesis.</summary>
    public static ProcessStat? Parse(ReadOnlySpan<byte> text)
    {
        var open = text.IndexOf((byte)'(');
        var close = text.LastIndexOf((byte)')');
        if (open < 0 || close < open || close + 2 >= text.Length)
        {
            return null;
        }

        // Numbered as in proc(5), where the id is 1 and the name 2.
        var stat = new ProcessStat { Name = (open + 1)..close, State = (char)text[close + 2] };
        var fields = text[(close + 2)..];
        var field = 2;
        foreach (var range in fields.Split((byte)' '))
        {
            field++;
            if (field is not (4 or 14 or 15 or 20 or 22 or 24))
            {
                continue;
            }

            if (!Utf8Parser.TryParse(fields[range], out long value, out _))
            {
                return null;
            }

            stat = field switch
            {
                4 => stat with { Parent = (int)value },
                14 => stat with { UserTicks = value },
                15 => stat with { SystemTicks = value },
                20 => stat with { Threads = (int)value },
                22 => stat with { StartTicks = value },
                _ => stat with { ResidentPages = value },
            };
            if (field == 24)
            {
                return stat;
            }
        }

        return null;
    }
}
