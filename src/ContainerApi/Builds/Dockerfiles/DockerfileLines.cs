namespace ContainerApi.Builds.Dockerfiles;

/// <summary>Reads a Dockerfile instruction by instruction, joins continued lines and skips comments and blank lines.</summary>
internal sealed partial class DockerfileLines
{
    private readonly string[] _lines;
    private readonly char _escape = '\\';
    private int _next;

    public DockerfileLines(string dockerfile)
    {
        _lines = dockerfile.TrimStart('\uFEFF').Split('\n');
        for (; _next < _lines.Length && Directive.Match(_lines[_next]) is { Success: true } directive; _next++)
        {
            var value = directive.Groups["value"].Value;
            switch (directive.Groups["name"].Value.ToLowerInvariant())
            {
                case "syntax":
                    Syntax = value;
                    break;
                case "escape" when value is "`" or "\\":
                    _escape = value[0];
                    break;
                case "check":
                    break;
                default:
                    // Any other comment ends the directives.
                    return;
            }
        }
    }

    /// <summary>The frontend of <c># syntax=</c>, or null.</summary>
    public string? Syntax { get; }

    /// <summary>Returns the next instruction and its first line, from 1; null at the end.</summary>
    public (int Line, string Text)? Next()
    {
        var text = new StringBuilder();
        var first = 0;
        while (_next < _lines.Length)
        {
            var line = _lines[_next++].TrimEnd();
            if (line.Length == 0 || line.AsSpan().TrimStart().StartsWith("#"))
            {
                continue;
            }

            first = first == 0 ? _next : first;
            // An escaped escape character does not continue the line.
            if (line[^1] != _escape || (line.Length > 1 && line[^2] == _escape))
            {
                text.Append(line);
                break;
            }

            text.Append(line, 0, line.Length - 1);
        }

        return string.IsNullOrWhiteSpace(text.ToString()) ? first == 0 ? null : Next() : (first, text.ToString());
    }

    /// <summary>Skips the text of a heredoc, including its end.</summary>
    public void SkipUntil(string end, bool isIndented)
    {
        while (_next < _lines.Length)
        {
            var line = _lines[_next++].TrimEnd('\r');
            if ((isIndented ? line.TrimStart('\t') : line) == end)
            {
                return;
            }
        }
    }

    [GeneratedRegex(@"^\s*#\s*(?<name>[a-zA-Z][a-zA-Z0-9]*)\s*=\s*(?<value>.+?)\s*$")]
    private static partial Regex Directive { get; }
}
