using System.Globalization;
using System.Text.RegularExpressions;

namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// What a Dockerfile asks for that its builder cannot do, found before any work: an old frontend takes the text of a
/// heredoc for instructions, or leaves an empty file.
/// </summary>
internal static partial class DockerfileRequirements
{
    /// <summary>Engine 23.0: the first one whose own frontend knows heredocs and the newer flags.</summary>
    private static readonly Version NewFrontend = new(1, 42);

    /// <exception cref="ApiException">The builder cannot do it; the message says what, where and why.</exception>
    public static void Check(string dockerfile, BuilderKind builder, Version engineApi)
    {
        var lines = new DockerfileLines(dockerfile);
        var isClassic = builder == BuilderKind.Classic;
        // A frontend that the Dockerfile names itself may know anything; the classic builder does not ask for it.
        var isOld = builder == BuilderKind.BuildKit && engineApi < NewFrontend && lines.Syntax is null;
        while (lines.Next() is { } instruction)
        {
            var (keyword, flags, words) = Split(instruction.Text);
            foreach (var flag in flags)
            {
                if (IsSshMount(keyword, flag))
                {
                    throw Unsupported(instruction, "RUN --mount=type=ssh needs an agent, and this service hands none to the engine.");
                }

                var name = flag.Split('=', 2)[0];
                if (isClassic && NeedsBuildKit(keyword, name))
                {
                    throw Unsupported(instruction, $"{keyword} {name} needs BuildKit, and this build is the classic builder's (engine API {engineApi}).");
                }

                if (isOld && NeedsNewFrontend(keyword, name))
                {
                    throw Unsupported(instruction, $"{keyword} {name} needs the Dockerfile frontend of engine API {NewFrontend} or later; this engine speaks API {engineApi}.");
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
                    throw Unsupported(instruction, isClassic
                        ? $"{keyword} with a heredoc needs BuildKit, and this build is the classic builder's (engine API {engineApi})."
                        : $"{keyword} with a heredoc needs the Dockerfile frontend of engine API {NewFrontend} or later; this engine speaks API {engineApi}.");
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

    /// <summary>The instruction in capitals, its flags, and the other words with their quotes. A trigger's flags are for the build that it is in.</summary>
    private static (string Keyword, IReadOnlyList<string> Flags, IReadOnlyList<string> Words) Split(string instruction)
    {
        var words = Words.Matches(instruction).Select(m => m.Value).ToList();
        var keyword = words[0].ToUpperInvariant();
        return keyword == "ONBUILD" && words.Count > 1
            ? (words[1].ToUpperInvariant(), [], words[2..])
            : (keyword, [.. words.Skip(1).TakeWhile(IsFlag)], [.. words.Skip(1).SkipWhile(IsFlag)]);

        static bool IsFlag(string word) => word.StartsWith("--", StringComparison.Ordinal);
    }

    /// <summary>Blanks inside of quotes belong to the word.</summary>
    [GeneratedRegex("""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\]|["'\\])+""", RegexOptions.Singleline)]
    private static partial Regex Words { get; }

    [GeneratedRegex("""^[0-9]*<<(?<dash>-?)(?<quote>["']?)(?<end>[A-Za-z_][^\s<"']*)\k<quote>\z""")]
    private static partial Regex Heredoc { get; }
}
