using System.Text.Json;
using System.Text.RegularExpressions;
using ContainerApi.Engine.Docker.Wire;
using Google.Protobuf;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Reads BuildKit's message stream, which carries its own status messages in base64, as facts. One per build; pure.</summary>
/// <remarks>
/// BuildKit sends a step again in full whenever something about it changes, and one that was done may go on (a base image
/// is resolved, then fetched). So the end of a step is reported with the next message, unless that message continues the step.
/// </remarks>
internal sealed partial class BuildKitTrace : IBuildReader
{
    /// <summary>How engine 20.10 says, and newer ones do not, that the frontend made nothing of the Dockerfile; where no step failed, that
    /// is the Dockerfile's fault.</summary>
    private const string FrontendRefused = "failed to create LLB definition";

    private readonly Dictionary<string, BuildKitStep> _steps = [];
    private readonly Dictionary<(string Step, string Id), StepProgress> _progress = [];
    private string? _image;
    private bool _ended;

    public IEnumerable<BuildFact> Read(StreamMessage message)
    {
        var facts = new List<BuildFact>();
        if (_ended)
        {
            return facts;
        }

        if (message.Failure is { } failure)
        {
            Fail(failure.Message ?? "", facts);
        }
        else if (message is { Id: "moby.buildkit.trace", Aux: { ValueKind: JsonValueKind.String } trace })
        {
            if (Decode(trace) is { } status)
            {
                Read(status, facts);
            }
            else
            {
                _ended = true;
                facts.Add(new BuildFailed("The engine's account of the build cannot be read.", null, null, ErrorCode.EngineError));
            }
        }
        else if (message.ImageId is { } image)
        {
            // It may come before the last of the trace.
            _image = image;
        }

        return facts;
    }

    public IEnumerable<BuildFact> End()
    {
        var facts = new List<BuildFact>();
        if (_ended)
        {
            return facts;
        }

        if (_image is null)
        {
            Fail("The engine ended the build without an image and without an error.", facts);
            return facts;
        }

        foreach (var step in _steps.Values)
        {
            facts.AddRange(step.Complete());
        }

        facts.Add(new ImageBuilt(_image));
        return facts;
    }

    private static StatusResponse? Decode(JsonElement trace)
    {
        try
        {
            return StatusResponse.Parser.ParseFrom(trace.GetBytesFromBase64());
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private void Read(StatusResponse status, List<BuildFact> facts)
    {
        foreach (var vertex in status.Vertexes)
        {
            facts.AddRange(StepOf(vertex.Digest).Read(vertex));
        }

        var goOn = status.Vertexes.Select(v => v.Digest).Concat(status.Logs.Select(l => l.Vertex)).ToHashSet();
        foreach (var step in _steps.Values.Where(s => s.IsDone && !goOn.Contains(s.Id)))
        {
            facts.AddRange(step.Complete());
        }

        foreach (var part in status.Statuses)
        {
            var progress = ToProgress(part);
            // The same state comes again and again.
            if (!_progress.TryGetValue((part.Vertex, part.Id), out var known) || known != progress)
            {
                _progress[(part.Vertex, part.Id)] = progress;
                facts.Add(progress);
            }
        }

        facts.AddRange(status.Logs.SelectMany(log => StepOf(log.Vertex).Log(log.Stream, log.Msg.Span)));
        facts.AddRange(status.Warnings.Select(ToWarning));
    }

    private BuildKitStep StepOf(string id)
    {
        if (!_steps.TryGetValue(id, out var step))
        {
            _steps[id] = step = new BuildKitStep(id);
        }

        return step;
    }

    private static StepProgress ToProgress(VertexStatus part)
    {
        var status = part.Name.Length > 0 ? part.Name : part.Completed is null ? "started" : "done";
        long? total = part.Total > 0 ? part.Total : null;
        return new StepProgress(part.Vertex, part.Id, status, part.Current > 0 || total is not null ? part.Current : null, total);
    }

    private static BuildWarning ToWarning(VertexWarning warning)
    {
        var line = warning.Ranges.FirstOrDefault()?.Start?.Line;
        return new BuildWarning(EngineErrors.Cut(warning.Short.ToStringUtf8()), line > 0 ? line : null);
    }

    private void Fail(string message, List<BuildFact> facts)
    {
        _ended = true;
        // The failed step is the one whose error the message ends with; others were cancelled because of it.
        var failed = _steps.Values.FirstOrDefault(s => s.Error is { } error && message.EndsWith(error, StringComparison.Ordinal))
            ?? _steps.Values.FirstOrDefault(s => s.Error is not null);
        foreach (var step in _steps.Values)
        {
            facts.AddRange(step.IsDone ? step.Complete() : step.Flush());
        }

        var exit = ExitCode.Match(message);
        var text = exit.Success ? EngineErrors.Cut(message) : EngineErrors.Clean(message);
        // A step without a number is the builder's own: what it stumbles over may be the context's or the Dockerfile's fault.
        var kind = failed?.Number is not null ? null
            : EngineErrorTable.FindInBuild(message) ?? (failed is null && (message.Contains(FrontendRefused, StringComparison.Ordinal) || EngineErrors.IsLateFaultOfDockerfile(message)) ? ErrorCode.InvalidDockerfile : null);
        facts.Add(new BuildFailed(
            text.Length > 0 ? text : "The build failed.", kind is null ? failed?.Name : null,
            exit.Groups["code"].ToNumber(),
            kind));
    }

    [GeneratedRegex(@"exit code: (?<code>[0-9]+)\s*\z")]
    private static partial Regex ExitCode { get; }
}
