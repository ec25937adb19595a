using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker.Builders;

/// <summary>Converts the output of one build to facts. Each builder has its own reader.</summary>
internal abstract class BuildReader
{
    /// <summary>Whether the build failed; its facts are complete.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Ends the stream. A build without an image and without an error failed.</summary>
    public IReadOnlyList<BuildFact> End() =>
        HasFailed ? [] : Complete() ?? Fail(new WireError(null, "The engine ended the build without an image and without an error."));

    /// <summary>Returns the last facts of a successful build; null for a build without an image.</summary>
    protected abstract IReadOnlyList<BuildFact>? Complete();

    /// <summary>Returns the last facts of a failed build. The last fact is a <see cref="BuildFailed"/>.</summary>
    /// <param name="code">The exit code, if the builder has a field for it.</param>
    protected abstract IReadOnlyList<BuildFact> Fail(string message, int? code);

    protected IReadOnlyList<BuildFact> Fail(WireError error)
    {
        HasFailed = true;
        return Fail(error.Message ?? "", error.Code);
    }

    /// <summary>Creates the failure. The message of a failed command keeps its paths, because they are the container's.</summary>
    /// <param name="exit">The match of the exit code in the message.</param>
    /// <param name="cause">The code of the cause and the parameter to blame, as far as they are known.</param>
    protected static BuildFailed Failed(string message, Match exit, string? step, (ErrorCode Code, string? Field)? cause, int? code = null)
    {
        var text = exit.Success ? EngineErrors.Cut(message) : EngineErrors.Clean(message);
        return new BuildFailed(text.Length > 0 ? text : "The build failed.", step, code ?? ToNumber(exit.Groups["code"]), cause?.Code, cause?.Field);
    }

    /// <summary>Returns null without a match and for a number above the maximum.</summary>
    public static int? ToNumber(Group group) =>
        int.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>Reads the message stream of the Engine API's builds.</summary>
internal abstract class StreamBuildReader : BuildReader
{
    public IReadOnlyList<BuildFact> Read(StreamMessage message) =>
        HasFailed ? []
        : message.Failure is { } failure ? Fail(failure)
        : ReadMessage(message);

    /// <summary>Reads a message that is not an error.</summary>
    protected abstract IReadOnlyList<BuildFact> ReadMessage(StreamMessage message);
}
