namespace ContainerApi.Engines;

/// <summary>The cache of an engine's BuildKit.</summary>
/// <param name="Engine" example="local">The engine's name in the configuration.</param>
/// <param name="SizeBytes">The size of all records, without those that an image shares.</param>
/// <param name="ReclaimableBytes">The size of what is neither in use nor shared.</param>
/// <param name="Items">The records, those used last first.</param>
public sealed record BuildCache(string Engine, long SizeBytes, long ReclaimableBytes, IReadOnlyList<BuildCacheRecord> Items);

/// <summary>A record of the cache: the result of a step, a local context, a cache mount.</summary>
/// <param name="Id" example="r8z1k3xw5yq2">The record's id.</param>
/// <param name="Type" example="regular"><c>regular</c>, <c>source.local</c>, <c>source.git.checkout</c>, <c>exec.cachemount</c>,
/// <c>frontend</c> or <c>internal</c>; null if the engine does not say it.</param>
/// <param name="Description" example="mount / from exec /bin/sh -c make">What made the record.</param>
/// <param name="SizeBytes">The record's size.</param>
/// <param name="CreatedAt">When the record was created.</param>
/// <param name="LastUsedAt">When a build used the record; null if none did since its creation.</param>
/// <param name="UsageCount">How many builds used the record.</param>
/// <param name="InUse">Whether the record is in use now.</param>
/// <param name="Shared">Whether an image has the same layer.</param>
/// <param name="Parents">The records that this one builds on.</param>
public sealed record BuildCacheRecord(
    string Id, string? Type, string Description, long SizeBytes, DateTimeOffset? CreatedAt, DateTimeOffset? LastUsedAt, long UsageCount,
    bool InUse, bool Shared, IReadOnlyList<string> Parents);

/// <summary>The result of a prune of the cache.</summary>
/// <param name="Engine" example="local">The engine's name in the configuration.</param>
/// <param name="DryRun">Whether nothing was removed.</param>
/// <param name="ReclaimedBytes">The size of the records.</param>
/// <param name="Items">The records that were removed, or would be.</param>
public sealed record BuildCachePruning(string Engine, bool DryRun, long ReclaimedBytes, IReadOnlyList<BuildCacheRecord> Items);
