using Microsoft.Extensions.Caching.Memory;

namespace ContainerApi.Access;

/// <summary>
/// Redacts secrets in texts, labels and environment variables. The time is linear in the length of a text, which is limited, and
/// results are cached by text.
/// </summary>
internal sealed partial class Redactor(IReadOnlyList<string> patterns) : IDisposable
{
    public const string Redacted = "***";

    private const string SecretGroup = "secret";

    /// <summary>A longer text is cut and ends with an ellipsis: a part that no pattern has seen is not shown.</summary>
    private const int MaxLength = 8 * 1024;

    /// <summary>Characters of all texts in the cache.</summary>
    private const int MaxCachedLength = 8 * 1024 * 1024;

    /// <summary>A pattern without backtracking takes time linear in the text. .NET has no such engine for lookarounds, backreferences and
    /// atomic groups; the constructor refuses them.</summary>
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;

    /// <summary><c>--db-password x</c>, <c>API_TOKEN=x</c>, <c>DB_PWD=x</c>, <c>{"password":"x"}</c>, <c>Authorization: Bearer x</c>,
    /// <c>scheme://user:x@host</c>, where x may have <c>/</c> and <c>@</c>.</summary>
    public static readonly IReadOnlyList<string> DefaultPatterns =
    [
        @"(?i)\b(?:bearer\s+|authorization[""']?\s*[:=]\s*[""']?\w+\s+)(?<secret>[\w.~+/=-]+)",
        @"(?i)[a-z][a-z0-9+.-]*://[^/\s:@""']*:(?<secret>[^\s""']+)@",
        "(?i)(?:pass(?:word|wd|phrase)?|[_-]pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key)"
            + @"[\w.-]*[""']?(?:\s*[=:]\s*|\s+)(?<secret>""(?:[^""\\]|\\.)*""?|'[^']*'?|[^\s,;]+)",
    ];

    private readonly IReadOnlyList<Regex> _patterns = [.. patterns.Select(Create)];
    private readonly MemoryCache _results = new(new MemoryCacheOptions { SizeLimit = MaxCachedLength });

    /// <exception cref="ArgumentException">The text is not a regular expression.</exception>
    /// <exception cref="NotSupportedException">The pattern cannot be matched in linear time.</exception>
    public static Regex Create(string pattern) => new(pattern, Options);

    public string Text(string text) => _patterns.Count == 0 || text.Length == 0 ? text
        : _results.TryGetValue(text, out string? known) ? known!
        : Add(text);

    /// <summary>Redacts a line of a log, whose length is limited. Lines do not repeat as commands do, so they are not cached.</summary>
    public string Line(string line) => _patterns.Aggregate(line, (result, pattern) => pattern.Replace(result, RedactMatch));

    /// <summary>Redacts the command of a build's step, with the values of an <c>ENV</c> and of build arguments.</summary>
    public string Step(string step) => Text(Assignments.Replace(step, $"$1$2$3{Redacted}"));

    private string Add(string text)
    {
        var result = Line(text.Length > MaxLength ? string.Concat(text.AsSpan(0, MaxLength), "…") : text);
        return _results.Set(text, result, new MemoryCacheEntryOptions { Size = text.Length + result.Length });
    }

    /// <summary>Redacts the value of a label. The patterns see it with its name.</summary>
    public string Value(string name, string value)
    {
        var begin = name + "=";
        return Rest(begin + value, begin);
    }

    /// <summary>Redacts arguments. The patterns see each one with the argument before it: <c>--password</c>, <c>x</c>.</summary>
    /// <param name="before">The argument before the first.</param>
    public IReadOnlyList<string> Arguments(IReadOnlyList<string> arguments, string? before = null) =>
    [
        .. arguments.Zip(arguments.Prepend(before), (argument, previous) =>
            previous is null ? Text(argument) : Rest($"{previous} {argument}", Text(previous) + " ")),
    ];

    public Dictionary<string, string> Values(IReadOnlyDictionary<string, string> all) => all.ToDictionary(v => v.Key, v => Value(v.Key, v.Value));

    /// <summary>Redacts the values of environment variables, whatever they are.</summary>
    public static Dictionary<string, string> Variables(IReadOnlyDictionary<string, string> all) => all.ToDictionary(v => v.Key, _ => Redacted);

    public void Dispose() => _results.Dispose();

    /// <summary>Returns what follows the beginning of the redacted text. A secret that reaches into the beginning hides all of it.</summary>
    private string Rest(string text, string begin)
    {
        var redacted = Text(text);
        return redacted.StartsWith(begin, StringComparison.Ordinal) ? redacted[begin.Length..] : Redacted;
    }

    private static string RedactMatch(Match match)
    {
        var group = match.Groups[SecretGroup];
        return group.Success
            ? string.Concat(match.Value.AsSpan(0, group.Index - match.Index), Redacted, match.Value.AsSpan(group.Index - match.Index + group.Length))
            : Redacted;
    }

    /// <summary>The values that an <c>ENV</c> sets, and the build arguments of a <c>RUN</c>: <c>|2 A=x B=y /bin/sh -c …</c>, up to
    /// the last shell: a value may have one in it.</summary>
    [GeneratedRegex(
        @"(\bENV\s+)\S.*|(^(?:RUN )?\|\d+ ).*(?= /bin/sh )|(^(?:RUN )?\|\d+ ).*", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Assignments { get; }
}
