using System.Text.RegularExpressions;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// The places that the engine may fetch contexts from: none, unless the configuration allows them. The engine reaches
/// more than its callers do and quotes what it finds in its errors, so an address is read strictly and must begin with an
/// allowed one: the same scheme, host and port, and the path up to a slash.
/// </summary>
/// <remarks>The engine follows redirects: an allowed place is one that is trusted not to lead elsewhere.</remarks>
internal sealed partial class RemoteContexts(BuildOptions options)
{
    private const int GitPort = 9418;

    private readonly IReadOnlyList<Place> _allowed = [.. options.RemoteContexts.Select(text => TryRead(text) ?? throw new FormatException(text))];

    /// <summary>Whether a configured prefix can be one.</summary>
    public static bool IsPrefix(string text) => TryRead(text) is { Fragment: "" };

    /// <summary>A context that the engine fetches itself: nothing is sent. A body beside a remote context makes the engine say nothing at all.</summary>
    /// <exception cref="ApiException">The address is none, or not allowed.</exception>
    public BuildContext Open(string remote)
    {
        if (_allowed.Count == 0)
        {
            throw new ApiException(ErrorCode.RemoteContextNotAllowed, "This service builds no remote contexts; its configuration names none.");
        }

        var place = TryRead(remote) ?? throw new ApiException(
            ErrorCode.InvalidRequest, "remote must be an address as https://host/path.git#branch:directory, without user, query, '..' and escapes.",
            new Dictionary<string, string[]> { ["remote"] = ["must be an address as https://host/path.git#branch:directory, without user, query, '..' and escapes."] });
        return _allowed.Any(place.IsWithin)
            ? static (_, _, _) => Task.CompletedTask
            : throw new ApiException(ErrorCode.RemoteContextNotAllowed, "The address does not begin with one that the configuration allows.");
    }

    private static Place? TryRead(string text)
    {
        var match = Address.Match(text);
        if (!match.Success || !Uri.TryCreate(text, UriKind.Absolute, out var address))
        {
            return null;
        }

        var whole = match.Groups["path"].Value.TrimEnd('/');
        IReadOnlyList<string> path = whole.Length == 0 ? [] : whole[1..].Split('/');
        var fragment = match.Groups["fragment"].Value;
        return path.Concat(fragment.Split('/', ':')).Any(part => part is ".." or ".") || path.Contains("")
            ? null
            : new Place(address.Scheme, address.Host.ToLowerInvariant(), address.Port >= 0 ? address.Port : GitPort, path, fragment);
    }

    private sealed record Place(string Scheme, string Host, int Port, IReadOnlyList<string> Path, string Fragment)
    {
        public bool IsWithin(Place allowed) =>
            Scheme == allowed.Scheme && Host == allowed.Host && Port == allowed.Port
            && Path.Count >= allowed.Path.Count && Path.Take(allowed.Path.Count).SequenceEqual(allowed.Path);
    }

    /// <summary>A reference that begins with '-' would be an option of git.</summary>
    [GeneratedRegex(@"^(?:https?|git)://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?<path>/[A-Za-z0-9/._~+-]*)?(?:\#(?<fragment>[A-Za-z0-9._][A-Za-z0-9/._+-]*(?::[A-Za-z0-9._][A-Za-z0-9/._+ -]*)?|:[A-Za-z0-9._][A-Za-z0-9/._+ -]*))?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Address { get; }
}
