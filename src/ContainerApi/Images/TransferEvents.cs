using System.Text.Json.Serialization;

namespace ContainerApi.Images;

/// <summary>One line of the stream of a pull; <c>type</c> is its kind. The last line is the only <c>result</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(PullProgress), "progress")]
[JsonDerivedType(typeof(PullResult), "result")]
public abstract record PullEvent;

/// <summary>The progress of one layer, or a message about the whole image.</summary>
/// <param name="Layer">The layer's short id; null for a message about the whole image.</param>
/// <param name="Status">The engine's text, as in <c>Downloading</c>.</param>
/// <param name="Current">Bytes so far; null if the engine does not count them.</param>
/// <param name="Total">Bytes of the layer; null if unknown.</param>
public sealed record PullProgress(string? Layer, string Status, long? Current, long? Total) : PullEvent;

/// <summary>The result of a pull.</summary>
/// <param name="State"><c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Image">The pulled reference, with <c>latest</c> if the request has neither tag nor digest.</param>
/// <param name="Id">The image's id, <c>sha256:</c> and 64 hex digits; null after a failure.</param>
/// <param name="Digest">The image's digest in the registry, <c>sha256:…</c>; null after a failure.</param>
/// <param name="DurationMs">The duration in milliseconds.</param>
/// <param name="Error">Null after a success.</param>
public sealed record PullResult(string State, string Image, string? Id, string? Digest, long DurationMs, TransferError? Error) : PullEvent;

/// <summary>One line of the stream of a push; <c>type</c> is its kind. The last line is the only <c>result</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(PushProgress), "progress")]
[JsonDerivedType(typeof(PushResult), "result")]
public abstract record PushEvent;

/// <summary>The progress of one layer, or a message about the whole image.</summary>
/// <param name="Layer">The layer's short id; null for a message about the whole image.</param>
/// <param name="Status">The engine's text, as in <c>Pushing</c>.</param>
/// <param name="Current">Bytes so far; null if the engine does not count them. Engines count the bytes they read, which can exceed the total.</param>
/// <param name="Total">Bytes of the layer; null if unknown.</param>
public sealed record PushProgress(string? Layer, string Status, long? Current, long? Total) : PushEvent;

/// <summary>The result of a push.</summary>
/// <param name="State"><c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Image">The pushed reference, with <c>latest</c> if the request has no tag.</param>
/// <param name="Digest">The image's digest in the registry, <c>sha256:…</c>; null after a failure.</param>
/// <param name="DurationMs">The duration in milliseconds.</param>
/// <param name="Error">Null after a success.</param>
public sealed record PushResult(string State, string Image, string? Digest, long DurationMs, TransferError? Error) : PushEvent;

/// <summary>The error of a pull or a push that failed after its first line.</summary>
/// <param name="Code">A code of problems: <c>image_not_found</c>, <c>forbidden</c>, <c>engine_error</c>, …</param>
/// <param name="Message">The engine's message.</param>
public sealed record TransferError(string Code, string Message);
