using System.Text.Json.Serialization;
using ContainerApi.Api;

namespace ContainerApi.Images;

/// <summary>One line of the stream of a pull or a push. The last line is the only <c>result</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(TransferProgress), "progress")]
[JsonDerivedType(typeof(TransferHeartbeat), "heartbeat")]
[JsonDerivedType(typeof(TransferResult), "result")]
public abstract record TransferEvent : StreamEvent;

/// <summary>The progress of one layer, or a message about the whole image.</summary>
/// <param name="Layer">The layer's short id; null for a message about the whole image.</param>
/// <param name="Status">The engine's text, as in <c>Downloading</c>.</param>
/// <param name="CurrentBytes">Bytes so far; null if the engine does not count them. In a push it can exceed the total.</param>
/// <param name="TotalBytes">Bytes of the layer; null if unknown.</param>
public sealed record TransferProgress(string? Layer, string Status, long? CurrentBytes, long? TotalBytes) : TransferEvent;

/// <summary>Nothing happened for 15 seconds; the transfer continues.</summary>
public sealed record TransferHeartbeat : TransferEvent;

/// <summary>The result of a pull or a push.</summary>
/// <param name="State"><c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Image">The reference, with <c>latest</c> if the request has neither tag nor digest.</param>
/// <param name="ImageId">The image's id, <c>sha256:</c> and 64 hex digits; null after a failed pull.</param>
/// <param name="Digest">The image's digest in the registry, <c>sha256:…</c>; null after a failure.</param>
/// <param name="DurationMs">The duration in milliseconds.</param>
/// <param name="Error">Null after a success.</param>
public sealed record TransferResult(
    StreamOutcome State, string Engine, string Image, string? ImageId, string? Digest, long DurationMs, ErrorInfo? Error) : TransferEvent;
