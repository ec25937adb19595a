using Microsoft.OpenApi;

namespace ContainerApi.Api.Requests;

/// <summary>A size: a number of bytes, or a number with a unit as Docker's command line takes it, in powers of 1024.</summary>
internal sealed partial record ByteSize(long Bytes) : IParameterValue<ByteSize>, IJsonParameterValue<ByteSize>
{
    private const string Units = "bkmgtp";

    public static string Expected => "must be a number of bytes above 0, or a size as in 512m or 1.5g (units b, k, m, g, t, p).";

    public static OpenApiSchema Schema => new() { Type = JsonSchemaType.Integer | JsonSchemaType.String };

    public static (ByteSize? Value, string? Error) Read(JsonElement json) =>
        TryParse(json.ValueKind is JsonValueKind.String ? json.GetString()! : json.GetRawText(), out var size) ? (size, null) : (null, Expected);

    public static bool TryParse(string text, [NotNullWhen(true)] out ByteSize? value)
    {
        value = null;
        if (Form.Match(text) is { Success: true } match)
        {
            var unit = match.Groups["unit"] is { Length: > 0 } given ? Units.IndexOf(given.Value, StringComparison.OrdinalIgnoreCase) : 0;
            var (number, factor) = (decimal.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture), (decimal)(1L << (10 * unit)));
            value = number <= long.MaxValue / factor && number * factor >= 1 ? new ByteSize((long)(number * factor)) : null;
        }

        return value is not null;
    }

    [GeneratedRegex(
        @"^(?<number>[0-9]{1,19}(?:\.[0-9]{1,9})?)(?:(?<unit>[bkmgtp])|(?<unit>[kmgtp])i?b)?\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
