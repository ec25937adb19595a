using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ContainerApi.Access;

/// <summary>
/// Reads the caller from a validated token (RFC 7519). A claim that could be read in two ways is refused: a name that is repeated, also
/// in another case, and a value of another type. A critical header (RFC 7515, 4.1.11) is refused, because none is supported.
/// </summary>
internal static class TokenCaller
{
    public const string ScopeClaim = "scope";
    public const string EngineClaim = "containerapi_engines";
    public const string LabelClaim = "containerapi_labels";

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <returns>Null for a token that must be refused.</returns>
    public static Caller? Read(JsonWebToken token, string nameClaim)
    {
        try
        {
            using var header = JsonDocument.Parse(Base64UrlEncoder.Decode(token.EncodedHeader), Options);
            using var payload = JsonDocument.Parse(Base64UrlEncoder.Decode(token.EncodedPayload), Options);
            var claims = payload.RootElement;
            if (header.RootElement.TryGetProperty("crit", out _)
                || HasAmbiguousName(claims, [ScopeClaim, EngineClaim, LabelClaim, nameClaim, "iss", "exp"]))
            {
                return null;
            }

            var owner = $"jwt:{token.Issuer}:{Text(claims.GetProperty(nameClaim))}";
            return new Caller
            {
                Owner = owner,
                Scopes = (Texts(claims, ScopeClaim) ?? []).SelectMany(s => s.Split(' ')).ToHashSet(),
                Visibility = new(Texts(claims, EngineClaim), Texts(claims, LabelClaim), owner),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether two names, or a name and a known one, differ only in case.</summary>
    private static bool HasAmbiguousName(JsonElement claims, IReadOnlyList<string> known) => claims.EnumerateObject().Select(c => c.Name)
        .Concat(known).Distinct().GroupBy(n => n, StringComparer.OrdinalIgnoreCase).Any(names => names.Count() > 1);

    /// <summary>Returns a text or a list of texts; null for a missing claim.</summary>
    /// <exception cref="InvalidOperationException">The claim is something else.</exception>
    private static IReadOnlyList<string>? Texts(JsonElement claims, string name) =>
        !claims.TryGetProperty(name, out var claim) ? null
        : claim.ValueKind == JsonValueKind.Array ? [.. claim.EnumerateArray().Select(Text)]
        : [Text(claim)];

    private static string Text(JsonElement claim) => claim.GetString() is { Length: > 0 } text
        ? text
        : throw new InvalidOperationException("The claim has no text.");
}
