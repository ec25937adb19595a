namespace ContainerApi.Engine.Facts;

/// <summary>A time of a container's log. <see cref="DateTimeOffset"/> has 100 ns, engines write 1 ns.</summary>
/// <param name="Nanoseconds">Since the Unix epoch.</param>
internal readonly record struct LogTime(long Nanoseconds) : IComparable<LogTime>
{
    /// <summary>The length of <see cref="Write"/>: <c>2026-11-29T00:44:55.469053795Z</c>.</summary>
    public const int TextLength = 30;

    private const long PerSecond = 1_000_000_000;
    private const long PerTick = 100;
    private const int LengthOfSeconds = 19;
    private const int DigitsOfFraction = 9;

    /// <summary>The first and the last second that nanoseconds in 64 bits can tell apart.</summary>
    private const long MinSecond = -9_000_000_000;
    private const long MaxSecond = 9_000_000_000;

    public static LogTime Of(DateTimeOffset time) => new((time - DateTimeOffset.UnixEpoch).Ticks * PerTick);

    public static bool operator <(LogTime a, LogTime b) => a.Nanoseconds < b.Nanoseconds;
    public static bool operator >(LogTime a, LogTime b) => a.Nanoseconds > b.Nanoseconds;
    public static bool operator <=(LogTime a, LogTime b) => a.Nanoseconds <= b.Nanoseconds;
    public static bool operator >=(LogTime a, LogTime b) => a.Nanoseconds >= b.Nanoseconds;

    public int CompareTo(LogTime other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public LogTime Add(TimeSpan duration) => new(Nanoseconds + (duration.Ticks * PerTick));

    public DateTimeOffset ToTime() => DateTimeOffset.UnixEpoch.AddTicks(Nanoseconds / PerTick);

    /// <summary>The seconds and nanoseconds of the parameters <c>since</c> and <c>until</c> of an engine.</summary>
    public string ToUnixSeconds()
    {
        var (seconds, rest) = Split();
        return string.Create(CultureInfo.InvariantCulture, $"{seconds}.{rest:000000000}");
    }

    /// <summary>Reads a time in RFC 3339, with up to nine digits of a fraction.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out LogTime time)
    {
        time = default;
        if (text.Length <= LengthOfSeconds
            || !TryNumber(text[..4], out var year) || text[4] != '-' || !TryNumber(text[5..7], out var month) || text[7] != '-'
            || !TryNumber(text[8..10], out var day) || (text[10] is not ((byte)'T' or (byte)'t'))
            || !TryNumber(text[11..13], out var hour) || text[13] != ':' || !TryNumber(text[14..16], out var minute) || text[16] != ':'
            || !TryNumber(text[17..19], out var second)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
        {
            return false;
        }

        var rest = text[LengthOfSeconds..];
        var nanoseconds = 0L;
        if (rest[0] == '.')
        {
            var digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (digits is < 1 or > DigitsOfFraction || !TryNumber(rest[1..(digits + 1)], out var fraction))
            {
                return false;
            }

            nanoseconds = fraction;
            for (var i = digits; i < DigitsOfFraction; i++)
            {
                nanoseconds *= 10;
            }

            rest = rest[(digits + 1)..];
        }

        if (!TryOffset(rest, out var offset))
        {
            return false;
        }

        var days = new DateOnly(year, month, day).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        var seconds = (days * 86_400L) + (hour * 3600) + (minute * 60) + second - offset;
        time = new LogTime((seconds * PerSecond) + nanoseconds);
        return seconds is > MinSecond and < MaxSecond;
    }

    /// <summary>Writes the time as RFC 3339 in UTC with nine digits of a fraction.</summary>
    public void Write(Span<byte> text)
    {
        var (seconds, rest) = Split();
        DateTimeOffset.FromUnixTimeSeconds(seconds).TryFormat(text, out _, "yyyy-MM-dd'T'HH:mm:ss'.'", CultureInfo.InvariantCulture);
        for (var i = TextLength - 2; i > LengthOfSeconds; i--)
        {
            text[i] = (byte)('0' + (rest % 10));
            rest /= 10;
        }

        text[TextLength - 1] = (byte)'Z';
    }

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[TextLength];
        Write(text);
        return Encoding.ASCII.GetString(text);
    }

    private (long Seconds, long Nanoseconds) Split()
    {
        var seconds = Math.DivRem(Nanoseconds, PerSecond, out var rest);
        return rest < 0 ? (seconds - 1, rest + PerSecond) : (seconds, rest);
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (text is [(byte)'Z' or (byte)'z'])
        {
            return true;
        }

        if (text is not [(byte)'+' or (byte)'-', _, _, (byte)':', _, _]
            || !TryNumber(text[1..3], out var hours) || !TryNumber(text[4..6], out var minutes))
        {
            return false;
        }

        seconds = ((hours * 3600) + (minutes * 60)) * (text[0] == '-' ? -1 : 1);
        return hours < 24 && minutes < 60;
    }

    private static bool TryNumber(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            number = (number * 10) + digit - '0';
        }

        return true;
    }
}
