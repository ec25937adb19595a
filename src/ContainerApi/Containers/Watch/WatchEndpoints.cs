using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

internal static partial class WatchEndpoints
{
    public static void MapWatch(this RouteGroupBuilder containers) =>
        containers.MapGet("/watch", Watch)
            .RequireScope(Scopes.ContainersRead)
            .WithStreamLimits()
            .WithName("watchContainers")
            .WithSummary("Watch containers")
            .WithDescription("""
                A `snapshot`, then an event per change: `added`, `changed`, `removed`, `engine`; a `sample` with new processes, counters
                and rates every `interval`; a `heartbeat` after 15 s of silence. As NDJSON, or as Server-Sent Events with
                `Accept: text/event-stream`. A slow reader gets the newest state and skips the states before it. The filters are those
                of the list. Filters that only an engine can evaluate (an image's descendants, a network's id) are evaluated again when
                its containers change.
                """)
            .Produces<WatchEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream)
            .CanFailWith(ErrorCode.InvalidRequest, ErrorCode.EngineNotFound);

    private static IResult Watch(
        RequestQuery<WatchQuery> request, HttpContext context, WatchHub hub, EngineDirectory engines, Caller caller, ContainerRedactor redactor,
        StreamTimeout deadline, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<WatchHub> logger)
    {
        var query = request.Value;
        foreach (var name in query.Selection.Engine)
        {
            engines.Get(name);
        }

        var requested = query.ToView();
        var view = requested with
        {
            Engines = requested.Engines ?? caller.Visibility.Engines,
            Visible = WatchSelection.Of(caller.Visibility),
            Redact = redactor.For(caller),
            // Only labels are both filtered and redacted.
            Matches = query.Selection.Label.Count > 0 && redactor.OfFacts(caller) is { } redact
                ? c => requested.Matches(redact(c))
                : requested.Matches,
        };
        var lastEventId = query.LastEventId ?? context.Request.Headers["Last-Event-ID"].FirstOrDefault();
        var events = UntilShutdown(
            token => hub.WatchAsync(view, query.Interval, lastEventId, token), logger, deadline, lifetime.ApplicationStopping, context.RequestAborted)
            .WithHeartbeats(WatchHeartbeat.Create(time), context.RequestAborted);
        var sse = query.Format is null
            ? context.Request.GetTypedHeaders().Accept.Any(a => a.MediaType == MediaTypes.EventStream)
            : query.Format == WatchFormat.Sse;
        return sse ? TypedResults.ServerSentEvents(AsItems(events)) : new StreamResult<WatchEvent>(events);
    }

    private static async IAsyncEnumerable<SseItem<WatchEvent>> AsItems(IAsyncEnumerable<WatchEvent> events)
    {
        await foreach (var happened in events)
        {
            yield return new SseItem<WatchEvent>(happened, happened.TypeName) { EventId = happened.Id };
        }
    }

    /// <summary>Adds a result at the end: on shutdown, at the stream timeout, or after a failure behind the first event.</summary>
    private static async IAsyncEnumerable<WatchEvent> UntilShutdown(
        Func<CancellationToken, IAsyncEnumerable<WatchEvent>> watch, ILogger logger, StreamTimeout deadline,
        CancellationToken stopping, CancellationToken aborted,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted, cancellationToken);
        ended.CancelAfter(deadline.After);
        await using var events = watch(ended.Token).GetAsyncEnumerator(CancellationToken.None);
        var result = new WatchResult("ended", "The service stops.") { At = default };
        var begun = false;
        while (await MoveNextAsync())
        {
            begun = true;
            yield return events.Current;
        }

        yield return result with { At = DateTimeOffset.UtcNow };

        async ValueTask<bool> MoveNextAsync()
        {
            try
            {
                return await events.MoveNextAsync();
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested && !aborted.IsCancellationRequested)
            {
                result = stopping.IsCancellationRequested ? result : result with { Reason = "The stream reached its maximum duration. Watch again." };
                return false;
            }
            catch (Exception e) when (begun && !aborted.IsCancellationRequested)
            {
                Log.Failed(logger, e);
                result = result with { State = "failed", Reason = "An internal error occurred." };
                return false;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Watching the containers failed")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
