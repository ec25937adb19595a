using ContainerApi.Api;
using ContainerApi.Api.Requests;

namespace ContainerApi.Builds;

/// <summary>The errors of builds that were stopped or that the engine reports as failed.</summary>
internal static class BuildFailures
{
    /// <summary>Returns the failure of the request when the build ended before its first event. Its problem names the build.</summary>
    public static Exception BeforeStart(BuildJob job, string engine, TimeSpan limit, Exception failure)
    {
        var reported = BeforeStart(job.Cause, engine, limit, failure);
        (reported as ApiException)?.Extensions.TryAdd("buildId", job.Id);
        return reported;
    }

    private static Exception BeforeStart(StopCause? cause, string engine, TimeSpan limit, Exception failure) => cause switch
    {
        StopCause.Timeout when failure is ApiException { Code: var code } && code == ErrorCode.RequestTimeout => failure,
        StopCause.Timeout => new EngineException(ErrorCode.EngineTimeout, engine, $"The build did not begin within {limit.InSeconds()}."),
        StopCause.Shutdown => new EngineException(ErrorCode.EngineUnavailable, engine, "The service is stopping."),
        StopCause.Cancelled => new ApiException(ErrorCode.Conflict, "The build was cancelled before it started."),
        StopCause.ClientLeft => new OperationCanceledException(),
        _ => failure,
    };

    /// <summary>The failure of a build whose context was not read within its timeout.</summary>
    public static ApiException SlowContext(TimeSpan limit) =>
        new(ErrorCode.RequestTimeout, $"The build's context was not read within {limit.InSeconds()}, the timeout of the build.")
        {
            Fields = ["timeout"],
        };

    /// <summary>Returns how a build with this error ended.</summary>
    public static StreamOutcome OutcomeOf(BuildError error) =>
        error.Code == BuildError.Cancelled.Code ? StreamOutcome.Cancelled
        : error.Code == BuildError.Interrupted.Code ? StreamOutcome.Interrupted
        : StreamOutcome.Failed;

    public static BuildError ErrorOf(StopCause cause, TimeSpan limit) => cause switch
    {
        StopCause.Timeout => new BuildError(BuildError.Timeout, $"The build took longer than {limit.InSeconds()} and was stopped."),
        StopCause.Shutdown => new BuildError(BuildError.Interrupted, "The service is stopping."),
        StopCause.ClientLeft => new BuildError(BuildError.Cancelled, "The client that started the build left."),
        _ => new BuildError(BuildError.Cancelled, "The build was cancelled on request."),
    };

    /// <param name="names">The names of the request's fields.</param>
    public static BuildError? ErrorOf(BuildFailed? failed, FieldNames? names)
    {
        if (failed is null)
        {
            return null;
        }

        // The Dockerfile can be to blame for the same message: FROM --platform.
        var isKnown = failed is not { Field: { } field, StepName: not null } || names?.IsSent(field) == true;
        var code = (isKnown ? failed.Code : null) ?? (failed.StepName is null ? ErrorCode.BuildFailed : BuildError.StepFailed);
        var fields = isKnown && failed.Field is { } blamed ? [blamed] : (IReadOnlyList<string>)[];
        return new BuildError(code, failed.Message, failed.StepName, failed.ExitCode)
        {
            Errors = BlamedField.ErrorsOf(new ApiException(code, failed.Message) { Fields = fields }, names),
        };
    }
}
