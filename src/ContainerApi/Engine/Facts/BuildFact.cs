namespace ContainerApi.Engine.Facts;

/// <summary>An item of a build's output, the same for every builder.</summary>
internal abstract record BuildFact;

/// <summary>The start of a step. <paramref name="Number"/> and <paramref name="Total"/> count within the Dockerfile; null if unknown.</summary>
internal sealed record StepStarted(string Id, int? Number, int? Total, string Name) : BuildFact;

/// <summary>The end of a successful step. <paramref name="Took"/> is measured by the builder; null if unknown.</summary>
internal sealed record StepCompleted(string Id, bool Cached, TimeSpan? Took = null) : BuildFact;

/// <summary>The failure of a step. <paramref name="Took"/> is measured by the builder; null if unknown.</summary>
internal sealed record StepFailed(string Id, TimeSpan? Took = null) : BuildFact;

/// <summary>Output of a step, in whole lines if possible. <paramref name="Stream"/> is <c>stdout</c> or <c>stderr</c>.</summary>
internal sealed record StepLog(string? Step, string Stream, string Text) : BuildFact;

/// <summary>Progress of a transfer that a step waits for; units are bytes.</summary>
internal sealed record StepProgress(string? Step, string Id, string Status, long? Current, long? Total) : BuildFact;

/// <summary>A warning of the builder. <paramref name="Url"/> explains it.</summary>
internal sealed record BuildWarning(string Text, int? Line, string? Url = null) : BuildFact;

/// <summary>A new image. The last one of a build is its result.</summary>
internal sealed record ImageBuilt(string ImageId) : BuildFact;

/// <summary>The failure of a build, with the builder's message. The last fact of the build.</summary>
/// <param name="StepName">The failed step; null if no step failed.</param>
/// <param name="Code">The cause apart from a step's command: the Dockerfile, the context, a registry, or a missing feature of the builder.</param>
/// <param name="Field">The parameter to blame, if the request has it.</param>
internal sealed record BuildFailed(string Message, string? StepName, int? ExitCode, ErrorCode? Code = null, string? Field = null) : BuildFact;
