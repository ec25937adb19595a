using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker.Builders;

/// <summary>Converts the classic builder's message stream, which is text for people, to facts.</summary>
/// <remarks>
/// The builder writes each of its own lines as one message, and the output of a step as it was read. Between
/// " ---&gt; Running in ID" and "Removing intermediate container ID" all text is the output of the step, so output that looks like
/// a line of the builder is not read as one.
/// </remarks>
internal sealed partial class ClassicBuilder : StreamBuildReader
{
    private const string Red = "\u001b[91m";
    private const string Normal = "\u001b[0m";

    private readonly StepOutput _output = new("stdout");
    private readonly StepOutput _errors = new("stderr");
    private string? _step;
    private string? _stepName;
    private string? _container;
    private bool _usedCache;
    private bool _ran;
    private bool _isBuilt;

    protected override IReadOnlyList<BuildFact> ReadMessage(StreamMessage message) =>
        message.ImageId is { } image ? Build(image)
        : message.Status is { } status ? ReadProgress(message, status)
        : message.Stream is not { } text ? []
        : _container is null ? ReadBuilderText(text) : ReadStepText(text);

    protected override IReadOnlyList<BuildFact>? Complete() => _isBuilt && _step is null ? [] : null;

    protected override IReadOnlyList<BuildFact> Fail(string message, int? code)
    {
        var exit = ExitCode.Match(message);
        return
        [
            .. FlushOutput(),
            .. _step is { } step ? [new StepFailed(step)] : (BuildFact[])[],
            // A message with an exit code has the text of the command.
            Failed(
                message, exit, _stepName,
                exit.Success ? null
                : EngineErrorTable.FindInStep(message)
                    ?? (!_ran && EngineErrors.IsLateFaultOfDockerfile(message) ? (ErrorCode.InvalidDockerfile, null) : null),
                code is 0 ? null : code),
        ];
    }

    private IReadOnlyList<BuildFact> ReadBuilderText(string text)
    {
        if (Step.Match(text) is { Success: true } step)
        {
            return [.. CompleteStep(), Begin(step)];
        }

        if (RunningIn.Match(text) is { Success: true } running)
        {
            _container = running.Groups["container"].Value;
            _ran = true;
            return [];
        }

        if (Warning.Match(text) is { Success: true } warning)
        {
            return [new BuildWarning(EngineErrors.Cut(warning.Groups["text"].Value), null)];
        }

        if (text == " ---> Using cache\n")
        {
            _usedCache = true;
            return [];
        }

        return (text == "\n" && _output.IsWaiting) || !Bookkeeping.IsMatch(text) ? Log(text) : [];
    }

    private IReadOnlyList<BuildFact> ReadStepText(string text)
    {
        if (Removed.Match(text) is { Success: true } removed && removed.Groups["container"].Value == _container)
        {
            _container = null;
            return FlushOutput();
        }

        return Log(text);
    }

    private StepStarted Begin(Match step)
    {
        _step = step.Groups["number"].Value;
        _stepName = step.Groups["name"].Value;
        return new StepStarted(_step, ToNumber(step.Groups["number"]), ToNumber(step.Groups["total"]), _stepName);
    }

    private IReadOnlyList<StepLog> Log(string text) =>
        text.StartsWith(Red, StringComparison.Ordinal) && text.EndsWith(Normal, StringComparison.Ordinal)
            ? _errors.Add(_step, text[Red.Length..^Normal.Length])
            : _output.Add(_step, text);

    private IReadOnlyList<StepLog> FlushOutput() => [.. _output.Flush(_step), .. _errors.Flush(_step)];

    /// <summary>The builder does not report the end of a step: the next step or the image follows.</summary>
    private List<BuildFact> CompleteStep()
    {
        List<BuildFact> facts = [.. FlushOutput()];
        if (_step is { } step)
        {
            facts.Add(new StepCompleted(step, Cached: _usedCache && !_ran));
        }

        (_step, _stepName, _usedCache, _ran) = (null, null, false, false);
        return facts;
    }

    private List<BuildFact> Build(string image)
    {
        _isBuilt = true;
        return [.. CompleteStep(), new ImageBuilt(image)];
    }

    /// <summary>The pull of a base image, or the download of an <c>ADD</c>. A message without a layer belongs to the log.</summary>
    private IReadOnlyList<BuildFact> ReadProgress(StreamMessage message, string status) => message.Id is { } id
        ? [new StepProgress(_step, id, status, message.ProgressDetail?.Current, message.ProgressDetail?.Total)]
        : Log(status + "\n");

    [GeneratedRegex(@"^Step (?<number>[0-9]+)/(?<total>[0-9]+) : (?<name>.*?)\n?\z", RegexOptions.Singleline)]
    private static partial Regex Step { get; }

    [GeneratedRegex(@"^ ---> Running in (?<container>[0-9a-f]{12,64})\n?\z")]
    private static partial Regex RunningIn { get; }

    /// <summary>"Removed" since engine 23, "Removing" before.</summary>
    [GeneratedRegex(@"^(?: ---> )?Remov(?:ing|ed) intermediate container (?<container>[0-9a-f]{12,64})\n?\z")]
    private static partial Regex Removed { get; }

    [GeneratedRegex(@"^(?:\x1b\[91m)?(?: ---> )?\[Warning\] (?<text>.*?)(?:\x1b\[0m)?\n?\z", RegexOptions.Singleline)]
    private static partial Regex Warning { get; }

    /// <summary>Text that repeats facts: ids of layers, tags, blank lines.</summary>
    [GeneratedRegex(@"^(?:\n| ---> (?:[0-9a-f]{12,64})?\n|Remov(?:ing|ed) intermediate container [0-9a-f]+\n|Successfully (?:built|tagged) \S+\n)\z")]
    private static partial Regex Bookkeeping { get; }

    [GeneratedRegex(@"returned a non-zero code: (?<code>[0-9]+)\z")]
    private static partial Regex ExitCode { get; }
}
