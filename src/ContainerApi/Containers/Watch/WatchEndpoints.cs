using System.Runtime.CompilerServices;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Watch;

internal static partial class WatchEndpoints
{
    public static void MapWatch(this RouteGroupBuilder containers) =>
        containers.MapGet("/watch", WatchAsync)
            .RequireScope(Scopes.ContainersRead)
            .WithStreamLimits()
            .WithMetadata(MergedList.Metadata)
            .WithName("watchContainers")
            .WithSummary("Watch containers")
            .WithDescription("""
                A `snapshot`, then an event per change: `added`, `changed`, `removed`, `engine`; a `sample` with new processes, counters
                and rates every `interval`; a `heartbeat` after 15 s of silence. As NDJSON, or as Server-Sent Events with
                `Accept: text/event-stream`. The last line is a `result` when the service ends the stream. A watcher that reconnects with its last
                `seq` in `after` or in the header `Last-Event-ID` gets the changes since then, some of them again, or a `snapshot` when the
                service does not have that state any more. A slow reader gets the newest state and skips the states before it; with
                other replicas as another `snapshot`, which also follows where a replica leaves the cluster. The filters are those of the list.
                Filters that only an engine can evaluate (an image's descendants, a network's id) are evaluated again when its containers change.
                """)
            .Produces<WatchEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream)
            .CanFailWith(ErrorCode.InvalidRequest, ErrorCode.EngineNotFound, ErrorCode.NotAcceptable);

    private static async Task<IResult> WatchAsync(
        RequestQuery<WatchQuery> request, HttpContext context, WatchHub hub, WatchMerges merges, PeerLists peers, Caller caller,
        ContainerRedactor redactor, StreamTimeout deadline, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<WatchHub> logger)
    {
        var query = request.Value;
        var parts = await peers.BeginAsync(context.Request, query.Selection.Engine, query.Local.Local, context.RequestAborted);
        var view = WatchView.Of(query.Selection, IncludedSections.Needed(query.Include, fields: null), caller, redactor);
        var format = Formats.ChooseStream(query.Format, context.Request);
        var events = UntilShutdown(
            token => parts.IsMerged
                ? merges.WatchAsync(
                    (caller.View, parts.RequestKey), parts, parts.AsksOwn ? own => hub.WatchAsync(view, query.Interval, null, own) : null, token)
                : hub.WatchAsync(view, query.Interval, query.Position.Seq, token),
            logger, deadline,
            lifetime.ApplicationStopping, context.RequestAborted);
        // A resumed watch has no first event before something changes. That of several replicas begins with a snapshot.
        var resumes = query.Position.Seq is not null && !parts.IsMerged;
        return new StreamResult<WatchEvent>(events, format)
        {
            Lines = parts.IsMerged ? merges.LineOf : e => JsonLines.Serialize(e),
            Heartbeat = WatchHeartbeat.Create(time) with { BeforeFirst = resumes },
            StartsAtOnce = resumes,
        };
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
        var result = Interrupted("The service stops.");
        string? seq = null;
        var begun = false;
        while (await MoveNextAsync())
        {
            begun = true;
            seq = events.Current.Seq;
            yield return events.Current;
        }

        yield return result with { Seq = seq, At = DateTimeOffset.UtcNow };

        async ValueTask<bool> MoveNextAsync()
        {
            try
            {
                return await events.MoveNextAsync();
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested && !aborted.IsCancellationRequested)
            {
                result = stopping.IsCancellationRequested ? result : Interrupted("The stream reached its maximum duration. Watch again.");
                return false;
            }
            catch (Exception e) when (begun && !aborted.IsCancellationRequested)
            {
                Log.Failed(logger, e);
                result = new WatchResult(StreamOutcome.Failed, new ErrorInfo(ErrorCode.Internal.Code, "An internal error occurred."));
                return false;
            }
        }
    }

    private static WatchResult Interrupted(string reason) => new(StreamOutcome.Interrupted, new ErrorInfo("interrupted", reason));

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Watching the containers failed")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
