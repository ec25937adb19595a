using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Cluster;
using ContainerApi.Containers.Watch;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Logs;

/// <summary>Answers a caller's requests for logs.</summary>
internal sealed class LogQueries(
    ContainerResolver resolver, EngineDirectory engines, ConfiguredEngines configured, PeerLists peers,
    ContainerCollector collector, WatchHub hub, ContainerRedactor containers,
    SecuritySettings settings, Caller caller, StreamTimeout timeout, TimeProvider time, IHostApplicationLifetime lifetime)
{
    /// <summary>The watch has no sections to read.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromHours(1);

    /// <exception cref="ApiException">No such container, an ambiguous reference, or no accepted format exists.</exception>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<IResult> OneAsync(ContainerLogQuery query, HttpContext http)
    {
        var format = Formats.ChooseStream(query.Log.Format, http.Request, hasText: true);
        var (engine, container) = await resolver.FindAsync(query.Selector.Container, query.Selector.Engine, http.RequestAborted);
        var selection = ContainerSelection.Everything with { Id = [container.Id], Engine = [new EngineName(engine.Name)] };
        var stream = Open(
            MergedLogPosition.Local(query.Log, OwnKey), selection, format, [new LogContainer(engine, container.Id, container.Name)], [], isOne: true,
            http.RequestAborted);
        return Result(stream, format);
    }

    /// <exception cref="ApiException">No accepted format exists, or there are too many containers.</exception>
    /// <exception cref="EngineException">No such engine, or no engine answered.</exception>
    public async Task<IResult> ListAsync(LogListQuery query, HttpContext http)
    {
        var format = Formats.ChooseStream(query.Log.Format, http.Request, hasText: true);
        var parts = await peers.BeginAsync(http.Request, query.Selection.Engine, query.Local.Local, http.RequestAborted);
        if (!parts.IsMerged)
        {
            return Result(await OpenAsync(query, format, evenIfAllFail: false, http.RequestAborted), format);
        }

        // Its part is read as the others are: as JSON.
        var own = parts.AsksOwn
            ? OpenAsync(
                query with { Selection = query.Selection with { Engine = parts.Own } }, StreamFormat.Ndjson, evenIfAllFail: true, http.RequestAborted)
            : Task.FromResult<IAsyncEnumerable<LogChunk>>(AsyncEnumerable.Empty<LogChunk>());
        var writer = new LogWriter(query.Log, format, redactor: null, hasPrefix: true);
        var merge = new LogMerge(parts, query.Log, writer, OwnKey, time, timeout.After, lifetime.ApplicationStopping);
        return Result(merge.RunAsync(own, http.RequestAborted), format);
    }

    private string OwnKey => MergedLogPosition.KeyOf(configured.All.Select(e => e.Name));

    /// <summary>Begins the stream of this replica.</summary>
    private async Task<IAsyncEnumerable<LogChunk>> OpenAsync(
        LogListQuery query, StreamFormat format, bool evenIfAllFail, CancellationToken cancellationToken)
    {
        var request = new ContainerRequest(query.Selection, ContainerSections.None);
        var collection = await collector.RunAsync(engines, request, cancellationToken, evenIfAllFail, containers.OfFacts(caller));
        if (collection.Rows.Count > LogStream.MaxContainers)
        {
            throw new ApiException(ErrorCode.InvalidRequest, LogStream.TooMany.Message);
        }

        var list = collection.Rows.Select(r => new LogContainer(engines.Get(new EngineName(r.Engine)), r.Id, r.Facts.Name)).ToList();
        return Open(
            MergedLogPosition.Local(query.Log, OwnKey), query.Selection, format, list, collection.Engines, isOne: false, cancellationToken);
    }

    private IAsyncEnumerable<LogChunk> Open(
        LogOptions options, ContainerSelection selection, StreamFormat format, IReadOnlyList<LogContainer> list,
        IReadOnlyList<EngineReport> reports, bool isOne, CancellationToken aborted)
    {
        var position = options.Position.Seq is { } seq && LogPosition.TryParse(seq, out var parsed) ? parsed : null;
        var scope = new LogScope(options.ToRange(time.GetUtcNow()), position, isOne, reports);
        var writer = new LogWriter(options, format, caller.SeesSecrets ? null : settings.Redactor, hasPrefix: !isOne);
        var stream = new LogStream(scope, writer, engines, time, timeout.After, lifetime.ApplicationStopping);
        var watch = options.Follow
            ? hub.WatchAsync(WatchView.Of(selection, ContainerSections.None, caller, containers), WatchInterval, null, aborted)
            : null;
        return stream.RunAsync(list, watch, aborted);
    }

    private StreamResult<LogChunk> Result(IAsyncEnumerable<LogChunk> chunks, StreamFormat format) =>
        new(chunks, format)
        {
            Lines = chunk => chunk.Bytes,
            Heartbeat = new Heartbeat<LogChunk>((last, at) => ToHeartbeat(last, at, format), () => Heartbeat<LogChunk>.DefaultInterval, time),
            // A terminal may be paused.
            WriteTimeout = timeout.After,
        };

    private static LogChunk ToHeartbeat(LogChunk? last, DateTimeOffset at, StreamFormat format) => new(
        format == StreamFormat.Text ? default : JsonLines.Serialize<ContainerLogEvent>(new ContainerLogHeartbeat { Seq = last?.Seq, At = at }),
        last?.Seq);
}
