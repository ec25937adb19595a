using ContainerApi.Api.Requests;

namespace ContainerApi.Containers.Watch;

internal enum WatchFormat
{
    Ndjson,
    Sse,
}

/// <summary>The parameters of <c>GET /containers/watch</c>.</summary>
internal sealed record WatchQuery(
    ContainerSelection Selection,
    [Parameter("The time between samples, in seconds or as in `1m`.", Default = "2", Min = 1, Max = 3600)]
    TimeSpan Interval,
    [Parameter("The format of the stream. Default: by `Accept`, else NDJSON.")]
    WatchFormat? Format,
    [Parameter("The `id` of the last received event: the stream continues after it. The header `Last-Event-ID` has the same effect.")]
    string? LastEventId,
    LocalParameter Local)
{
    public WatchView ToView() => new(
        // The engine's own list without "all" has these.
        c => Selection.Matches(c)
            && (Selection.IncludesStopped || c.State is ContainerStates.Running or ContainerStates.Paused or ContainerStates.Restarting),
        Selection.Engine.Count > 0 ? [.. Selection.Engine.Select(e => e.Value)] : null,
        IncludedSections.Needed(Selection.Include, fields: null),
        WatchSelection.Of(Selection));
}
