using System.Globalization;
using System.Text.RegularExpressions;
using FluentValidation;

namespace ContainerApi.Api;

/// <summary>What values may look like. The messages complete a sentence that begins with the field's name.</summary>
internal static partial class Rules
{
    /// <summary>A container's name or id as the engine takes it (moby <c>daemon/names</c>: <c>[a-zA-Z0-9][a-zA-Z0-9_.-]+</c>), one
    /// character allowed for id prefixes.</summary>
    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}\z", RegexOptions.CultureInvariant)]
    public static partial Regex ContainerName { get; }

    public static IRuleBuilderOptions<T, string?> ContainerReference<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(v => v is null || ContainerName.IsMatch(v))
            .WithMessage("must be a container's name or id: letters, digits, '_', '.' and '-', the first a letter or digit.");

    /// <summary>What names an image that exists: a reference, an id or an id's prefix.</summary>
    public static IRuleBuilderOptions<T, string?> ImageReference<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(v => v is null || ImageNameOrId.TryParse(v, out _))
            .WithErrorCode(ErrorCode.InvalidReference.Code)
            .WithMessage("must be an image's name or id, as in app, registry:5000/team/app:v1, app@sha256:… or 43b9fa55b83f.");

    /// <summary>What an image can be called: a reference without a digest.</summary>
    public static IRuleBuilderOptions<T, string?> ImageName<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(v => v is null || (Engine.Facts.ImageName.TryParse(v, out var tag) && !tag.HasIpv6Host))
            .WithErrorCode(ErrorCode.InvalidReference.Code)
            .WithMessage("must be a name for an image, as in app:v1 or registry:5000/team/app:v1: lower case, no digest, no IPv6 address.");

    public static IRuleBuilderOptions<T, string?> Boolean<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(v => v is null || TryBoolean(v, out _)).WithMessage("must be true or false.");

    public static IRuleBuilderOptions<T, string?> Integer<T>(this IRuleBuilder<T, string?> rule, int from, int to) =>
        rule.Must(v => v is null || (int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= from && n <= to))
            .WithMessage($"must be a whole number from {from} to {to}.");

    public static IRuleBuilderOptions<T, string?> OneOf<T>(this IRuleBuilder<T, string?> rule, params IReadOnlyList<string> allowed) =>
        rule.Must(v => v is null || allowed.Contains(v)).WithMessage($"must be one of {string.Join(", ", allowed)}.");

    /// <summary>A comma-separated list, each item one of <paramref name="allowed"/>.</summary>
    public static IRuleBuilderOptions<T, string?> SomeOf<T>(this IRuleBuilder<T, string?> rule, params IReadOnlyList<string> allowed) =>
        rule.Must(v => v is null || v.Split(',', StringSplitOptions.TrimEntries).All(allowed.Contains))
            .WithMessage($"must be one or more of {string.Join(", ", allowed)}, separated by commas.");

    public static bool ToBoolean(string? value, bool otherwise = false) => value is null ? otherwise : TryBoolean(value, out var b) && b;

    public static int? ToInteger(string? value) => value is null ? null : int.Parse(value, CultureInfo.InvariantCulture);

    /// <summary><c>true</c>, <c>false</c>, <c>1</c>, <c>0</c>; a parameter without a value (<c>?all</c>) is true.</summary>
    private static bool TryBoolean(string text, out bool value)
    {
        value = text is "" or "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text is "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }
}
