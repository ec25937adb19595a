namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// Limits what the variables of a Dockerfile expand to. BuildKit expands them while it parses, which no cancellation stops: a few lines of
/// <c>ENV A=$A$A</c> would occupy the engine for minutes.
/// </summary>
internal static partial class DockerfileExpansion
{
    /// <summary>The maximum length of all instructions with their variables, in characters.</summary>
    public const long MaxLength = 16 * 1024 * 1024;

    /// <summary>A guess for a variable that the base image may have.</summary>
    private const long UnknownLength = 256;

    /// <param name="arguments">The build arguments.</param>
    /// <exception cref="ApiException">The variables expand to more.</exception>
    public static void Check(string dockerfile, IReadOnlyDictionary<string, string?> arguments)
    {
        var lines = new DockerfileLines(dockerfile, knowsCheck: true);
        var lengths = arguments.ToDictionary(a => a.Key, a => (long)(a.Value?.Length ?? 0));
        var total = 0L;
        while (lines.Next() is var (line, text))
        {
            var keyword = DockerfileLines.WordsOf(text)[0].ToUpperInvariant();
            // The shell of a step expands its command.
            if (keyword is "RUN" or "CMD" or "ENTRYPOINT" or "HEALTHCHECK" or "SHELL")
            {
                continue;
            }

            var words = DockerfileRequirements.Words.Matches(text).Select(word => word.Value).Skip(1).ToList();
            total += words.Sum(LengthOf);
            if (total > MaxLength)
            {
                throw new ApiException(ErrorCode.InvalidDockerfile, string.Create(
                    CultureInfo.InvariantCulture, $"Line {line} of the Dockerfile: its variables expand to more than {MaxLength} characters."));
            }

            foreach (var (name, length) in keyword is "ENV" or "ARG" ? AssignmentsOf(words) : [])
            {
                // Stages have variables of their own: the longest value counts.
                lengths[name] = Math.Max(length, lengths.GetValueOrDefault(name));
            }
        }

        long LengthOf(string word) =>
            word.Length + Reference.Matches(word).Sum(r => lengths.GetValueOrDefault(r.Groups["name"].Value, UnknownLength));

        // "NAME=value NAME=value", or "NAME value" of ENV.
        List<(string Name, long Length)> AssignmentsOf(IReadOnlyList<string> words) => words is [var first, _, ..] && !first.Contains('=')
            ? [(first, words.Skip(1).Sum(LengthOf))]
            : [.. words.Select(word => word.Split('=', 2)).Where(pair => pair.Length == 2).Select(pair => (pair[0], LengthOf(pair[1])))];
    }

    [GeneratedRegex(@"\$\{?(?<name>[A-Za-z_][A-Za-z0-9_]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Reference { get; }
}
