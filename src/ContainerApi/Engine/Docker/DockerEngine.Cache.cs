using ContainerApi.Engine.Docker.Builders.BuildKit;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>A record has about 300 bytes: 50,000 records.</summary>
    private const int MaxCacheBytes = 16 * 1024 * 1024;

    private const int MaxPrunedRecords = 100_000;
    private const long NanosecondsPerTick = 100;

    private static readonly TimeSpan PruneTimeout = TimeSpan.FromMinutes(10);

    public Task<IReadOnlyList<CacheRecord>> ListCacheAsync(CancellationToken cancellationToken) =>
        WithBuildKitAsync<IReadOnlyList<CacheRecord>>(_callTimeout, async (control, token) =>
        {
            var usage = await control.DiskUsageAsync(new DiskUsageRequest(), cancellationToken: token);
            return [.. usage.Record.Select(ToRecord)];
        }, cancellationToken);

    public Task<IReadOnlyList<CacheRecord>> PruneCacheAsync(CachePrune prune, CancellationToken cancellationToken) =>
        WithBuildKitAsync<IReadOnlyList<CacheRecord>>(PruneTimeout, async (control, token) =>
        {
            var request = new PruneRequest
            {
                All = prune.All,
                KeepDuration = (prune.UnusedFor?.Ticks ?? 0) * NanosecondsPerTick,
                KeepBytes = prune.KeepBytes ?? 0,
            };
            using var call = control.Prune(request, cancellationToken: token);
            var removed = new List<CacheRecord>();
            await foreach (var record in call.ResponseStream.ReadAllAsync(token))
            {
                if (removed.Count < MaxPrunedRecords)
                {
                    removed.Add(ToRecord(record));
                }
            }

            return removed;
        }, cancellationToken);

    private Task<T> WithBuildKitAsync<T>(
        TimeSpan timeout, Func<Control.ControlClient, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        WithinAsync(timeout, async token =>
        {
            if ((await _handler.ConnectAsync(token)).BuildKitUnavailableReason is { } reason)
            {
                throw new EngineException(ErrorCode.FeatureUnsupported, Name, reason);
            }

            using var connection = await ConnectBuildKitAsync(MaxCacheBytes, token);
            try
            {
                return await call(connection.Control, token);
            }
            catch (RpcException e) when (token.IsCancellationRequested)
            {
                throw new OperationCanceledException("The call was cancelled.", e, token);
            }
        }, cancellationToken);

    private static CacheRecord ToRecord(UsageRecord record) => new(
        record.Id, record.RecordType.Length > 0 ? record.RecordType : null, EngineErrors.Cut(record.Description), record.Size,
        ToTime(record.CreatedAt), ToTime(record.LastUsedAt), record.UsageCount, record.InUse, record.Shared,
        record.Parents.Count > 0 ? [.. record.Parents] : record.Parent.Length > 0 ? [record.Parent] : []);

    /// <summary>A time that .NET cannot represent is unknown.</summary>
    private static DateTimeOffset? ToTime(Timestamp? time)
    {
        try
        {
            return time?.ToDateTimeOffset();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
