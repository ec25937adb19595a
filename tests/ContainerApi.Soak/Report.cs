namespace ContainerApi.Soak;

/// <summary>Resource usage of the service at one time.</summary>
/// <param name="At">Time since the start of the load.</param>
/// <param name="HeapMegabytes">Heap size after the last garbage collection; null if unknown.</param>
internal sealed record Reading(TimeSpan At, Holding Holds, double? HeapMegabytes);

/// <summary>The table of figures and bounds at the end of a run.</summary>
internal sealed class Report
{
    /// <summary>During this time code is compiled, caches and history fill, and memory grows.</summary>
    public static readonly TimeSpan Start = TimeSpan.FromMinutes(10);

    private readonly List<string> _rows = [];

    public bool Passed { get; private set; } = true;

    public void Add(string what, string figure, string bound = "", bool holds = true)
    {
        Passed &= holds;
        _rows.Add($"| {what} | {figure} | {bound} | {(bound.Length == 0 ? "" : holds ? "holds" : "**broken**")} |");
    }

    /// <summary>
    /// Adds a row that requires the mean of the last third to exceed the second by at most <paramref name="percent"/>. Runs shorter than
    /// <see cref="Start"/> have no bound.
    /// </summary>
    public void AddFlat(string what, IReadOnlyList<Reading> readings, Func<Reading, double?> of, double percent, string unit)
    {
        var (first, second, last) = (MeanOf(0), MeanOf(1), MeanOf(2));
        var growth = (last / second - 1) * 100;
        var figure = $"{first:0.0}, {second:0.0}, {last:0.0}{unit} ({growth:+0.0;-0.0} %)";
        if (readings[^1].At < Start)
        {
            Add(what, figure);
        }
        else
        {
            Add(what, figure, $"≤ +{percent:0} %", growth <= percent);
        }

        double MeanOf(int third) => readings.Skip(third * readings.Count / 3).Take(readings.Count / 3).Select(of).OfType<double>()
            .DefaultIfEmpty(double.NaN).Average();
    }

    public void Print(string head)
    {
        Console.WriteLine(head);
        Console.WriteLine();
        Console.WriteLine("| what | figure | bound | |");
        Console.WriteLine("|---|---|---|---|");
        _rows.ForEach(Console.WriteLine);
    }
}
