using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Api.Requests;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>The parameters of <c>GET /containers</c>.</summary>
internal sealed record ContainerListRequest(
    ContainerSelection Selection,
    [Parameter(IncludedSections.Description, Example = "processes,network")]
    IncludedSections? Include,
    [Parameter("Only these fields, separated by commas; `network.rxBytes` for a field of a section. A section without a selected field is not read.",
        Example = "name,status,network.rxBytes")]
    ListFields<ContainerRow>? Fields,
    [Parameter("The field to order by, prefixed with `-` for descending order. Unknown values come last; a list is ordered by its length.",
        Default = "-createdAt", Example = "-network.rxBytesPerSecond")]
    ListSort<ContainerRow> Sort,
    [Parameter("The maximum number of containers on a page. Default: all.", Min = 1, Max = 10_000)]
    int? Limit,
    [Parameter("The `nextCursor` of the previous page.")]
    ListCursor? Cursor,
    [Parameter("The maximum age of the response, in seconds or as in `1m`. Default: 0, the containers are read after the request arrived.",
        Min = 0, Max = 3600)]
    TimeSpan? MaxAge,
    [Parameter("The format of the response. Default: by `Accept`.")]
    Format? Format,
    LocalParameter Local)
{
    public ContainerRequest ToRequest() => new(Selection, IncludedSections.Needed(Include, Fields))
    {
        Sort = Sort,
        Limit = Limit,
    };
}

/// <summary>The parameters that select one container.</summary>
internal sealed record ContainerSelector(
    [Parameter("The container's name, id or unique id prefix.", In = ParameterPlace.Route)]
    ContainerReference Container,
    [Parameter(EngineName.OfRead)]
    EngineName? Engine);

/// <summary>The parameters of <c>GET /containers/{container}</c>.</summary>
internal sealed record ContainerQuery(
    ContainerSelector Selector,
    [Parameter("Sections to read: `processes`, `network`, `usage`, `details`, `size`, separated by commas, or `none`. Default: all but `size`, "
        + "for which the engine walks over the container's changed files.",
        Example = "processes,details")]
    IncludedSections? Include,
    [Parameter("Only these fields, separated by commas.", Example = "name,status,network.rxBytes")]
    ListFields<ContainerRow>? Fields,
    [Parameter("The maximum age of the response, in seconds or as in `1m`. Default: 0.", Min = 0, Max = 3600)]
    TimeSpan? MaxAge,
    [Parameter("The format of the response. Default: by `Accept`.")]
    Format? Format,
    LocalParameter Local);

/// <summary>The parameters of <c>GET /containers/{container}/processes</c>.</summary>
internal sealed record ContainerProcessesQuery(
    ContainerSelector Selector,
    [Parameter("The field to order by, prefixed with `-` for descending order. Default: `pid`, in a table `-cpuPercent` as in `top`.",
        Example = "-memoryBytes")]
    ListSort<ProcessRow>? Sort,
    [Parameter("The maximum age of the response, in seconds or as in `1m`. Default: 0.", Min = 0, Max = 3600)]
    TimeSpan? MaxAge,
    [Parameter("The format of the response. Default: by `Accept`.")]
    Format? Format,
    LocalParameter Local);

/// <summary>The parameters of <c>GET /containers/{container}/stats</c>.</summary>
internal sealed record ContainerSectionQuery(
    ContainerSelector Selector,
    [Parameter("The maximum age of the response, in seconds or as in `1m`. Default: 0.", Min = 0, Max = 3600)]
    TimeSpan? MaxAge,
    LocalParameter Local);

/// <summary>The parameters of <c>GET /metrics/containers</c>.</summary>
internal sealed record MetricsQuery(
    [Parameter("The engine's name. Default: all engines.", CommaSeparated = true)]
    IReadOnlyList<EngineName> Engine,
    LocalParameter Local);

internal sealed class ContainerListRequestValidator : AbstractValidator<ContainerListRequest>
{
    public ContainerListRequestValidator(ListCursors cursors)
    {
        RuleFor(q => q.Fields).Must((q, fields) => fields?.AreIn(q.Include) != false).WithMessage(ContainerFields.NotIncluded);
        RuleFor(q => q.Cursor).MatchesSort(cursors, q => q.Sort);
    }
}

internal sealed class ContainerQueryValidator : AbstractValidator<ContainerQuery>
{
    public ContainerQueryValidator() =>
        RuleFor(q => q.Fields).Must((q, fields) => fields?.AreIn(q.Include) != false).WithMessage(ContainerFields.NotIncluded);
}
