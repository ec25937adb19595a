namespace ContainerApi.Api.Lists;

/// <summary>Pure: times and sizes for people, as Docker's command line writes them.</summary>
internal static class HumanText
{
    /// <summary>A time span as <c>docker ps</c> writes it (docker/go-units <c>HumanDuration</c>).</summary>
    public static string Ago(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalMinutes: < 1 } => Count(span.TotalSeconds, "seconds"),
        { TotalMinutes: < 2 } => "About a minute",
        { TotalHours: < 1 } => Count(span.TotalMinutes, "minutes"),
        { TotalHours: < 2 } => "About an hour",
        { TotalDays: < 2 } => Count(span.TotalHours, "hours"),
        { TotalDays: < 14 } => Count(span.TotalDays, "days"),
        { TotalDays: < 60 } => Count(span.TotalDays / 7, "weeks"),
        { TotalDays: < 730 } => Count(span.TotalDays / 30, "months"),
        _ => Count(span.TotalDays / 365, "years"),
    };

    private static string Count(double number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{(long)number} {unit}");

    /// <summary>Memory as <c>docker stats</c> writes it: powers of 1024, four digits.</summary>
    public static string BinarySize(long bytes) => Size(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], digits: 4);

    /// <summary>Traffic as <c>docker stats</c> writes it: powers of 1000, three digits.</summary>
    public static string DecimalSize(double bytes) => Size(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"], digits: 3);

    /// <summary>Traffic in both directions as <c>docker stats</c> writes it; null where it is unknown.</summary>
    public static string? InAndOut(double? received, double? sent) =>
        received is { } r && sent is { } s ? $"{DecimalSize(r)} / {DecimalSize(s)}" : null;

    public static string? Percent(double? value) => value is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent:0.00}%") : null;

    private static string Size(double value, int step, string[] units, int digits)
    {
        var unit = 0;
        for (; value >= step && unit < units.Length - 1; unit++)
        {
            value /= step;
        }

        var whole = Math.Max(1, (int)Math.Floor(Math.Log10(Math.Max(value, 1))) + 1);
        return Math.Round(value, Math.Max(0, digits - whole)).ToString("0.###", CultureInfo.InvariantCulture) + units[unit];
    }
}
