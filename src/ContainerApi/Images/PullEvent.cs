using System.Text.Json.Serialization;

namespace ContainerApi.Images;

/// <summary>One line of a pull's stream; <c>type</c> names its kind. The last line is the only <c>result</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(PullProgress), "progress")]
[JsonDerivedType(typeof(PullResult), "result")]
public abstract record PullEvent;

/// <summary>How far one layer is, or a sentence on the whole.</summary>
/// <param name="Layer">The layer's short id; null where the line is on the whole.</param>
/// <param name="Status">In the engine's words, as in <c>Downloading</c>.</param>
/// <param name="Current">Bytes so far; null where they are not counted.</param>
/// <param name="Total">Bytes in all; null where they are not known.</param>
public sealed record PullProgress(string? Layer, string Status, long? Current, long? Total) : PullEvent;

/// <summary>How the pull ended.</summary>
/// <param name="State"><c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Image">The reference that was pulled, with <c>latest</c> where it had neither tag nor digest.</param>
/// <param name="Id">The image's id, <c>sha256:</c> and 64 hex digits; null where it failed.</param>
/// <param name="Digest">What the registry calls it, <c>sha256:…</c>; null where it failed.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="Error">Why it failed, else null.</param>
public sealed record PullResult(string State, string Image, string? Id, string? Digest, long DurationMs, TransferError? Error) : PullEvent;

/// <summary>Why a pull or a push failed after it had begun.</summary>
/// <param name="Code">As in a problem's <c>code</c>: <c>image_not_found</c>, <c>forbidden</c>, <c>engine_error</c>, …</param>
/// <param name="Message">In the engine's words.</param>
public sealed record TransferError(string Code, string Message);
