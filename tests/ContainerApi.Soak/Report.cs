using System.Globalization;

namespace ContainerApi.Soak;

/// <summary>One reading of what the service holds.</summary>
/// <param name="At">Since the load began.</param>
/// <param name="HeapMegabytes">What the last collection left, where the service said it.</param>
internal sealed record Reading(TimeSpan At, Holding Holds, double? HeapMegabytes);

/// <summary>The table at the end of a run: figures, and bounds that they must hold.</summary>
internal sealed class Report
{
    /// <summary>So long the service's code is compiled, its caches and history fill, and memory grows.</summary>
    public static readonly TimeSpan Start = TimeSpan.FromMinutes(10);

    private readonly List<string> _rows = [];

    public bool Passed { get; private set; } = true;

    public void Add(string what, string figure, string bound = "", bool holds = true)
    {
        Passed &= holds;
        _rows.Add($"| {what} | {figure} | {bound} | {(bound.Length == 0 ? "" : holds ? "holds" : "**broken**")} |");
    }

    /// <summary>
    /// Flat: the last third is not more than the second by more than so many percent. The first one is the service's start. A run
    /// that is all start says nothing of it, and is told without a bound.
    /// </summary>
    public void AddFlat(string what, IReadOnlyList<Reading> readings, Func<Reading, double?> of, double percent, string unit)
    {
        var (first, second, last) = (MeanOf(0), MeanOf(1), MeanOf(2));
        var growth = (last / second - 1) * 100;
        var figure = Text($"{first:0.0}, {second:0.0}, {last:0.0}{unit} ({growth:+0.0;-0.0} %)");
        if (readings[^1].At < Start)
        {
            Add(what, figure);
        }
        else
        {
            Add(what, figure, Text($"≤ +{percent:0} %"), growth <= percent);
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

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
