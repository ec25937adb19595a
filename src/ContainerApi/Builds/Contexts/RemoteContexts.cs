namespace ContainerApi.Builds.Contexts;

/// <summary>
/// The addresses from which the engine may fetch contexts: none by default. The engine reaches hosts that its callers do not
/// reach and quotes their answers in errors. An address is therefore parsed strictly and must have the scheme, host, port and
/// leading path segments of a configured one.
/// </summary>
/// <remarks>The engine follows redirects, so an allowed host must be trusted not to redirect elsewhere.</remarks>
internal sealed partial class RemoteContexts(BuildOptions options)
{
    private const int GitPort = 9418;
    private const string Format = "must be an address such as https://host/path.git#branch:directory, without user, query, '..' and escapes.";

    private readonly IReadOnlyList<RemoteAddress> _allowed =
        [.. options.RemoteContexts.Select(text => TryParse(text) ?? throw new FormatException(text))];

    /// <summary>Whether a configured prefix is valid.</summary>
    public static bool IsPrefix(string text) => TryParse(text) is { Fragment: "" };

    /// <summary>A context that the engine fetches itself. Nothing is sent: with a body beside a remote context the engine returns no
    /// output.</summary>
    /// <exception cref="ApiException">The address is invalid or not allowed.</exception>
    public BuildContext Open(string remote)
    {
        Require(remote, "remote");
        return static (_, _, _) => Task.CompletedTask;
    }

    /// <param name="field">The parameter with the address.</param>
    /// <exception cref="ApiException">The address is invalid or not allowed.</exception>
    public void Require(string remote, string field)
    {
        if (_allowed.Count == 0)
        {
            throw new ApiException(ErrorCode.RemoteContextNotAllowed, "Remote contexts are disabled: no allowed address is configured.");
        }

        var address = TryParse(remote) ?? throw new ApiException(
            ErrorCode.InvalidRequest, $"{field} {Format}", new Dictionary<string, string[]> { [field] = [Format] });
        if (!_allowed.Any(address.IsWithin))
        {
            throw new ApiException(ErrorCode.RemoteContextNotAllowed, "The address does not begin with a configured address.");
        }
    }

    private static RemoteAddress? TryParse(string text)
    {
        var match = AddressPattern.Match(text);
        if (!match.Success || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            return null;
        }

        var whole = match.Groups["path"].Value.TrimEnd('/');
        IReadOnlyList<string> path = whole.Length == 0 ? [] : whole[1..].Split('/');
        var fragment = match.Groups["fragment"].Value;
        return path.Concat(fragment.Split('/', ':')).Any(part => part is ".." or ".") || path.Contains("")
            ? null : new RemoteAddress(uri.Scheme, uri.Host.ToLowerInvariant(), uri.Port >= 0 ? uri.Port : GitPort, path, fragment);
    }

    private sealed record RemoteAddress(string Scheme, string Host, int Port, IReadOnlyList<string> Path, string Fragment)
    {
        public bool IsWithin(RemoteAddress allowed) =>
            Scheme == allowed.Scheme && Host == allowed.Host && Port == allowed.Port
            && Path.Count >= allowed.Path.Count && Path.Take(allowed.Path.Count).SequenceEqual(allowed.Path);
    }

    /// <summary>A reference that begins with '-' would be a git option.</summary>
    [GeneratedRegex("""
        ^(?:https?|git)://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?
        (?<path>/[A-Za-z0-9/._~+-]*)?
        (?:\#(?<fragment>[A-Za-z0-9._][A-Za-z0-9/._+-]*(?::[A-Za-z0-9._][A-Za-z0-9/._+ -]*)?|:[A-Za-z0-9._][A-Za-z0-9/._+ -]*))?\z
        """, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex AddressPattern { get; }
}
