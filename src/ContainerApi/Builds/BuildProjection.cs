
namespace ContainerApi.Builds;

/// <summary>Converts the facts of one build to events. One instance per build.</summary>
/// <param name="started">The event before the first fact.</param>
/// <param name="arguments">The build arguments. BuildKit puts their values into names of steps; the events have the argument's name instead.</param>
internal sealed class BuildProjection(StartedEvent started, TimeProvider time, IReadOnlyDictionary<string, string?> arguments)
{
    /// <summary>Shorter values are no secrets and may be in a step by chance.</summary>
    private const int MinRedactedLength = 8;

    private readonly List<(string Name, string Value)> _redacted =
    [
        .. arguments.Where(a => a.Value is { Length: >= MinRedactedLength }).Select(a => ("$" + a.Key, a.Value!))
            .OrderByDescending(a => a.Item2.Length),
    ];

    private readonly Dictionary<string, (StepStarted Step, long Started)> _steps = [];
    private bool _isStarted;

    /// <summary>The image that was built last.</summary>
    public string? ImageId { get; private set; }

    /// <summary>Why the build failed, or null.</summary>
    public BuildFailed? Failure { get; private set; }

    /// <summary>The running step that started last, or null. BuildKit reports late that a step has completed.</summary>
    public string? StepName => _steps.Values.OrderBy(s => s.Started).Select(s => s.Step.Name).LastOrDefault();

    /// <summary>Converts a fact; returns no event for what the result contains.</summary>
    public IEnumerable<BuildEvent> Read(BuildFact fact)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            yield return started;
        }

        if (ToEvent(Redact(fact)) is { } buildEvent)
        {
            yield return buildEvent;
        }
    }

    /// <summary>Ends the running steps of a build that fails or stops.</summary>
    public IReadOnlyList<BuildEvent> CancelSteps()
    {
        List<BuildEvent> cancelled =
            [.. _steps.OrderBy(s => s.Value.Started).Select(s => End(s.Key, s.Value, StepState.Cancelled, cached: null, took: null))];
        _steps.Clear();
        return cancelled;
    }

    private StepEvent End(string id, (StepStarted Step, long Started) known, StepState state, bool? cached, TimeSpan? took) => new(
        id, known.Step.Number, known.Step.Total, known.Step.Name, state, cached,
        (long)(took ?? time.GetElapsedTime(known.Started)).TotalMilliseconds);

    private BuildFact Redact(BuildFact fact) => fact switch
    {
        _ when _redacted.Count == 0 => fact,
        StepStarted step => step with { Name = Redact(step.Name) },
        BuildFailed failed => failed with
        {
            Message = Redact(failed.Message),
            StepName = failed.StepName is null ? null : Redact(failed.StepName),
        },
        _ => fact,
    };

    private string Redact(string text) =>
        _redacted.Aggregate(text, (seen, argument) => seen.Replace(argument.Value, argument.Name, StringComparison.Ordinal));

    private BuildEvent? ToEvent(BuildFact fact)
    {
        switch (fact)
        {
            case StepStarted step:
                _steps[step.Id] = (step, time.GetTimestamp());
                return new StepEvent(step.Id, step.Number, step.Total, step.Name, StepState.Started, null, null);
            case StepCompleted completed when _steps.Remove(completed.Id, out var known):
                return End(completed.Id, known, StepState.Completed, completed.Cached, completed.Took);
            case StepFailed failed when _steps.Remove(failed.Id, out var known):
                return End(failed.Id, known, StepState.Failed, cached: null, failed.Took);
            case StepLog log:
                return new LogEvent(log.Step, log.Stream, log.Text);
            case StepProgress progress:
                return new ProgressEvent(progress.Step, progress.Id, progress.Status, progress.Current, progress.Total);
            case BuildWarning warning:
                return new WarningEvent(warning.Text, warning.Line, warning.Url);
            case ImageBuilt built:
                ImageId = built.ImageId;
                return null;
            case BuildFailed failed:
                Failure = failed;
                return null;
            default:
                return null;
        }
    }
}
