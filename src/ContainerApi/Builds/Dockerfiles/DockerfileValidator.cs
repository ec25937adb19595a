using ContainerApi.Archives;
using ContainerApi.Engine;

namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// Finds Dockerfile errors that every builder reports, while the response status can still change: BuildKit reports them after
/// its first event. Only certain errors are reported here; all others are left to the builder.
/// </summary>
internal static class DockerfileValidator
{
    /// <summary>A build argument that selects a frontend, like <c># syntax=</c>.</summary>
    private const string SyntaxArgument = "BUILDKIT_SYNTAX";

    private static readonly HashSet<string> Keywords =
    [
        "add", "arg", "cmd", "copy", "entrypoint", "env", "expose", "from", "healthcheck", "label", "maintainer", "onbuild", "run", "shell",
        "stopsignal", "user", "volume", "workdir",
    ];

    /// <param name="dockerfile">The text, or null if the context has no Dockerfile.</param>
    /// <exception cref="ApiException">The Dockerfile is invalid; the message says why and where.</exception>
    public static void Check(string? dockerfile, BuildSpec spec, EngineCapabilities engine)
    {
        if (dockerfile is null)
        {
            throw Fault($"The context does not contain '{spec.Dockerfile ?? Contexts.BuildContexts.DefaultDockerfile}'.");
        }

        if (Contexts.BuildContexts.IsUtf16(dockerfile))
        {
            throw Fault("The Dockerfile is encoded in UTF-16. Save it as UTF-8.");
        }

        var lines = new DockerfileLines(dockerfile, engine.KnowsCheckDirective);
        if (spec.Builder == BuilderKind.BuildKit && (lines.HasSyntax || spec.BuildArguments.ContainsKey(SyntaxArgument)))
        {
            // Another frontend may have another language.
            return;
        }

        var (stages, hasTarget) = (0, false);
        var first = lines.Next() ?? throw Fault("The Dockerfile has no instruction.");
        for ((int Line, string Text)? instruction = first; instruction is var (line, text); instruction = lines.Next())
        {
            var words = DockerfileLines.WordsOf(text);
            var keyword = words[0].ToLowerInvariant();
            if (!IsInstruction(words[0]))
            {
                throw Fault(line, $"Unknown instruction '{TarText.Printable(Shortened(words[0]))}'.");
            }

            if (keyword == "from")
            {
                hasTarget |= spec.Target is { } stage && DockerfileLines.BeginsStage(words, stages, stage);
                stages++;
            }
            else if (stages == 0 && keyword != "arg")
            {
                throw Fault(line, $"{keyword.ToUpperInvariant()} comes before the first FROM.");
            }

            if (text.Contains("<<", StringComparison.Ordinal))
            {
                // Only the frontend knows where a heredoc ends.
                return;
            }
        }

        if (stages == 0)
        {
            throw Fault("The Dockerfile has no FROM.");
        }

        if (spec.Target is { } target && !hasTarget)
        {
            throw Fault($"The Dockerfile has no stage '{target}'.", "target");
        }
    }

    // Not by IgnoreCase: the engine compares in lower case, where the Kelvin sign is a K.
    public static bool IsInstruction(string word) => Keywords.Contains(word.ToLowerInvariant());

    private static string Shortened(string word) => word.Length <= 40 ? word : word[..40] + "…";

    private static ApiException Fault(int line, string reason) =>
        Fault(string.Create(CultureInfo.InvariantCulture, $"Line {line} of the Dockerfile: {reason}"));

    private static ApiException Fault(string reason, params IReadOnlyList<string> fields) =>
        new(ErrorCode.InvalidDockerfile, reason) { Fields = fields };
}
