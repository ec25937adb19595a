namespace ContainerApi.Access;

/// <summary>The values of <c>WWW-Authenticate</c> (RFC 6750, section 3).</summary>
internal static class BearerChallenge
{
    /// <summary>No credentials were sent.</summary>
    public const string Required = "Bearer realm=\"containerapi\"";

    public const string InvalidToken = Required + ", error=\"invalid_token\", error_description=\"The credentials are not valid.\"";

    public static string InsufficientScope(string scope) => $"{Required}, error=\"insufficient_scope\", scope=\"{scope}\"";
}
