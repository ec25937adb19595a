using ContainerApi.Engine.Docker.Wire;
using Grpc.Core;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Converts BuildKit's status messages to facts.</summary>
/// <remarks>
/// BuildKit sends the whole state of a step after each change, and a completed step can continue (a base image is resolved, then
/// fetched). So the end of a step is reported with the next message, unless that message continues the step.
/// </remarks>
internal sealed partial class BuildKitTrace : BuildReader
{
    /// <summary>Engine 20.10 has this text in the error if the frontend rejects the Dockerfile; newer engines do not.</summary>
    private const string FrontendError = "failed to create LLB definition";

    private const string InvalidTrace = "The engine's trace of the build is invalid.";

    /// <summary>Steps, parts of steps (layers, files), and their characters. Large builds have hundreds.</summary>
    private const int MaxKept = 10_000;
    private const int MaxKeptLength = 16 * 1024 * 1024;

    private readonly Dictionary<string, BuildKitStep> _steps = [];
    private readonly Dictionary<(string Step, string Id), StepProgress> _progress = [];
    private string? _image;
    private bool _hasNoImage;

    /// <summary>Reads a status message.</summary>
    public IReadOnlyList<BuildFact> Read(StatusResponse status)
    {
        try
        {
            return HasFailed ? [] : ReadStatus(status);
        }
        catch (InvalidOperationException)
        {
            return Fail(new WireError(null, InvalidTrace));
        }
    }

    /// <summary>Ends the build with its image, or null for none.</summary>
    public IReadOnlyList<BuildFact> End(string? image)
    {
        _image = image;
        return End();
    }

    /// <summary>Ends a build whose result is a file.</summary>
    public IReadOnlyList<BuildFact> EndWithoutImage()
    {
        _hasNoImage = true;
        return End();
    }

    /// <summary>Ends the build with its error.</summary>
    public IReadOnlyList<BuildFact> End(RpcException error) => HasFailed ? [] : Fail(new WireError(null, error.Status.Detail));

    protected override IReadOnlyList<BuildFact>? Complete() =>
        _image is null && !_hasNoImage
            ? null
            : [.. _steps.Values.SelectMany(s => s.Complete()), .. FailedSteps(), .. _image is null ? (BuildFact[])[] : [new ImageBuilt(_image)]];

    protected override IReadOnlyList<BuildFact> Fail(string message, int? code)
    {
        // The failed step is the one whose error the message ends with. Other steps were cancelled because of it.
        var failed = _steps.Values.FirstOrDefault(s => s.Error is { } error && message.EndsWith(error, StringComparison.Ordinal))
            ?? _steps.Values.FirstOrDefault(s => s.Error is not null);
        // The builder's own steps have no number. They fail because of the context or the Dockerfile, too. Other steps fail because of a
        // registry or a missing feature, unless their command ran.
        (ErrorCode, string?)? cause = message == InvalidTrace ? (ErrorCode.EngineError, null)
            : failed?.Number is null
                ? EngineErrorTable.FindInBuild(message)
                    ?? (failed is null && IsFaultOfDockerfile(message) ? (ErrorCode.InvalidDockerfile, null) : null)
            : CommandRan.IsMatch(message) ? null
            : EngineErrorTable.FindInStep(message);
        var step = cause is null || failed?.Number is not null ? failed?.Name : null;
        return
        [
            .. _steps.Values.SelectMany(s => s.Complete()),
            .. failed is null ? [] : (BuildFact[])[new StepFailed(failed.Id, failed.Took)],
            Failed(message, ExitCode.Match(message), step, cause),
        ];
    }

    /// <summary>Steps that failed in a build that succeeded, such as the export of a cache.</summary>
    private IEnumerable<StepFailed> FailedSteps() => _steps.Values.Where(s => s.Error is not null).Select(s => new StepFailed(s.Id, s.Took));

    private static bool IsFaultOfDockerfile(string message) =>
        message.Contains(FrontendError, StringComparison.Ordinal) || EngineErrors.IsLateFaultOfDockerfile(message);

    /// <exception cref="InvalidOperationException">A time is out of range, or the build has too many steps.</exception>
    private List<BuildFact> ReadStatus(StatusResponse status)
    {
        List<BuildFact> facts = [.. status.Vertexes.SelectMany(v => StepOf(v.Digest).Read(v))];
        var continued = status.Vertexes.Select(v => v.Digest).Concat(status.Logs.Select(l => l.Vertex)).ToHashSet();
        facts.AddRange(_steps.Values.Where(s => s.IsDone && !continued.Contains(s.Id)).SelectMany(s => s.Complete()));
        foreach (var progress in status.Statuses.Select(ToProgress))
        {
            // BuildKit repeats equal states.
            if (_progress.GetValueOrDefault((progress.Step!, progress.Id)) != progress)
            {
                _progress[(progress.Step!, progress.Id)] = progress;
                facts.Add(progress);
            }
        }

        facts.AddRange(status.Logs.SelectMany(log => StepOf(log.Vertex).Log(log.Stream, log.Msg.Span)));
        facts.AddRange(status.Warnings.Select(ToWarning));
        return _steps.Count + _progress.Count <= MaxKept
            && _steps.Values.Sum(s => s.Length) + _progress.Values.Sum(p => (long)p.Id.Length + p.Status.Length) <= MaxKeptLength
            ? facts
            : throw new InvalidOperationException("The build has too many steps.");
    }

    private BuildKitStep StepOf(string id) => _steps.TryGetValue(id, out var step) ? step : _steps[id] = new BuildKitStep(id);

    private static StepProgress ToProgress(VertexStatus part)
    {
        var status = part.Name.Length > 0 ? part.Name : part.Completed is null ? "started" : "done";
        long? total = part.Total > 0 ? part.Total : null;
        return new StepProgress(part.Vertex, part.Id, status, part.Current > 0 || total is not null ? part.Current : null, total);
    }

    private static BuildWarning ToWarning(VertexWarning warning)
    {
        var line = warning.Ranges.FirstOrDefault()?.Start?.Line;
        var url = EngineErrors.Cut(warning.Url);
        return new BuildWarning(EngineErrors.Cut(warning.Short.ToStringUtf8()), line > 0 ? line : null, url.Length > 0 ? url : null);
    }

    /// <summary>Engine 20.10, and later ones.</summary>
    [GeneratedRegex(@"executor failed running \[|did not complete successfully: ")]
    private static partial Regex CommandRan { get; }

    [GeneratedRegex(@"exit code: (?<code>[0-9]+)\s*\z")]
    private static partial Regex ExitCode { get; }
}
