namespace ContainerApi.Api;

/// <summary>Who is counted as one client, where turns, rates and streams are shared out.</summary>
internal static class RequestClient
{
    /// <summary>The key's or token's name, or else the address that the request comes from.</summary>
    public static string GetClient(this HttpContext http) =>
        http.User.Identity is { IsAuthenticated: true, Name: { } name } ? "key " + name : "address " + http.Connection.RemoteIpAddress;
}
