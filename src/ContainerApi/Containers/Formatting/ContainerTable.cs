using ContainerApi.Api;

namespace ContainerApi.Containers.Formatting;

/// <summary>Pure: a collection as a table like that of <c>docker ps</c>.</summary>
internal static class ContainerTable
{
    private static readonly IReadOnlyList<ContainerColumn> Columns =
        [.. ContainerColumns.All.Where(c => c.Table is not null).OrderBy(c => c.Table!.Position)];

    public static string Write(ContainerCollection collection, DateTimeOffset now)
    {
        var columns = Columns.Where(c => c.Name == "engine" ? collection.Engines.Count > 1 : collection.Has(c.Section)).ToList();
        var table = Table.Write(
            [.. columns.Select(c => c.Table!.Heading)],
            [.. collection.Rows.Select(row => (IReadOnlyList<string?>)[.. columns.Select(c => c.Table!.Text(row, now))])]);
        return table + string.Concat(collection.Engines.Where(e => e.Error is not null)
            .Select(e => $"! engine {e.Name} is missing: {VisibleText.Escape(e.Error!.Message)}\n"));
    }
}
