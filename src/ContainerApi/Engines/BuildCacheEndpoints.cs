using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Engines;

/// <summary>The body of <c>POST /engines/{engine}/cache/prune</c>.</summary>
internal sealed record CachePruneRequest(
    [Parameter("The engine's name in the configuration.", In = ParameterPlace.Route)] EngineName Engine,
    [Parameter("Whether to remove also records that an image shares and what BuildKit itself needs.", Default = "false")]
    bool All,
    [Parameter("Remove only records that no build used for this time.", Example = "24h", Min = 1, Max = 31_536_000)]
    TimeSpan? UnusedFor,
    [Parameter("Keep this much of the cache, what was used last: bytes, or a size as in `2g`.", Example = "2g")]
    ByteSize? KeepBytes,
    [Parameter("Whether to return what would be removed, and remove nothing.", Default = "false")]
    bool DryRun,
    LocalParameter Local)
{
    public CachePrune ToPrune() => new(All, UnusedFor, KeepBytes?.Bytes);
}

internal static class BuildCacheEndpoints
{
    private static readonly IReadOnlyList<string?> BuildersOwn = ["internal", "frontend"];

    public static void MapBuildCache(this IEndpointRouteBuilder app)
    {
        var cache = app.MapGroup("/engines/{engine}/cache").WithTags("Engines").ProducesEngineProblems(
            ErrorCode.EngineNotFound, ErrorCode.FeatureUnsupported);
        cache.MapGet("", ListAsync).RequireScope(Scopes.EnginesRead)
            .WithName("getEngineCache")
            .WithSummary("Show the build cache")
            .WithDescription("The records of BuildKit's cache. The classic builder's cache is its images. An engine without BuildKit is a 422. "
                + "A key with labels gets 403: the records are of all callers' builds.");
        cache.MapPost("/prune", PruneAsync).RequireScope(Scopes.ImagesWrite).WithLongTimeout()
            .WithName("pruneEngineCache")
            .WithSummary("Remove records of the build cache")
            .WithDescription("Removes what is not in use: without `all` also not what an image shares or BuildKit itself needs. "
                + "`dryRun` is an estimate: a record stays as long as another one builds on it.");
    }

    private static async Task<Ok<BuildCache>> ListAsync(
        RequestQuery<EngineSelector> query, EngineDirectory directory, SecuritySettings security, Caller caller, CancellationToken cancellationToken)
    {
        var engine = directory.Get(query.Value.Engine);
        var records = await engine.ListCacheAsync(cancellationToken);
        return TypedResults.Ok(new BuildCache(
            engine.Name, records.Where(r => !r.Shared).Sum(r => r.Size), records.Where(r => r is { Shared: false, InUse: false }).Sum(r => r.Size),
            [.. records.OrderByDescending(LastUse).ThenBy(r => r.Id, StringComparer.Ordinal).Select(r => ToContract(r, security, caller))]));
    }

    private static async Task<Ok<BuildCachePruning>> PruneAsync(
        RequestBody<CachePruneRequest> body, EngineDirectory directory, SecuritySettings security, Caller caller, TimeProvider time, HttpContext http,
        CancellationToken cancellationToken)
    {
        var request = body.Value;
        var engine = directory.Get(request.Engine);
        http.SetTarget($"build cache of {engine.Name}{(request.DryRun ? " (dry run)" : "")}");
        var removed = request.DryRun
            ? Choose(await engine.ListCacheAsync(cancellationToken), request.ToPrune(), time.GetUtcNow())
            : await engine.PruneCacheAsync(request.ToPrune(), cancellationToken);
        return TypedResults.Ok(new BuildCachePruning(
            engine.Name, request.DryRun, removed.Sum(r => r.Size), [.. removed.Select(r => ToContract(r, security, caller))]));
    }

    /// <summary>Chooses what BuildKit would remove: what was used least recently first, until the rest is small enough.</summary>
    private static List<CacheRecord> Choose(IReadOnlyList<CacheRecord> records, CachePrune prune, DateTimeOffset now)
    {
        var left = records.Sum(r => r.Size);
        var chosen = new List<CacheRecord>();
        var candidates = records.Where(r => !r.InUse && (prune.All || (!r.Shared && !BuildersOwn.Contains(r.Type)))
            && (prune.UnusedFor is null || now - LastUse(r) >= prune.UnusedFor));
        foreach (var record in candidates.OrderBy(LastUse).ThenBy(r => r.Id, StringComparer.Ordinal))
        {
            if (prune.KeepBytes is { } kept && left <= kept)
            {
                break;
            }

            left -= record.Size;
            chosen.Add(record);
        }

        return chosen;
    }

    private static DateTimeOffset? LastUse(CacheRecord record) => record.LastUsedAt ?? record.CreatedAt;

    private static BuildCacheRecord ToContract(CacheRecord record, SecuritySettings security, Caller caller) => new(
        record.Id, record.Type, caller.SeesSecrets ? record.Description : security.Redactor.Step(record.Description), record.Size,
        record.CreatedAt, record.LastUsedAt, record.UsageCount, record.InUse, record.Shared, record.Parents);
}
