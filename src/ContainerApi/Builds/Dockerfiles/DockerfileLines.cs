namespace ContainerApi.Builds.Dockerfiles;

/// <summary>
/// Reads a Dockerfile instruction by instruction as the engine's parser does (BuildKit's <c>parser.go</c>): joins continued lines and
/// skips comments and blank lines.
/// </summary>
internal sealed partial class DockerfileLines
{
    private static readonly char[] Blanks = [' ', '\t', '\v', '\f', '\r'];

    private readonly string[] _lines;
    private readonly char _escape = '\\';
    /// <param name="knowsCheck">Whether <c># check=</c> is a directive; otherwise it is a comment, which ends the directives.</param>
    public DockerfileLines(string dockerfile, bool knowsCheck)
    {
        HasSyntax = Syntax.IsMatch(dockerfile);
        _lines = [.. dockerfile.TrimStart('\uFEFF').Split('\n').Select(line => line.TrimEnd('\r'))];
        foreach (var directive in _lines.Select(line => Directive.Match(line)).TakeWhile(d => d.Success))
        {
            var name = directive.Groups["name"].Value.ToLowerInvariant();
            if (name == "escape" && directive.Groups["value"].Value is "`" or "\\")
            {
                _escape = directive.Groups["value"].Value[0];
            }
            else if (name is not ("escape" or "syntax") && !(knowsCheck && name == "check"))
            {
                break;
            }
        }
    }

    /// <summary>
    /// Whether the Dockerfile may select a frontend, in a form that any version of BuildKit knows: <c># syntax=</c> or <c>// syntax=</c>
    /// among the directives and after <c>#!</c>, or JSON.
    /// </summary>
    public bool HasSyntax { get; }

    /// <summary>The number of lines read.</summary>
    public int Position { get; set; }

    /// <summary>Returns the next instruction and its first line, from 1; null at the end.</summary>
    public (int Line, string Text)? Next()
    {
        var text = new StringBuilder();
        var first = 0;
        while (Position < _lines.Length)
        {
            var line = first == 0 ? _lines[Position].TrimStart() : _lines[Position];
            Position++;
            if (line.AsSpan().TrimStart() is [] or ['#', ..])
            {
                continue;
            }

            first = first == 0 ? Position : first;
            var end = line.TrimEnd(' ', '\t');
            // An escaped escape character does not continue the line.
            if (end[^1] != _escape || end.AsSpan().EndsWith([_escape, _escape]))
            {
                return (first, text.Append(line).ToString());
            }

            text.Append(end, 0, end.Length - 1);
        }

        // The last line was continued.
        return string.IsNullOrWhiteSpace(text.ToString()) ? null : (first, text.ToString());
    }

    /// <summary>Skips the text of a heredoc with its end. Returns false, and skips nothing, if it has no end.</summary>
    public bool SkipUntil(string end, bool isIndented)
    {
        var last = Array.FindIndex(_lines, Position, line => (isIndented ? line.TrimStart('\t') : line) == end);
        Position = last < 0 ? Position : last + 1;
        return last >= 0;
    }

    /// <summary>Splits an instruction at blanks.</summary>
    public static string[] WordsOf(string instruction) => instruction.Trim().Split(Blanks, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether the words of a FROM begin this stage.</summary>
    /// <param name="number">The number of the stage, from 0.</param>
    public static bool BeginsStage(string[] words, int number, string stage) =>
        (words is [.., var keyword, var name]
            && keyword.Equals("AS", StringComparison.OrdinalIgnoreCase) && name.Equals(stage, StringComparison.OrdinalIgnoreCase))
        || (int.TryParse(stage, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) && wanted == number);

    [GeneratedRegex(@"^\s*#\s*(?<name>[a-zA-Z][a-zA-Z0-9]*)\s*=\s*(?<value>.+?)\s*$")]
    private static partial Regex Directive { get; }

    [GeneratedRegex(
        @"\A\uFEFF?(?:#!.*\n)?(?:\s*\{|(?:[^\S\n]*(?:#|//)[^\S\n]*[a-z][a-z0-9]*[^\S\n]*=.*\n)*[^\S\n]*(?:#|//)[^\S\n]*syntax[^\S\n]*=[^\S\n]*\S)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Syntax { get; }
}
