using System.Text.RegularExpressions;

namespace ContainerApi.Access;

/// <summary>Hides what looks like a secret. Pure, once its patterns are there.</summary>
internal sealed class Redactor(IReadOnlyList<string> patterns)
{
    public const string Hidden = "***";

    private const string SecretGroup = "secret";

    /// <summary>A pattern that takes longer on one text hides all of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    /// <summary><c>--db-password x</c>, <c>API_TOKEN=x</c>, <c>scheme://user:x@host</c>.</summary>
    public static readonly IReadOnlyList<string> Usual =
    [
        @"(?i)(?:pass(?:word|wd|phrase)?|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key)[\w.-]*(?:\s*[=:]\s*|\s+)(?<secret>""[^""]*""|'[^']*'|[^\s,;]+)",
        @"://[^/\s:@]*:(?<secret>[^/\s@]+)@",
    ];

    private readonly IReadOnlyList<Regex> _patterns = [.. patterns.Select(p => new Regex(p, RegexOptions.CultureInvariant, Patience))];

    public string Text(string text)
    {
        try
        {
            foreach (var pattern in _patterns)
            {
                text = pattern.Replace(text, Cover);
            }

            return text;
        }
        catch (RegexMatchTimeoutException)
        {
            return Hidden;
        }
    }

    /// <summary>The value of a label or the like, judged together with its name.</summary>
    public string Value(string name, string value)
    {
        var pair = $"{name}={value}";
        var masked = Text(pair);
        return masked == pair ? value
            : masked.StartsWith(name + "=", StringComparison.Ordinal) ? masked[(name.Length + 1)..]
            : Hidden;
    }

    public Dictionary<string, string> Values(IReadOnlyDictionary<string, string> all) => all.ToDictionary(v => v.Key, v => Value(v.Key, v.Value));

    /// <summary>An environment variable, <c>NAME=value</c>: its value says nothing about how secret it is.</summary>
    public static string Variable(string variable) =>
        variable.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? variable[..(equals + 1)] + Hidden : variable;

    private static string Cover(Match match)
    {
        var group = match.Groups[SecretGroup];
        return group.Success
            ? string.Concat(match.Value.AsSpan(0, group.Index - match.Index), Hidden, match.Value.AsSpan(group.Index - match.Index + group.Length))
            : Hidden;
    }
}
