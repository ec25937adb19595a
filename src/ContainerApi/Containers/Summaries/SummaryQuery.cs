using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Api.Requests;

namespace ContainerApi.Containers.Summaries;

/// <summary>The parameters of <c>GET /summary</c>.</summary>
internal sealed record SummaryQuery(
    [Parameter("What to group the containers by; repeatable. Default: `project`.", Example = "project,service", CommaSeparated = true, MaxItems = 4)]
    IReadOnlyList<SummaryDimension> By,
    ContainerSelection Selection,
    [Parameter("The field to order the groups by, prefixed with `-` for descending order. Unknown values come last. Default: by `key`.",
        Example = "-usage.cpuPercent")]
    ListSort<SummaryRow>? Sort,
    [Parameter("The maximum age of the response, in seconds or as in `1m`. Default: 0, the containers are read after the request arrived.",
        Min = 0, Max = 3600)]
    TimeSpan? MaxAge,
    [Parameter("The format of the response. Default: by `Accept`.", Allowed = ["json", "table", "csv"])]
    Format? Format,
    LocalParameter Local)
{
    public static readonly IReadOnlyList<Format> Formats = [Api.Format.Json, Api.Format.Table, Api.Format.Csv];

    public IReadOnlyList<SummaryDimension> Dimensions => By.Count == 0 ? [SummaryDimension.Project] : [.. By.Distinct()];
}
