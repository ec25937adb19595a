namespace ContainerApi.Cluster;

/// <summary>A container, image or build on an engine.</summary>
internal sealed record OwnedThing(string Engine, string Id, string? Name = null);

/// <summary>Metadata of an endpoint about one thing: how its owner is found where the request names no engine.</summary>
/// <param name="FindOwnAsync">Returns the matches of this replica.</param>
/// <param name="PathOf">Returns the path and query that finds the thing at another replica; null for an invalid reference.</param>
internal sealed record OwnerLookup(
    Func<HttpContext, CancellationToken, Task<IReadOnlyList<OwnedThing>>> FindOwnAsync, Func<HttpContext, string?> PathOf)
{
    /// <summary>Whether a thing of this replica can be on no other one.</summary>
    public bool IsUnique { get; init; }
}

/// <summary>Metadata of an endpoint that reads the parts of other replicas itself.</summary>
internal sealed record MergedList
{
    public static readonly MergedList Metadata = new();
}
