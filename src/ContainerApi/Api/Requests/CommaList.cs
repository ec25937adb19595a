using Microsoft.Extensions.Primitives;

namespace ContainerApi.Api.Requests;

/// <summary>The items of a parameter that is repeated, separated by commas, or both. A comma behind a backslash belongs to its item.</summary>
internal static partial class CommaList
{
    /// <summary>The sentence about commas for a parameter whose values can have them.</summary>
    public const string Escape = @"A comma in a value is written `\,`.";

    public static IEnumerable<string> Split(StringValues texts) => texts.SelectMany(
        text => Separator.Split(text ?? "").Select(item => item.Trim().Replace("\\,", ",", StringComparison.Ordinal)));

    [GeneratedRegex(@"(?<!\\),", RegexOptions.CultureInvariant)]
    private static partial Regex Separator { get; }
}
