using ContainerApi.Engine;

namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// Finds what a Dockerfile needs and its builder surely cannot do, before the build starts. Everything else is left to the builder. What
/// the builder ignores without an error is a warning.
/// </summary>
internal static partial class DockerfileRequirements
{
    /// <exception cref="ApiException">The builder does not support it; the message says what, where and why.</exception>
    public static IReadOnlyList<BuildWarning> Check(string dockerfile, BuildSpec spec, EngineCapabilities engine)
    {
        var lines = new DockerfileLines(dockerfile, engine.KnowsCheckDirective);
        var isClassic = spec.Builder == BuilderKind.Classic;
        // A frontend that the Dockerfile selects may support anything; the classic builder ignores it.
        var isOld = !engine.HasNewDockerfileFrontend && (isClassic || (spec.Builder == BuilderKind.BuildKit && !lines.HasSyntax));
        var needsBuildKit = $"needs BuildKit, but this build uses the classic builder (engine API {engine.ApiVersion}).";
        var needsNewFrontend =
            $"needs the Dockerfile frontend of engine API {EngineCapabilities.Engine23} or later; this engine has API {engine.ApiVersion}.";
        var warnings = new List<BuildWarning>();
        // An instruction with a heredoc, and the last line of its text, which an old parser reads as instructions.
        var (heredoc, heredocEnd) = (new Instruction(0, ""), 0);
        // The parser reads all stages; the classic builder runs those up to the target.
        var (stages, isTarget, isRun) = (0, false, isClassic);
        while (lines.Next() is var (line, text))
        {
            if (line <= heredocEnd && !DockerfileValidator.IsInstruction(DockerfileLines.WordsOf(text)[0]))
            {
                throw Unsupported(heredoc, $"with a heredoc {needsNewFrontend}");
            }

            var (keyword, flags, words, isTrigger) = Split(text);
            if (keyword == "FROM")
            {
                isRun &= !isTarget;
                isTarget |= spec.Target is { } target && DockerfileLines.BeginsStage(DockerfileLines.WordsOf(text), stages, target);
                stages++;
            }

            foreach (var flag in flags.Select(flag => flag.Split('=', 2)))
            {
                if ((isRun && NeedsBuildKit(keyword, flag)) || (isOld && NeedsNewFrontend(keyword, flag[0])))
                {
                    throw Unsupported(
                        new(line, keyword), $"{flag[0]} {(isRun && NeedsBuildKit(keyword, flag) ? needsBuildKit : needsNewFrontend)}");
                }
            }

            // Without an end it is no heredoc for an old parser, and an error for a new one.
            var begin = lines.Position;
            var heredocs = keyword is not ("RUN" or "COPY" or "ADD") ? 0 : words.Select(word => Heredoc.Match(word)).Count(match =>
                match.Success && lines.SkipUntil(match.Groups["end"].Value, isIndented: match.Groups["dash"].Length > 0));
            if (heredocs > 0 && isOld)
            {
                (heredoc, heredocEnd, lines.Position) = (new(line, keyword), lines.Position, begin);
            }
            else if (heredocs > 0 && isRun)
            {
                // The last word is the destination.
                if (keyword != "RUN" && !isTrigger && heredocs == words.Count - 1)
                {
                    throw Unsupported(new(line, keyword), $"with a heredoc as the only source {needsBuildKit}");
                }

                warnings.Add(new($"{keyword} ignores the text of the heredoc with the classic builder. Use builder=buildkit.", line));
            }
        }

        return warnings;
    }

    private static bool NeedsBuildKit(string keyword, string[] flag) => (keyword, flag) is
        ("RUN", ["--mount" or "--network", ..]) or ("COPY" or "ADD", ["--chmod", not ""]);

    private static bool NeedsNewFrontend(string keyword, string flag) => (keyword, flag) is
        ("RUN", "--network" or "--security") or ("COPY" or "ADD", "--link");

    private static ApiException Unsupported(Instruction instruction, string reason) => new(
        ErrorCode.FeatureUnsupported,
        string.Create(CultureInfo.InvariantCulture, $"Line {instruction.Line} of the Dockerfile: {instruction.Keyword} {reason}"));

    /// <summary>Splits an instruction into its keyword in capitals, its flags, and the other words with quotes. Flags of an ONBUILD trigger
    /// belong to a later build.</summary>
    private static (string Keyword, IReadOnlyList<string> Flags, IReadOnlyList<string> Words, bool IsTrigger) Split(string instruction)
    {
        var words = Words.Matches(instruction).Select(m => m.Value).ToList();
        var keyword = words[0].ToUpperInvariant();
        return keyword == "ONBUILD" && words.Count > 1
            ? (words[1].ToUpperInvariant(), [], words[2..], true)
            : (keyword, [.. words.Skip(1).TakeWhile(IsFlag)], [.. words.Skip(1).SkipWhile(IsFlag)], false);

        // A lone "--" ends the flags.
        static bool IsFlag(string word) => word.Length > 2 && word.StartsWith("--", StringComparison.Ordinal);
    }

    private readonly record struct Instruction(int Line, string Keyword);

    /// <summary>Blanks inside quotes belong to the word.</summary>
    [GeneratedRegex("""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\]|["'\\])+""", RegexOptions.Singleline)]
    public static partial Regex Words { get; }

    [GeneratedRegex("""^[0-9]*<<(?<dash>-?)(?<quote>["']?)(?<end>[A-Za-z_][^\s<"']*)\k<quote>\z""")]
    private static partial Regex Heredoc { get; }
}
