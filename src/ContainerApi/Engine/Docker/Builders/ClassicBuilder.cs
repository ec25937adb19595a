using System.Text.RegularExpressions;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker.Builders;

/// <summary>
/// Reads the classic builder's message stream, which is text made for people, as facts. One per build; pure.
/// </summary>
/// <remarks>
/// The builder writes each of its own lines as one message, and a step's output as whatever came in one read. Between
/// " ---&gt; Running in ID" and "Removing intermediate container ID" every text is the step's own, so output that looks like
/// the builder's is not taken for it.
/// </remarks>
internal sealed partial class ClassicBuilder : IBuildReader
{
    private const string StandardOutput = "stdout";
    private const string StandardError = "stderr";
    private const string Red = "\u001b[91m";
    private const string Normal = "\u001b[0m";

    private readonly StepOutput _output = new();
    private readonly StepOutput _errors = new();
    private string? _step;
    private string? _stepName;
    private string? _container;
    private bool _usedCache;
    private bool _ran;
    private bool _built;
    private bool _ended;

    public IEnumerable<BuildFact> Read(StreamMessage message) =>
        _ended ? []
        : message.Failure is { } failure ? Fail(failure)
        : message.ImageId is { } image ? Built(image)
        : message.Status is { } status ? Progress(message, status)
        : message.Stream is { } text ? _container is null ? BuildersText(text) : StepsText(text)
        : [];

    /// <summary>The stream ended. Without an image after the last step and without an error that is a failure all the same.</summary>
    public IEnumerable<BuildFact> End() => _ended || (_built && _step is null) ? []
        : Fail(new WireError(null, "The engine ended the build without an image and without an error."));

    private IEnumerable<BuildFact> BuildersText(string text)
    {
        if (Step.Match(text) is { Success: true } step)
        {
            foreach (var fact in CompleteStep())
            {
                yield return fact;
            }

            _step = step.Groups["number"].Value;
            _stepName = step.Groups["name"].Value;
            yield return new StepStarted(_step, step.Groups["number"].ToNumber(), step.Groups["total"].ToNumber(), _stepName);
        }
        else if (RunningIn.Match(text) is { Success: true } running)
        {
            _container = running.Groups["container"].Value;
            _ran = true;
        }
        else if (Warning.Match(text) is { Success: true } warning)
        {
            yield return new BuildWarning(warning.Groups["text"].Value.Trim(), null);
        }
        else if (text == " ---> Using cache\n")
        {
            _usedCache = true;
        }
        else if ((text == "\n" && _output.IsWaiting) || !Bookkeeping.IsMatch(text))
        {
            foreach (var fact in Log(text))
            {
                yield return fact;
            }
        }
    }

    private IEnumerable<BuildFact> StepsText(string text)
    {
        if (Removed.Match(text) is { Success: true } removed && removed.Groups["container"].Value == _container)
        {
            _container = null;
            return FlushOutput();
        }

        return Log(text);
    }

    private IEnumerable<BuildFact> Log(string text)
    {
        var isError = text.StartsWith(Red, StringComparison.Ordinal) && text.EndsWith(Normal, StringComparison.Ordinal);
        var (stream, lines) = isError
            ? (StandardError, _errors.Add(text[Red.Length..^Normal.Length]))
            : (StandardOutput, _output.Add(text));
        return lines is null ? [] : [new StepLog(_step, stream, lines)];
    }

    private IEnumerable<BuildFact> FlushOutput()
    {
        if (_output.Flush() is { } output)
        {
            yield return new StepLog(_step, StandardOutput, output);
        }

        if (_errors.Flush() is { } errors)
        {
            yield return new StepLog(_step, StandardError, errors);
        }
    }

    /// <summary>A step has no last word of its own: the next one begins, or an image is there.</summary>
    private IEnumerable<BuildFact> CompleteStep()
    {
        foreach (var fact in FlushOutput())
        {
            yield return fact;
        }

        if (_step is { } step)
        {
            yield return new StepCompleted(step, Cached: _usedCache && !_ran);
        }

        (_step, _stepName, _usedCache, _ran) = (null, null, false, false);
    }

    private IEnumerable<BuildFact> Built(string image)
    {
        _built = true;
        foreach (var fact in CompleteStep())
        {
            yield return fact;
        }

        yield return new ImageBuilt(image);
    }

    /// <summary>Pulling a base image, or fetching what <c>ADD</c> names. A sentence without a layer is part of the log.</summary>
    private IEnumerable<BuildFact> Progress(StreamMessage message, string status) => message.Id is { } id
        ? [new StepProgress(_step, id, status, message.ProgressDetail?.Current, message.ProgressDetail?.Total)]
        : Log(status + "\n");

    private IEnumerable<BuildFact> Fail(WireError error)
    {
        _ended = true;
        foreach (var fact in FlushOutput())
        {
            yield return fact;
        }

        var message = error.Message ?? "";
        var exit = ExitCode.Match(message);
        var code = error.Code is { } reported and not 0 ? reported : exit.Groups["code"].ToNumber();
        var text = exit.Success ? EngineErrors.Cut(message) : EngineErrors.Clean(message);
        yield return new BuildFailed(
            text.Length > 0 ? text : "The build failed.", _stepName, code,
            message.Contains("requires BuildKit", StringComparison.Ordinal) ? ErrorCode.FeatureUnsupported
            : !_ran && EngineErrors.IsLateFaultOfDockerfile(message) ? ErrorCode.InvalidDockerfile
            : null);
    }

    [GeneratedRegex(@"^Step (?<number>[0-9]+)/(?<total>[0-9]+) : (?<name>.*?)\n?\z", RegexOptions.Singleline)]
    private static partial Regex Step { get; }

    [GeneratedRegex(@"^ ---> Running in (?<container>[0-9a-f]{12,64})\n?\z")]
    private static partial Regex RunningIn { get; }

    /// <summary>Engines from 23 on say that it is removed, older ones that they are removing it.</summary>
    [GeneratedRegex(@"^(?: ---> )?Remov(?:ing|ed) intermediate container (?<container>[0-9a-f]{12,64})\n?\z")]
    private static partial Regex Removed { get; }

    [GeneratedRegex(@"^(?:\x1b\[91m)?(?: ---> )?\[Warning\] (?<text>.*?)(?:\x1b\[0m)?\n?\z", RegexOptions.Singleline)]
    private static partial Regex Warning { get; }

    /// <summary>What says nothing that a fact does not say: ids of layers, tags, blank lines.</summary>
    [GeneratedRegex(@"^(?:\n| ---> (?:[0-9a-f]{12,64})?\n|Remov(?:ing|ed) intermediate container [0-9a-f]+\n|Successfully (?:built|tagged) \S+\n)\z")]
    private static partial Regex Bookkeeping { get; }

    [GeneratedRegex(@"returned a non-zero code: (?<code>[0-9]+)\z")]
    private static partial Regex ExitCode { get; }
}
