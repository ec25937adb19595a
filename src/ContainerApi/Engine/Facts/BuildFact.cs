namespace ContainerApi.Engine.Facts;

/// <summary>An item of a build's output, the same for every builder.</summary>
internal abstract record BuildFact;

/// <summary>A step began. <paramref name="Number"/> and <paramref name="Total"/> count within the Dockerfile, null where the builder does
/// not say.</summary>
internal sealed record StepStarted(string Id, int? Number, int? Total, string Name) : BuildFact;

/// <summary>A step ended well. <paramref name="Took"/> is by the builder's clock, null where it does not say.</summary>
internal sealed record StepCompleted(string Id, bool Cached, TimeSpan? Took = null) : BuildFact;

/// <summary>Text a step printed, cut at line borders where the builder allows it. <paramref name="Stream"/> is <c>stdout</c> or
/// <c>stderr</c>.</summary>
internal sealed record StepLog(string? Step, string Stream, string Text) : BuildFact;

/// <summary>Progress of a transfer that a step waits for; units are bytes.</summary>
internal sealed record StepProgress(string? Step, string Id, string Status, long? Current, long? Total) : BuildFact;

internal sealed record BuildWarning(string Text, int? Line) : BuildFact;

/// <summary>An image was made; the last one of a build counts.</summary>
internal sealed record ImageBuilt(string ImageId) : BuildFact;

/// <summary>The build failed, in the builder's words. At most one, and nothing after it.</summary>
/// <param name="StepName">The step that failed, or null without one.</param>
/// <param name="Code">
/// What is to blame where that is no step: the Dockerfile, the context, or a builder that cannot do what the Dockerfile
/// asks for; null otherwise.
/// </param>
internal sealed record BuildFailed(string Message, string? StepName, int? ExitCode, ErrorCode? Code = null) : BuildFact;
