using System.Text.RegularExpressions;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker.Builders;

/// <summary>
/// Reads what Podman's builder says behind the classic builder's call, text made for people, as facts (Podman 5.4). One per
/// build; pure.
/// </summary>
/// <remarks>
/// A step that runs something ends with its layer ("--&gt; ID"), the last one with COMMIT and then its layer: until then every
/// text is the step's own, so output that looks like the builder's is not taken for it. Both outputs of a step come as one.
/// </remarks>
internal sealed partial class PodmanBuilder : IBuildReader
{
    private const string StandardOutput = "stdout";

    private readonly StepOutput _output = new();
    private OpenStep? _step;
    private string? _perhapsCommit;
    private bool _began;
    private bool _built;
    private bool _ended;

    public IEnumerable<BuildFact> Read(StreamMessage message) =>
        _ended ? []
        : message.Failure is { } failure ? Fail(failure.Message ?? "")
        : message.ImageId is { } image ? Built(image)
        : message.Stream is { } text ? Text(text)
        : [];

    /// <summary>The stream ended. Without an image and without an error that is a failure all the same.</summary>
    public IEnumerable<BuildFact> End() => _ended || _built ? [] : Fail("The engine ended the build without an image and without an error.");

    private IEnumerable<BuildFact> Text(string text) =>
        _step is { Runs: true } ? StepsText(_step, text)
        : Step.Match(text) is { Success: true } step ? [.. CompleteStep(), Begin(step)]
        : UsedCache.IsMatch(text) ? UseCache()
        : Layer.IsMatch(text) || Commit.IsMatch(text) ? CompleteStep()
        : Warning.Match(text) is { Success: true } warning ? [new BuildWarning(warning.Groups["text"].Value.Replace("\\\"", "\"", StringComparison.Ordinal), null)]
        : Bookkeeping.IsMatch(text) ? []
        : Log(text);

    private IEnumerable<BuildFact> StepsText(OpenStep step, string text)
    {
        if (Layer.IsMatch(text))
        {
            _perhapsCommit = null;
            return CompleteStep();
        }

        if (UsedCache.IsMatch(text))
        {
            return UseCache();
        }

        // The output of a step may look the same; the next line decides.
        var before = _perhapsCommit;
        _perhapsCommit = step.IsLast && Commit.IsMatch(text) ? text : null;
        return Log(_perhapsCommit is null ? before + text : before ?? "");
    }

    private StepStarted Begin(Match step)
    {
        var (number, total) = (step.Groups["number"].ToNumber(), step.Groups["total"].ToNumber());
        var name = step.Groups["name"].Value;
        // Steps are counted anew in each stage.
        var id = step.Groups["stage"] is { Success: true, Value: var stage } ? $"{stage}.{step.Groups["number"].Value}" : step.Groups["number"].Value;
        _began = true;
        _step = new OpenStep(id, name, IsLast: number == total);
        return new StepStarted(id, number, total, name);
    }

    private IEnumerable<BuildFact> UseCache()
    {
        _step?.UsedCache = true;
        return [];
    }

    private IEnumerable<BuildFact> Log(string text) =>
        _output.Add(text) is { } lines ? [new StepLog(_step?.Id, StandardOutput, lines)] : [];

    private IEnumerable<BuildFact> FlushOutput()
    {
        List<BuildFact> facts = [.. Log(_perhapsCommit ?? "")];
        _perhapsCommit = null;
        if (_output.Flush() is { } rest)
        {
            facts.Add(new StepLog(_step?.Id, StandardOutput, rest));
        }

        return facts;
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

    private List<BuildFact> Built(string image)
    {
        _built = true;
        return [.. CompleteStep(), new ImageBuilt(image)];
    }

    private List<BuildFact> Fail(string message)
    {
        _ended = true;
        var exit = ExitCode.Match(message);
        // What the parser knew of a faulty instruction, in Go's notation, helps nobody.
        var text = exit.Success ? EngineErrors.Cut(message) : EngineErrors.Clean(ParsersNotes.Replace(message, ""));
        return
        [
            .. FlushOutput(),
            new BuildFailed(
                text.Length > 0 ? text : "The build failed.", _step?.Name, exit.Groups["code"].ToNumber(),
                _step is { Runs: true } ? null
                : EngineErrors.IsLateFaultOfDockerfile(message) || FaultOfDockerfile.IsMatch(message) || (!_began && NoDockerfile.IsMatch(message)) ? ErrorCode.InvalidDockerfile
                : null),
        ];
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

    /// <summary>What says nothing that a fact does not say: ids of images and their tags.</summary>
    [GeneratedRegex(@"^(?:[0-9a-f]{64}|Successfully (?:built|tagged) \S+)\n?\z")]
    private static partial Regex Bookkeeping { get; }

    [GeneratedRegex(@": while running runtime: exit status (?<code>[0-9]+)\s*\z")]
    private static partial Regex ExitCode { get; }

    [GeneratedRegex(@"(?:^|: )(?:Build error: Unknown instruction|parsing reference|no FROM statement found|no contents in|COPY --from=\S+: no stage or image found)|^The target .* was not found")]
    private static partial Regex FaultOfDockerfile { get; }

    [GeneratedRegex(@"^stat \S+: no such file or directory\s*\z")]
    private static partial Regex NoDockerfile { get; }

    [GeneratedRegex(@" &imagebuilder\.Step\{.*", RegexOptions.Singleline)]
    private static partial Regex ParsersNotes { get; }

    /// <param name="IsLast">Whether it is the last one of its stage, behind which a COMMIT may come.</param>
    private sealed record OpenStep(string Id, string Name, bool IsLast)
    {
        /// <summary>Whether what comes is the output of a command.</summary>
        public bool Runs { get; } = Name.StartsWith("RUN", StringComparison.OrdinalIgnoreCase);

        public bool UsedCache { get; set; }
    }
}
