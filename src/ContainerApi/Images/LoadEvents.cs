using System.Text.Json.Serialization;
using ContainerApi.Api;

namespace ContainerApi.Images;

/// <summary>One line of the stream of a load. The last line is the only <c>result</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(LoadProgress), "progress")]
[JsonDerivedType(typeof(LoadHeartbeat), "heartbeat")]
[JsonDerivedType(typeof(LoadResult), "result")]
public abstract record LoadEvent : StreamEvent;

/// <summary>The progress of one layer, or a message of the engine.</summary>
/// <param name="Layer">The layer's short id; null for a message about no layer.</param>
/// <param name="Status">The engine's text, as in <c>Loading layer</c>.</param>
/// <param name="CurrentBytes">Bytes so far; null if the engine does not count them.</param>
/// <param name="TotalBytes">Bytes of the layer; null if unknown.</param>
public sealed record LoadProgress(string? Layer, string Status, long? CurrentBytes, long? TotalBytes) : LoadEvent;

/// <summary>Nothing happened for 15 seconds; the load continues.</summary>
public sealed record LoadHeartbeat : LoadEvent;

/// <summary>The result of a load.</summary>
/// <param name="State"><c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Images">The loaded images. A load that fails between two images has those before the failure.</param>
/// <param name="DurationMs">The duration in milliseconds.</param>
/// <param name="Error">Null after a success.</param>
public sealed record LoadResult(
    StreamOutcome State, string Engine, IReadOnlyList<LoadedImage> Images, long DurationMs, ErrorInfo? Error) : LoadEvent;

/// <summary>An image of an archive.</summary>
/// <param name="Image">The name; null for an image without one.</param>
/// <param name="ImageId">The image's id, <c>sha256:</c> and 64 hex digits; null if the engine no longer has it.</param>
public sealed record LoadedImage(string? Image, string? ImageId);

/// <summary>An image that was created from the archive of a file system.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="Id"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="Tags">The names; empty if the request has no tag.</param>
/// <param name="CreatedAt">The creation time by the engine's clock.</param>
public sealed record ImportedImage(string Engine, string Id, IReadOnlyList<string> Tags, DateTimeOffset? CreatedAt);
