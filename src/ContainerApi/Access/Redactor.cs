namespace ContainerApi.Access;

/// <summary>Redacts secrets in texts, labels and environment variables.</summary>
internal sealed class Redactor(IReadOnlyList<string> patterns)
{
    public const string Redacted = "***";

    private const string SecretGroup = "secret";

    /// <summary>A text whose match takes longer is redacted completely.</summary>
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromMilliseconds(50);

    /// <summary><c>--db-password x</c>, <c>API_TOKEN=x</c>, <c>scheme://user:x@host</c>.</summary>
    public static readonly IReadOnlyList<string> DefaultPatterns =
    [
        "(?i)(?:pass(?:word|wd|phrase)?|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key)"
            + @"[\w.-]*(?:\s*[=:]\s*|\s+)(?<secret>""[^""]*""|'[^']*'|[^\s,;]+)",
        @"://[^/\s:@]*:(?<secret>[^/\s@]+)@",
    ];

    private readonly IReadOnlyList<Regex> _patterns = [.. patterns.Select(p => new Regex(p, RegexOptions.CultureInvariant, MatchTimeout))];

    public string Text(string text)
    {
        try
        {
            foreach (var pattern in _patterns)
            {
                text = pattern.Replace(text, RedactMatch);
            }

            return text;
        }
        catch (RegexMatchTimeoutException)
        {
            return Redacted;
        }
    }

    /// <summary>Redacts the value of a label. The patterns see it with its name.</summary>
    public string Value(string name, string value)
    {
        var pair = $"{name}={value}";
        var redacted = Text(pair);
        return redacted == pair ? value
            : redacted.StartsWith(name + "=", StringComparison.Ordinal) ? redacted[(name.Length + 1)..]
            : Redacted;
    }

    public Dictionary<string, string> Values(IReadOnlyDictionary<string, string> all) => all.ToDictionary(v => v.Key, v => Value(v.Key, v.Value));

    /// <summary>Redacts the value of an environment variable, <c>NAME=value</c>.</summary>
    public static string Variable(string variable) =>
        variable.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? variable[..(equals + 1)] + Redacted : variable;

    private static string RedactMatch(Match match)
    {
        var group = match.Groups[SecretGroup];
        return group.Success
            ? string.Concat(match.Value.AsSpan(0, group.Index - match.Index), Redacted, match.Value.AsSpan(group.Index - match.Index + group.Length))
            : Redacted;
    }
}
