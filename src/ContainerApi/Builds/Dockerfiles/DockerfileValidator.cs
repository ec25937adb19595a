namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// Finds Dockerfile errors that every builder reports, while the response status can still change: BuildKit reports them after
/// its first event. Only certain errors are reported here; all others are left to the builder.
/// </summary>
internal static class DockerfileValidator
{
    /// <summary>A build argument that selects a frontend, like <c># syntax=</c>.</summary>
    private const string SyntaxArgument = "BUILDKIT_SYNTAX";

    private static readonly char[] Blanks = [' ', '\t', '\v', '\f', '\r'];

    private static readonly HashSet<string> Keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL",
        "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    };

    /// <param name="dockerfile">The text, or null if the context has no Dockerfile.</param>
    /// <exception cref="ApiException">The Dockerfile is invalid; the message says why and where.</exception>
    public static void Check(string? dockerfile, BuildSpec spec)
    {
        if (dockerfile is null)
        {
            throw Fault($"The context does not contain '{spec.Dockerfile ?? Contexts.BuildContexts.DefaultDockerfile}'.");
        }

        var lines = new DockerfileLines(dockerfile);
        if (spec.Builder == BuilderKind.BuildKit && (lines.Syntax is not null || spec.BuildArguments.ContainsKey(SyntaxArgument)))
        {
            // Another frontend may have another language.
            return;
        }

        var stages = new List<string?>();
        var first = lines.Next() ?? throw Fault("The Dockerfile has no instruction.");
        for ((int Line, string Text)? instruction = first; instruction is var (line, text); instruction = lines.Next())
        {
            var words = text.TrimStart().Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
            if (!Keywords.Contains(words[0]))
            {
                throw Fault(line, $"Unknown instruction '{Contexts.TarText.Printable(Shortened(words[0]))}'.");
            }

            if (words[0].Equals("FROM", StringComparison.OrdinalIgnoreCase))
            {
                stages.Add(words is [.., var keyword, var name] && keyword.Equals("AS", StringComparison.OrdinalIgnoreCase) ? name : null);
            }
            else if (stages.Count == 0 && !words[0].Equals("ARG", StringComparison.OrdinalIgnoreCase))
            {
                throw Fault(line, $"{words[0].ToUpperInvariant()} comes before the first FROM.");
            }

            if (text.Contains("<<", StringComparison.Ordinal))
            {
                // Only the frontend knows where a heredoc ends.
                return;
            }
        }

        if (stages.Count == 0)
        {
            throw Fault("The Dockerfile has no FROM.");
        }

        if (spec.Target is { } target && !Has(stages, target))
        {
            throw Fault($"The Dockerfile has no stage '{target}'.");
        }
    }

    private static bool Has(List<string?> stages, string target) =>
        stages.Contains(target, StringComparer.OrdinalIgnoreCase)
        || (int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < stages.Count);

    private static string Shortened(string word) => word.Length <= 40 ? word : word[..40] + "…";

    private static ApiException Fault(int line, string reason) =>
        Fault(string.Create(CultureInfo.InvariantCulture, $"Line {line} of the Dockerfile: {reason}"));

    private static ApiException Fault(string reason) => new(ErrorCode.InvalidDockerfile, reason);
}
