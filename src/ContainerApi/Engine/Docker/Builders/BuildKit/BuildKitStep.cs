namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>The state of one vertex of BuildKit's graph: a step of the Dockerfile, or a step of the builder, which has no number.</summary>
internal sealed partial class BuildKitStep(string id)
{
    private const int StandardErrorStream = 2;

    private readonly StepOutput _output = new("stdout");
    private readonly StepOutput _errors = new("stderr");
    private DateTimeOffset? _started;
    private DateTimeOffset? _completed;
    private bool _isCached;
    private bool _isStartReported;
    private bool _isEndReported;

    public string Id => id;

    /// <summary>The instruction, without its place.</summary>
    public string Name { get; private set; } = "";

    public int? Number { get; private set; }

    /// <summary>The error so far; the build can still succeed.</summary>
    public string? Error { get; private set; }

    /// <summary>Characters that are kept.</summary>
    public long Length => id.Length + Name.Length + (Error?.Length ?? 0);

    /// <summary>Whether the step succeeded and this was not reported yet.</summary>
    public bool IsDone => _completed is not null && Error is null && !_isEndReported;

    /// <summary>The duration that the builder measured; null if unknown.</summary>
    public TimeSpan? Took => _started is { } started && _completed >= started ? _completed - started : null;

    /// <summary>Reads the current state. The start is reported once.</summary>
    /// <exception cref="InvalidOperationException">A time is out of range.</exception>
    public IReadOnlyList<BuildFact> Read(Vertex vertex)
    {
        var place = Place.Match(vertex.Name);
        Name = place.Success ? place.Groups["name"].Value : vertex.Name;
        Number = BuildReader.ToNumber(place.Groups["number"]);
        _isCached = vertex.Cached;
        _started ??= vertex.Started?.ToDateTimeOffset();
        _completed = vertex.Completed?.ToDateTimeOffset();
        Error = vertex.Error.Length > 0 ? vertex.Error : null;
        if (_isStartReported || (_started is null && _completed is null))
        {
            return [];
        }

        _isStartReported = true;
        return [new StepStarted(id, Number, BuildReader.ToNumber(place.Groups["total"]), Name)];
    }

    public IReadOnlyList<StepLog> Log(long stream, ReadOnlySpan<byte> bytes) => (stream == StandardErrorStream ? _errors : _output).Add(id, bytes);

    /// <summary>Returns the pending output, and the step's end if it was not reported.</summary>
    public IReadOnlyList<BuildFact> Complete()
    {
        List<BuildFact> facts = [.. _output.Flush(id), .. _errors.Flush(id)];
        if (IsDone)
        {
            _isEndReported = true;
            facts.Add(new StepCompleted(id, _isCached, Took));
        }

        return facts;
    }

    /// <summary><c>[2/5] RUN …</c>, <c>[stage 2/5] RUN …</c>, <c>[linux/amd64 stage 2/5] RUN …</c>.</summary>
    [GeneratedRegex(@"^\[(?:[^\]\s]+ )*(?<number>[0-9]+)/(?<total>[0-9]+)\] (?<name>.*)\z", RegexOptions.Singleline)]
    private static partial Regex Place { get; }
}
