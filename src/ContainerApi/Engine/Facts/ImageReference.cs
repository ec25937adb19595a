using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace ContainerApi.Engine.Facts;

/// <summary>
/// A name for an image, as in the grammar of github.com/distribution/reference v0.6: an optional registry host, path
/// components in lower case, an optional tag, an optional digest. <c>localhost:5000/team/app:v1</c> splits at the last
/// colon after the last slash.
/// </summary>
internal sealed partial record ImageReference
{
    private const int MaxRepositoryLength = 255;

    /// <summary>Host and path, as written: <c>localhost:5000/team/app</c>.</summary>
    public required string Repository { get; init; }
    public string? Tag { get; init; }

    /// <summary><c>sha256:…</c>.</summary>
    public string? Digest { get; init; }

    /// <summary>The host that the image is pushed to and pulled from: <c>docker.io</c> where none is named.</summary>
    public string Registry => InFull(Repository).Split('/')[0];

    public static bool TryParse(string? text, [NotNullWhen(true)] out ImageReference? reference)
    {
        reference = null;
        if (text is null || Grammar.Match(text) is not { Success: true } match)
        {
            return false;
        }

        var repository = match.Groups["repository"].Value;
        // 64 hex digits are an image id wherever a reference is read, and so is what follows "sha256:": neither can be a name.
        if (InFull(repository) is not { Length: <= MaxRepositoryLength } full || full == "docker.io/library/sha256" || BareId.IsMatch(repository))
        {
            return false;
        }

        reference = new ImageReference { Repository = repository, Tag = ValueOf(match.Groups["tag"]), Digest = ValueOf(match.Groups["digest"]) };
        return true;
    }

    /// <summary>With the default registry and its <c>library</c> where they are left out; the engine counts the length of this.</summary>
    private static string InFull(string repository)
    {
        var slash = repository.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : repository[..slash];
        var (host, path) = first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost"
            ? (first, repository[(slash + 1)..])
            : ("docker.io", repository);
        host = host == "index.docker.io" ? "docker.io" : host;
        return host == "docker.io" && !path.Contains('/', StringComparison.Ordinal) ? $"{host}/library/{path}" : $"{host}/{path}";
    }

    /// <summary>Whether it is an image's full id: <c>sha256:</c> and 64 hex digits, or these alone.</summary>
    public static bool IsId(string text) => BareId.IsMatch(text.StartsWith("sha256:", StringComparison.Ordinal) ? text["sha256:".Length..] : text);

    /// <summary>What to ask an engine for where <paramref name="text"/> names an image that is there, by reference or id.</summary>
    public static string ToLookup(string text) => TryParse(text, out var reference) && reference.Digest is not null ? reference.Lookup : text;

    /// <summary>Whether its registry's host is an IPv6 address, which engine 20.10 refuses only after it has made the image.</summary>
    public bool HasIpv6Host => Repository.StartsWith('[');

    /// <summary>The reference under which an engine finds the image that is there: a digest without the tag beside it.</summary>
    public string Lookup => Digest is null ? ToString() : $"{Repository}@{Digest}";

    /// <summary>Whether it names an image that exists: a reference, an id (<c>sha256:…</c> or 64 hex digits), or an id's prefix.</summary>
    public static bool NamesAnImage(string? text) => text is not null && (ImageId.IsMatch(text) || TryParse(text, out _));

    /// <summary>The reference with <c>latest</c> where it has neither tag nor digest: an engine without a tag pulls them all.</summary>
    public override string ToString() =>
        Digest is not null ? $"{Repository}{(Tag is null ? "" : ":" + Tag)}@{Digest}" : $"{Repository}:{Tag ?? "latest"}";

    private static string? ValueOf(Group group) => group.Success ? group.Value : null;

    [GeneratedRegex(
        """
        ^(?<repository>
            (?:(?:localhost|(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?
                |[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?=:[0-9]+/)|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?
            [a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*
        )
        (?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?
        (?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Grammar { get; }

    [GeneratedRegex(@"^[0-9a-f]{64}\z")]
    private static partial Regex BareId { get; }

    [GeneratedRegex(@"^(?:sha256:)?[0-9a-f]{4,64}\z")]
    private static partial Regex ImageId { get; }
}
