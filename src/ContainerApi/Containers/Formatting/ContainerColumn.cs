using System.Collections;

namespace ContainerApi.Containers.Formatting;

/// <summary>One column of the containers.</summary>
/// <param name="Name">The JSON path, as in <c>name</c> and <c>network.rxBytes</c>.</param>
/// <param name="Section">The section that must be read for it.</param>
/// <param name="Value">Text, number, time, enum or list; null where it is unknown.</param>
internal sealed record ContainerColumn(
    string Name, ContainerSections Section, Func<ContainerRow, object?> Value, TableColumn? Table = null, MetricColumn? Metric = null)
{
    /// <summary>The JSON name of the section, or null for a field of the row itself.</summary>
    public string? Parent { get; } = Name.Contains('.') ? Name[..Name.IndexOf('.')] : null;

    public string Key { get; } = Name[(Name.IndexOf('.') + 1)..];

    /// <summary>A value as a number: times in milliseconds since 1970, lists by their length. Null for text and enums.</summary>
    public static double? Number(object? value) => value switch
    {
        null or string or Enum => null,
        DateTimeOffset time => time.ToUnixTimeMilliseconds(),
        ICollection list => list.Count,
        IEnumerable list => list.Cast<object>().Count(),
        _ => Convert.ToDouble(value, CultureInfo.InvariantCulture),
    };
}

/// <summary>How the table shows a column. It shows no column whose section was not read.</summary>
internal sealed record TableColumn(int Position, string Heading, Func<ContainerRow, DateTimeOffset, string?> Text);

/// <summary>How Prometheus shows a column: a number as a sample, a text as a label of a sample with the value 1.</summary>
/// <param name="Divisor">1000 turns milliseconds into seconds.</param>
/// <param name="OfInterface">Where set, one sample for each network interface.</param>
internal sealed record MetricColumn(string Name, string Type, string Help, double Divisor = 1, Func<InterfaceTraffic, long>? OfInterface = null);
