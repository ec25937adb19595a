using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Logs;

internal static class LogEndpoints
{
    private const string Events = """
        A `line` per line, in the order of the engine. With `follow` the stream waits for new lines: a container that stops is reported as
        `ended`, and continues when it starts again; an engine that does not answer is reported as `engine`, and its containers continue
        without a loss when it answers; a `heartbeat` after 15 s of silence. The last event is the `result`. A stream that was cut continues
        with `after` or `Last-Event-ID`, with the same parameters, without a loss or a repetition. A client that does not read stops the
        reading of the engine, and nothing is dropped. Callers without the scope `containers:secrets` get redacted text, and `search` sees
        the redacted text.
        """;

    private static readonly string[] Formats = [MediaTypes.Ndjson, MediaTypes.EventStream, "text/plain"];

    public static void MapLogs(this IEndpointRouteBuilder app)
    {
        var logs = app.MapGroup("").RequireScope(Scopes.LogsRead).WithStreamLimits();
        logs.MapGet("/containers/{container}/logs", (RequestQuery<ContainerLogQuery> query, LogQueries queries, HttpContext http) =>
                queries.OneAsync(query.Value, http))
            .WithTags("Containers")
            .WithMetadata(ContainerEndpoints.Owner)
            .WithName("getContainerLogs")
            .WithSummary("Read or follow a container's log")
            .WithDescription(Events)
            .Produces<ContainerLogEvent>(StatusCodes.Status200OK, Formats[0], Formats[1..])
            .ProducesEngineProblems(
                ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.FeatureUnsupported, ErrorCode.NotAcceptable);

        logs.MapGet("/logs", (RequestQuery<LogListQuery> query, LogQueries queries, HttpContext http) => queries.ListAsync(query.Value, http))
            .WithTags("Containers")
            .WithMetadata(MergedList.Metadata)
            .WithName("getLogs")
            .WithSummary("Read or follow the logs of several containers")
            .WithDescription("The logs of the containers that the filters of the list select, in order of time. " + Events + """

                With `follow`, lines of different containers that come from their engines more than 50 ms late are not in order, and containers that
                begin to match join. A container whose log cannot be read is reported as `unreadable`. At most 500 containers of each
                replica. Text begins each line with the name of the container.
                """)
            .Produces<ContainerLogEvent>(StatusCodes.Status200OK, Formats[0], Formats[1..])
            .ProducesEngineProblems(ErrorCode.NotAcceptable);
    }
}
