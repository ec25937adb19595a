using ContainerApi.Api;
using ContainerApi.Api.Requests;

namespace ContainerApi.Containers.Watch;

/// <summary>The parameters of <c>GET /containers/watch</c>.</summary>
internal sealed record WatchQuery(
    ContainerSelection Selection,
    [Parameter(IncludedSections.Description, Example = "processes,network")]
    IncludedSections? Include,
    [Parameter("The time between samples, in seconds or as in `1m`.", Default = "2", Min = 1, Max = 3600)]
    TimeSpan Interval,
    [Parameter(StreamParameters.Format, Allowed = ["ndjson", "sse"])]
    StreamFormat? Format,
    StreamPosition Position,
    LocalParameter Local);
