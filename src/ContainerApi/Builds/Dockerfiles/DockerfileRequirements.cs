using ContainerApi.Engine;

namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// Finds what a Dockerfile needs and its builder cannot do, before the build starts: an old frontend reads the text of a
/// heredoc as instructions or creates an empty file.
/// </summary>
internal static partial class DockerfileRequirements
{
    /// <exception cref="ApiException">The builder does not support it; the message says what, where and why.</exception>
    public static void Check(string dockerfile, BuilderKind builder, EngineCapabilities engine)
    {
        var lines = new DockerfileLines(dockerfile);
        var isClassic = builder == BuilderKind.Classic;
        // A frontend that the Dockerfile selects may support anything; the classic builder ignores it.
        var isOld = builder == BuilderKind.BuildKit && !engine.HasNewDockerfileFrontend && lines.Syntax is null;
        var needsBuildKit = $"needs BuildKit, but this build uses the classic builder (engine API {engine.ApiVersion}).";
        var needsNewFrontend =
            $"needs the Dockerfile frontend of engine API {EngineCapabilities.Engine23} or later; this engine has API {engine.ApiVersion}.";
        while (lines.Next() is { } instruction)
        {
            var (keyword, flags, words) = Split(instruction.Text);
            foreach (var flag in flags)
            {
                if (IsSshMount(keyword, flag))
                {
                    throw Unsupported(instruction, "RUN --mount=type=ssh is not supported: this service does not forward an SSH agent.");
                }

                var name = flag.Split('=', 2)[0];
                if ((isClassic && NeedsBuildKit(keyword, name)) || (isOld && NeedsNewFrontend(keyword, name)))
                {
                    throw Unsupported(instruction, $"{keyword} {name} {(isClassic ? needsBuildKit : needsNewFrontend)}");
                }
            }

            if (keyword is not ("RUN" or "COPY" or "ADD"))
            {
                continue;
            }

            foreach (var heredoc in words.Select(word => Heredoc.Match(word)).Where(match => match.Success))
            {
                if (isClassic || isOld)
                {
                    throw Unsupported(instruction, $"{keyword} with a heredoc {(isClassic ? needsBuildKit : needsNewFrontend)}");
                }

                lines.SkipUntil(heredoc.Groups["end"].Value, isIndented: heredoc.Groups["dash"].Length > 0);
            }
        }
    }

    private static bool IsSshMount(string keyword, string flag) =>
        keyword == "RUN" && flag.StartsWith("--mount=", StringComparison.Ordinal)
        && flag["--mount=".Length..].Split(',').Any(option => option.Trim('"').Equals("type=ssh", StringComparison.OrdinalIgnoreCase));

    private static bool NeedsBuildKit(string keyword, string flag) => (keyword, flag) is
        ("RUN", "--mount" or "--network" or "--security") or ("COPY" or "ADD", "--chmod" or "--link");

    private static bool NeedsNewFrontend(string keyword, string flag) => (keyword, flag) is
        ("RUN", "--network" or "--security") or ("COPY" or "ADD", "--link");

    private static ApiException Unsupported((int Line, string Text) instruction, string reason) =>
        new(ErrorCode.FeatureUnsupported, string.Create(CultureInfo.InvariantCulture, $"Line {instruction.Line} of the Dockerfile: {reason}"));

    /// <summary>Splits an instruction into its keyword in capitals, its flags, and the other words with quotes. Flags of an ONBUILD trigger
    /// belong to a later build.</summary>
    private static (string Keyword, IReadOnlyList<string> Flags, IReadOnlyList<string> Words) Split(string instruction)
    {
        var words = Words.Matches(instruction).Select(m => m.Value).ToList();
        var keyword = words[0].ToUpperInvariant();
        return keyword == "ONBUILD" && words.Count > 1
            ? (words[1].ToUpperInvariant(), [], words[2..])
            : (keyword, [.. words.Skip(1).TakeWhile(IsFlag)], [.. words.Skip(1).SkipWhile(IsFlag)]);

        static bool IsFlag(string word) => word.StartsWith("--", StringComparison.Ordinal);
    }

    /// <summary>Blanks inside quotes belong to the word.</summary>
    [GeneratedRegex("""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\]|["'\\])+""", RegexOptions.Singleline)]
    private static partial Regex Words { get; }

    [GeneratedRegex("""^[0-9]*<<(?<dash>-?)(?<quote>["']?)(?<end>[A-Za-z_][^\s<"']*)\k<quote>\z""")]
    private static partial Regex Heredoc { get; }
}
