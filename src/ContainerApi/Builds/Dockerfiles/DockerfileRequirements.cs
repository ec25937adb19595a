using ContainerApi.Engine;

namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// Finds what a Dockerfile needs and its builder surely cannot do, before the build starts: an old parser reads the text of a heredoc as
/// instructions, and the classic builder ignores it. Everything else is left to the builder.
/// </summary>
internal static partial class DockerfileRequirements
{
    /// <exception cref="ApiException">The builder does not support it; the message says what, where and why.</exception>
    public static void Check(string dockerfile, BuildSpec spec, EngineCapabilities engine)
    {
        var lines = new DockerfileLines(dockerfile, engine.KnowsCheckDirective);
        var isClassic = spec.Builder == BuilderKind.Classic;
        // A frontend that the Dockerfile selects may support anything; the classic builder ignores it.
        var isOld = !engine.HasNewDockerfileFrontend && (isClassic || (spec.Builder == BuilderKind.BuildKit && !lines.HasSyntax));
        var needsBuildKit = $"needs BuildKit, but this build uses the classic builder (engine API {engine.ApiVersion}).";
        var needsNewFrontend =
            $"needs the Dockerfile frontend of engine API {EngineCapabilities.Engine23} or later; this engine has API {engine.ApiVersion}.";
        // The parser reads all stages; the classic builder runs those up to the target.
        var (stages, isTarget, isRun) = (0, false, isClassic);
        while (lines.Next() is { } instruction)
        {
            var (keyword, flags, words) = Split(instruction.Text);
            if (keyword == "FROM")
            {
                isRun &= !isTarget;
                isTarget |= spec.Target is { } target && DockerfileLines.BeginsStage(DockerfileLines.WordsOf(instruction.Text), stages, target);
                stages++;
            }

            foreach (var flag in flags.Select(flag => flag.Split('=', 2)))
            {
                if ((isRun && NeedsBuildKit(keyword, flag)) || (isOld && NeedsNewFrontend(keyword, flag[0])))
                {
                    throw Unsupported(
                        instruction, $"{keyword} {flag[0]} {(isRun && NeedsBuildKit(keyword, flag) ? needsBuildKit : needsNewFrontend)}");
                }
            }

            if (keyword is not ("RUN" or "COPY" or "ADD"))
            {
                continue;
            }

            foreach (var heredoc in words.Select(word => Heredoc.Match(word)).Where(match => match.Success))
            {
                // Without an end it is no heredoc for an old parser, and an error for a new one.
                if (lines.SkipUntil(heredoc.Groups["end"].Value, isIndented: heredoc.Groups["dash"].Length > 0) && (isRun || isOld))
                {
                    throw Unsupported(instruction, $"{keyword} with a heredoc {(isRun ? needsBuildKit : needsNewFrontend)}");
                }
            }
        }
    }

    private static bool NeedsBuildKit(string keyword, string[] flag) => (keyword, flag) is
        ("RUN", ["--mount" or "--network", ..]) or ("COPY" or "ADD", ["--chmod", not ""]);

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

        // A lone "--" ends the flags.
        static bool IsFlag(string word) => word.Length > 2 && word.StartsWith("--", StringComparison.Ordinal);
    }

    /// <summary>Blanks inside quotes belong to the word.</summary>
    [GeneratedRegex("""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\]|["'\\])+""", RegexOptions.Singleline)]
    private static partial Regex Words { get; }

    [GeneratedRegex("""^[0-9]*<<(?<dash>-?)(?<quote>["']?)(?<end>[A-Za-z_][^\s<"']*)\k<quote>\z""")]
    private static partial Regex Heredoc { get; }
}
