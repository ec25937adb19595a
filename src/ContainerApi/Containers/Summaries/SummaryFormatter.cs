using ContainerApi.Api;
using ContainerApi.Api.Lists;

namespace ContainerApi.Containers.Summaries;

/// <summary>Pure: a summary in the requested format.</summary>
internal static class SummaryFormatter
{
    /// <param name="sort">Null for the order of the keys.</param>
    public static RenderedBody Render(ContainerSummary summary, ListSort<SummaryRow>? sort, Format format, DateTimeOffset now)
    {
        IReadOnlyList<SummaryRow> rows = [.. summary.Groups.Select(SummaryRow.Of)];
        rows = sort is null ? rows : sort.Cut(rows, after: null, limit: null).Page;
        // A sum of CSV's rows must not count everything twice.
        IReadOnlyList<SummaryRow> shown = format == Format.Table && rows.Count > 1 ? [.. rows, SummaryRow.Total(summary)] : rows;
        return ListFormatter<SummaryRow>.List(
            new ListPage<SummaryRow>(shown, summary.Engines, rows.Count, null, summary.Complete), format, fields: null, now,
            () => summary with { Groups = [.. rows.Select(r => (SummaryGroup)r.Figures)] });
    }
}
