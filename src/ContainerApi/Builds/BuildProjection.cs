
namespace ContainerApi.Builds;

/// <summary>What an engine says of one build, as events for the client. One per build.</summary>
/// <param name="started">The first event: it goes before whatever the engine says first.</param>
/// <param name="arguments">The build's arguments: BuildKit puts their values into the names of steps, where they are told by name again.</param>
internal sealed class BuildProjection(StartedEvent started, TimeProvider time, IReadOnlyDictionary<string, string?> arguments)
{
    /// <summary>What is shorter is no secret, and may stand in a step for another reason.</summary>
    private const int MinRedactedLength = 8;

    private readonly List<(string Name, string Value)> _veiled =
        [.. arguments.Where(a => a.Value is { Length: >= MinRedactedLength }).Select(a => ("$" + a.Key, a.Value!)).OrderByDescending(a => a.Item2.Length)];

    private readonly Dictionary<string, (StepStarted Step, long Began)> _steps = [];
    private bool _isStarted;

    /// <summary>The image that was made last.</summary>
    public string? ImageId { get; private set; }

    /// <summary>What failed the build, or null.</summary>
    public BuildFailed? Failure { get; private set; }

    /// <summary>The step that is at work, or null; of several the one that began last: BuildKit tells late that one has ended.</summary>
    public string? StepName => _steps.Values.OrderBy(s => s.Began).Select(s => s.Step.Name).LastOrDefault();

    /// <summary>The events that tell a fact; none for what the result will tell.</summary>
    public IEnumerable<BuildEvent> Read(BuildFact fact)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            yield return started with { At = time.GetUtcNow() };
        }

        if (ToEvent(Veil(fact)) is { } told)
        {
            yield return told;
        }
    }

    private BuildFact Veil(BuildFact fact) => fact switch
    {
        _ when _veiled.Count == 0 => fact,
        StepStarted step => step with { Name = Veil(step.Name) },
        BuildFailed failed => failed with { Message = Veil(failed.Message), StepName = failed.StepName is null ? null : Veil(failed.StepName) },
        _ => fact,
    };

    private string Veil(string text) => _veiled.Aggregate(text, (seen, argument) => seen.Replace(argument.Value, argument.Name, StringComparison.Ordinal));

    private BuildEvent? ToEvent(BuildFact fact)
    {
        switch (fact)
        {
            case StepStarted step:
                _steps[step.Id] = (step, time.GetTimestamp());
                return new StepEvent(step.Id, step.Number, step.Total, step.Name, StepState.Started, null, null, time.GetUtcNow());
            case StepCompleted completed when _steps.Remove(completed.Id, out var known):
                var took = (long)(completed.Took ?? time.GetElapsedTime(known.Began)).TotalMilliseconds;
                return new StepEvent(
                    completed.Id, known.Step.Number, known.Step.Total, known.Step.Name, StepState.Completed, completed.Cached, took, time.GetUtcNow());
            case StepLog log:
                return new LogEvent(log.Step, log.Stream, log.Text);
            case StepProgress progress:
                return new ProgressEvent(progress.Step, progress.Id, progress.Status, progress.Current, progress.Total);
            case BuildWarning warning:
                return new WarningEvent(warning.Text, warning.Line);
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
