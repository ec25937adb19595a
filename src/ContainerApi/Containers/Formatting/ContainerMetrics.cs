using ContainerApi.Api.Lists;

namespace ContainerApi.Containers.Formatting;

/// <summary>Pure: a collection in Prometheus's text format (0.0.4). An unknown value has no sample.</summary>
internal static partial class ContainerMetrics
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly IReadOnlyList<ContainerColumn> Columns = [.. ContainerColumns.All.Where(c => c.Metric is not null)];

    public static string Write(ContainerCollection collection, MetricsOptions options)
    {
        var text = new StringBuilder();
        var rows = collection.Rows.Take(options.MaxContainers).Select(r => (Row: r, Labels: LabelsOf(r, options.ContainerLabels))).ToList();
        foreach (var column in Columns)
        {
            var metric = column.Metric!;
            Head(text, metric.Name, metric.Type, metric.Help);
            foreach (var (row, labels) in rows)
            {
                Append(text, column, metric, row, labels);
            }
        }

        Head(text, "containerapi_engine_up", "gauge", "1 while the engine answers.");
        foreach (var engine in collection.Engines)
        {
            Sample(text, "containerapi_engine_up", $"engine=\"{Escaped(engine.Name)}\"", engine.Error is null ? 1 : 0);
        }

        Head(text, "containerapi_metrics_omitted_containers", "gauge", "Containers without metrics, beyond Metrics:MaxContainers.");
        text.Append(CultureInfo.InvariantCulture, $"containerapi_metrics_omitted_containers {collection.Rows.Count - rows.Count}\n");
        return text.ToString();
    }

    /// <summary>Merges the texts of several replicas. Of a series without labels each has a part.</summary>
    public static string Merge(IReadOnlyList<string> parts)
    {
        var families = new OrderedDictionary<string, (string Head, StringBuilder Samples, double? Sum)>();
        foreach (var family in parts.SelectMany(p => HelpLine.Split(p).Where(f => f.Length > 0)))
        {
            var lines = family.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var name = lines[0].Split(' ')[2];
            var (head, samples, sum) = families.GetValueOrDefault(name, (string.Join('\n', lines.TakeWhile(l => l[0] == '#')), new(), null));
            foreach (var sample in lines.Where(l => l[0] != '#'))
            {
                if (sample.StartsWith(name + ' ', StringComparison.Ordinal))
                {
                    sum = (sum ?? 0) + double.Parse(sample[name.Length..], CultureInfo.InvariantCulture);
                }
                else
                {
                    samples.Append(sample).Append('\n');
                }
            }

            families[name] = (head, samples, sum);
        }

        return string.Concat(families.Select(f => string.Create(
            CultureInfo.InvariantCulture, $"{f.Value.Head}\n{f.Value.Samples}{(f.Value.Sum is { } sum ? $"{f.Key} {sum}\n" : "")}")));
    }

    private static void Append(StringBuilder text, ContainerColumn column, MetricColumn metric, ContainerRow row, string labels)
    {
        if (metric.OfInterface is not { } traffic)
        {
            var value = metric.Of is { } of ? of(row) : column.Value(row);
            if (value is string word)
            {
                Sample(text, metric.Name, $"{labels},{column.Key}=\"{Escaped(word)}\"", 1);
            }
            else if (Column<ContainerRow>.Number(value) is { } number)
            {
                Sample(text, metric.Name, labels, number / metric.Divisor);
            }
        }
        else if (row.Network is { SharedWith: null, Interfaces: { } interfaces })
        {
            // A shared network counts once: for the container that it was created for.
            foreach (var (name, counters) in interfaces)
            {
                Sample(text, metric.Name, $"{labels},interface=\"{Escaped(name)}\"", traffic(counters));
            }
        }
    }

    private static void Sample(StringBuilder text, string name, string labels, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{{{labels}}} {value}\n");

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    /// <summary>Returns the name of a container's label among the labels of a series.</summary>
    public static string LabelName(string label) => "container_label_" + NotInNames.Replace(label, "_");

    private static string LabelsOf(ContainerRow row, IReadOnlyList<string> wanted)
    {
        var labels = new StringBuilder();
        labels.Append(CultureInfo.InvariantCulture, $"engine=\"{Escaped(row.Engine)}\",id=\"{row.ShortId}\"")
            .Append(CultureInfo.InvariantCulture, $",name=\"{Escaped(row.Facts.Name ?? "")}\",image=\"{Escaped(row.Facts.Image)}\"");
        var group = row.Facts.Group;
        // To Prometheus an empty label is a missing one.
        Append("project", group.Project);
        Append("service", group.Service);
        foreach (var name in wanted)
        {
            var value = row.Facts.Labels.GetValueOrDefault(name) ?? "";
            labels.Append(CultureInfo.InvariantCulture, $",{LabelName(name)}=\"{Escaped(value)}\"");
        }

        return labels.ToString();

        void Append(string name, string? value)
        {
            if (value is not null)
            {
                labels.Append(CultureInfo.InvariantCulture, $",{name}=\"{Escaped(value)}\"");
            }
        }
    }

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    [GeneratedRegex("^(?=# HELP )", RegexOptions.Multiline)]
    private static partial Regex HelpLine { get; }

    [GeneratedRegex("[^a-zA-Z0-9_]")]
    private static partial Regex NotInNames { get; }
}
