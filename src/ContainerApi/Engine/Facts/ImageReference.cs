namespace ContainerApi.Engine.Facts;

/// <summary>
/// A name of an image, as in the grammar of github.com/distribution/reference v0.6: an optional registry host, path components in
/// lower case, an optional tag, an optional digest. <c>localhost:5000/team/app:v1</c> splits at the last colon after the last slash.
/// </summary>
/// <param name="Repository">Host and path, as written: <c>localhost:5000/team/app</c>.</param>
/// <param name="Digest"><c>sha256:…</c>.</param>
internal sealed partial record ImageReference(string Repository, string? Tag, string? Digest) : IParameterValue<ImageReference>
{
    private const int MaxRepositoryLength = 255;

    public static string Expected => "must be an image's name, as in busybox, registry:5000/team/app:v1 or app@sha256:…; an id cannot be pulled.";

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

        reference = new ImageReference(repository, ValueOf(match.Groups["tag"]), ValueOf(match.Groups["digest"]));
        return true;
    }

    /// <summary>The registry's host, <c>docker.io</c> by default.</summary>
    public string Registry => RegistryOf(Repository);

    public static string RegistryOf(string repository) => InFull(repository).Split('/')[0];

    /// <summary>The image in an engine, which does not find a name with both a tag and a digest.</summary>
    public ImageNameOrId ToNameOrId() => new(ToString(), this);

    /// <summary>The reference with <c>latest</c> if it has neither tag nor digest: an engine without a tag pulls all tags.</summary>
    public override string ToString() =>
        Digest is not null ? $"{Repository}{(Tag is null ? "" : ":" + Tag)}@{Digest}" : $"{Repository}:{Tag ?? "latest"}";

    /// <summary>Adds the default registry and its <c>library</c>; the engine counts the length of the result.</summary>
    private static string InFull(string repository)
    {
        var slash = repository.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : repository[..slash];
        var (host, path) = first.AsSpan().ContainsAny('.', ':') || first == "localhost"
            ? (first, repository[(slash + 1)..])
            : ("docker.io", repository);
        host = host == "index.docker.io" ? "docker.io" : host;
        return host == "docker.io" && !path.Contains('/', StringComparison.Ordinal) ? $"{host}/library/{path}" : $"{host}/{path}";
    }

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
}
