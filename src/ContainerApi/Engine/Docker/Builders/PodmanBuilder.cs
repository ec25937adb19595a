using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker.Builders;

/// <summary>Converts the message stream of Podman's builder (5.4), which is text for people, to facts.</summary>
/// <remarks>
/// A step that runs a command ends with its layer ("--&gt; ID"), the last step with COMMIT and then its layer. Until then all text is
/// the output of the step, so output that looks like a line of the builder is not read as one. A step has one output stream.
/// </remarks>
internal sealed partial class PodmanBuilder : StreamBuildReader
{
    private readonly StepOutput _output = new("stdout");
    private OpenStep? _step;
    private string? _possibleCommit;
    private bool _hasSteps;
    private bool _isBuilt;

    protected override IReadOnlyList<BuildFact> ReadMessage(StreamMessage message) =>
        message.ImageId is { } image ? Build(image)
        : message.Stream is not { } text ? []
        : _step is { Runs: true } ? ReadStepText(_step, text) : ReadBuilderText(text);

    protected override IReadOnlyList<BuildFact>? Complete() => _isBuilt ? [] : null;

    protected override IReadOnlyList<BuildFact> Fail(string message, int? code) =>
    [
        .. FlushOutput(),
        .. _step is { } step ? [new StepFailed(step.Id)] : (BuildFact[])[],
        Failed(
            ParserNotes.Replace(message, ""), ExitCode.Match(message), _step?.Name,
            _step is { Runs: true } ? null
            : EngineErrorTable.FindInStep(message) is { } registry ? registry
            : EngineErrors.IsLateFaultOfDockerfile(message) || FaultOfDockerfile.IsMatch(message) || (!_hasSteps && NoDockerfile.IsMatch(message))
                ? (ErrorCode.InvalidDockerfile, null)
            : null),
    ];

    private IReadOnlyList<BuildFact> ReadBuilderText(string text) =>
        Step.Match(text) is { Success: true } step ? [.. CompleteStep(), Begin(step)]
        : UsedCache.IsMatch(text) ? UseCache()
        : Layer.IsMatch(text) || Commit.IsMatch(text) ? CompleteStep()
        : Warning.Match(text) is { Success: true } warning
            ? [new BuildWarning(EngineErrors.Cut(warning.Groups["text"].Value.Replace("\\\"", "\"", StringComparison.Ordinal)), null)]
        : Bookkeeping.IsMatch(text) ? []
        : _output.Add(_step?.Id, text);

    private IReadOnlyList<BuildFact> ReadStepText(OpenStep step, string text)
    {
        if (Layer.IsMatch(text))
        {
            _possibleCommit = null;
            return CompleteStep();
        }

        if (UsedCache.IsMatch(text))
        {
            return UseCache();
        }

        // The output of a step may look the same; the next line decides.
        var before = _possibleCommit;
        _possibleCommit = step.IsLast && Commit.IsMatch(text) ? text : null;
        return _output.Add(step.Id, _possibleCommit is null ? before + text : before ?? "");
    }

    private StepStarted Begin(Match step)
    {
        var (number, total) = (ToNumber(step.Groups["number"]), ToNumber(step.Groups["total"]));
        var name = step.Groups["name"].Value;
        // Each stage counts its steps from 1.
        var id = step.Groups["stage"] is { Success: true, Value: var stage } ? $"{stage}.{step.Groups["number"].Value}" : step.Groups["number"].Value;
        _hasSteps = true;
        _step = new OpenStep(id, name, IsLast: number == total);
        return new StepStarted(id, number, total, name);
    }

    private IReadOnlyList<BuildFact> UseCache()
    {
        _step?.UsedCache = true;
        return [];
    }

    private IReadOnlyList<StepLog> FlushOutput()
    {
        var commit = _possibleCommit ?? "";
        _possibleCommit = null;
        return [.. _output.Add(_step?.Id, commit), .. _output.Flush(_step?.Id)];
    }

    private List<BuildFact> CompleteStep()
    {
        List<BuildFact> facts = [.. FlushOutput()];
        if (_step is { } step)
        {
            facts.Add(new StepCompleted(step.Id, step.UsedCache));
        }

        _step = null;
        return facts;
    }

    private List<BuildFact> Build(string image)
    {
        _isBuilt = true;
        return [.. CompleteStep(), new ImageBuilt(image)];
    }

    [GeneratedRegex(@"^(?:\[(?<stage>[0-9]+)/[0-9]+\] )?STEP (?<number>[0-9]+)/(?<total>[0-9]+): (?<name>.*?)\n?\z", RegexOptions.Singleline)]
    private static partial Regex Step { get; }

    [GeneratedRegex(@"^--> Using cache [0-9a-f]{12,64}\n?\z")]
    private static partial Regex UsedCache { get; }

    [GeneratedRegex(@"^--> [0-9a-f]{12,64}\n?\z")]
    private static partial Regex Layer { get; }

    [GeneratedRegex(@"^(?:\[[0-9]+/[0-9]+\] )?COMMIT(?: \S+)?\n?\z")]
    private static partial Regex Commit { get; }

    [GeneratedRegex("^(?:\\[Warning\\] (?<text>[^\\n]*)|time=\"[^\"]*\" level=warning msg=\"(?<text>(?:[^\"\\\\]|\\\\.)*)\")\\n?\\z")]
    private static partial Regex Warning { get; }

    /// <summary>Text that repeats facts: ids of images and their tags.</summary>
    [GeneratedRegex(@"^(?:[0-9a-f]{64}|Successfully (?:built|tagged) \S+)\n?\z")]
    private static partial Regex Bookkeeping { get; }

    [GeneratedRegex(@": while running runtime: exit status (?<code>[0-9]+)\s*\z")]
    private static partial Regex ExitCode { get; }

    [GeneratedRegex(
        @"(?:^|: )(?:Build error: Unknown instruction|parsing reference|no FROM statement found|no contents in"
        + @"|COPY --from=\S+: no stage or image found)|^The target .* was not found")]
    private static partial Regex FaultOfDockerfile { get; }

    [GeneratedRegex(@"^stat \S+: no such file or directory\s*\z")]
    private static partial Regex NoDockerfile { get; }

    /// <summary>The parser's state at an invalid instruction, in Go's notation.</summary>
    [GeneratedRegex(@" &imagebuilder\.Step\{.*", RegexOptions.Singleline)]
    private static partial Regex ParserNotes { get; }

    /// <param name="IsLast">Whether it is the last step of its stage; COMMIT can follow.</param>
    private sealed record OpenStep(string Id, string Name, bool IsLast)
    {
        /// <summary>Whether the following text is the output of a command.</summary>
        public bool Runs { get; } = Name.StartsWith("RUN", StringComparison.OrdinalIgnoreCase);

        public bool UsedCache { get; set; }
    }
}
