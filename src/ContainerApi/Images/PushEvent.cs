using System.Text.Json.Serialization;

namespace ContainerApi.Images;

/// <summary>One line of a push's stream; <c>type</c> names its kind. The last line is the only <c>result</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(PushProgress), "progress")]
[JsonDerivedType(typeof(PushResult), "result")]
public abstract record PushEvent;

/// <summary>How far one layer is, or a sentence on the whole.</summary>
/// <param name="Layer">The layer's short id; null where the line is on the whole.</param>
/// <param name="Status">In the engine's words, as in <c>Pushing</c>.</param>
/// <param name="Current">Bytes so far; null where they are not counted. Engines count what they read, which can be more than the total.</param>
/// <param name="Total">Bytes in all; null where they are not known.</param>
public sealed record PushProgress(string? Layer, string Status, long? Current, long? Total) : PushEvent;

/// <summary>How the push ended.</summary>
/// <param name="State"><c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Image">The reference that was pushed, with <c>latest</c> where it had no tag.</param>
/// <param name="Digest">What the registry calls it now, <c>sha256:…</c>; null where it failed.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="Error">Why it failed, else null.</param>
public sealed record PushResult(string State, string Image, string? Digest, long DurationMs, TransferError? Error) : PushEvent;
