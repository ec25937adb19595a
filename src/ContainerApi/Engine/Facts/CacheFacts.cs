namespace ContainerApi.Engine.Facts;

/// <summary>A record of a builder's cache.</summary>
/// <param name="Type">What the record is: <c>regular</c>, <c>source.local</c>, <c>exec.cachemount</c>, <c>internal</c>, <c>frontend</c> …;
/// null if the engine does not say it (20.10, of removed records).</param>
/// <param name="InUse">Whether a build or an image uses it now.</param>
/// <param name="Shared">Whether an image has the same layer, so that the engine's disk keeps its size.</param>
/// <param name="LastUsedAt">Null if it was not used since its creation.</param>
internal sealed record CacheRecord(
    string Id, string? Type, string Description, long Size, DateTimeOffset? CreatedAt, DateTimeOffset? LastUsedAt, long UsageCount,
    bool InUse, bool Shared, IReadOnlyList<string> Parents);

/// <summary>What to remove from a builder's cache. Records in use always stay.</summary>
/// <param name="All">Also shared records, and what the builder itself needs.</param>
/// <param name="UnusedFor">Only records that were not used for this time.</param>
/// <param name="KeepBytes">Stops when the cache has this size.</param>
internal sealed record CachePrune(bool All, TimeSpan? UnusedFor, long? KeepBytes);
