using System.Text;
using System.Text.RegularExpressions;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>What is known of one vertex of BuildKit's graph: a step of the Dockerfile, or one of the builder's own, which has no number.</summary>
internal sealed partial class BuildKitStep(string id)
{
    private const int StandardErrorStream = 2;

    private readonly Output _output = new("stdout");
    private readonly Output _errors = new("stderr");
    private DateTimeOffset? _started;
    private DateTimeOffset? _completed;
    private bool _cached;
    private bool _toldStart;
    private bool _toldEnd;

    public string Id => id;

    /// <summary>The instruction, without its place.</summary>
    public string Name { get; private set; } = "";

    public int? Number { get; private set; }

    /// <summary>What it failed with, as far as is known now; that is no failure of the build yet.</summary>
    public string? Error { get; private set; }

    /// <summary>Whether the step succeeded and this was not reported yet.</summary>
    public bool IsDone => _completed is not null && Error is null && !_toldEnd;

    /// <summary>Takes the current state; the start is reported once.</summary>
    public IEnumerable<BuildFact> Read(Vertex vertex)
    {
        var place = Place.Match(vertex.Name);
        Name = place.Success ? place.Groups["name"].Value : vertex.Name;
        Number = place.Groups["number"].ToNumber();
        _cached = vertex.Cached;
        _started ??= vertex.Started?.ToDateTimeOffset();
        _completed = vertex.Completed?.ToDateTimeOffset();
        Error = vertex.Error.Length > 0 ? vertex.Error : null;
        if (_toldStart || (_started is null && _completed is null))
        {
            return [];
        }

        _toldStart = true;
        return [new StepStarted(id, Number, place.Groups["total"].ToNumber(), Name)];
    }

    public IEnumerable<BuildFact> Log(long stream, ReadOnlySpan<byte> bytes)
    {
        var output = stream == StandardErrorStream ? _errors : _output;
        return output.Add(bytes) is { } lines ? [new StepLog(id, output.Stream, lines)] : [];
    }

    /// <summary>What waits for the end of its line: there will be none.</summary>
    public IEnumerable<BuildFact> Flush()
    {
        foreach (var output in (Output[])[_output, _errors])
        {
            if (output.Flush() is { } rest)
            {
                yield return new StepLog(id, output.Stream, rest);
            }
        }
    }

    /// <summary>The pending facts, and the step's end if it was not reported.</summary>
    public IEnumerable<BuildFact> Complete()
    {
        foreach (var rest in Flush())
        {
            yield return rest;
        }

        if (IsDone)
        {
            _toldEnd = true;
            yield return new StepCompleted(id, _cached, _started is { } started && _completed >= started ? _completed - started : null);
        }
    }

    /// <summary><c>[2/5] RUN …</c>, <c>[stage 2/5] RUN …</c>, <c>[linux/amd64 stage 2/5] RUN …</c>.</summary>
    [GeneratedRegex(@"^\[(?:[^\]\s]+ )*(?<number>[0-9]+)/(?<total>[0-9]+)\] (?<name>.*)\z", RegexOptions.Singleline)]
    private static partial Regex Place { get; }

    /// <summary>One stream: bytes that may be cut inside a character.</summary>
    private sealed class Output(string stream)
    {
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
        private readonly StepOutput _lines = new();

        public string Stream => stream;

        public string? Add(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false) is { Length: > 0 } text ? _lines.Add(text) : null;

        public string? Flush()
        {
            // A character that has no end becomes U+FFFD.
            var before = Decode([], flush: true) is { Length: > 0 } text ? _lines.Add(text) : null;
            return _lines.Flush() is { } rest ? before + rest : before;
        }

        private string Decode(ReadOnlySpan<byte> bytes, bool flush)
        {
            var chars = new char[_decoder.GetCharCount(bytes, flush)];
            return new string(chars, 0, _decoder.GetChars(bytes, chars, flush));
        }
    }
}
