using ContainerApi.Archives;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// The rules for the entries of an uploaded context: files, directories and links with names inside the context. The engine
/// unpacks the archive under its own root, where an entry that leaves the context would land in an unintended place.
/// </summary>
/// <param name="dockerfile">The Dockerfile's path, or null for the default.</param>
internal sealed partial class ArchiveRules(string? dockerfile, DockerfileCheck check) : IArchiveRules
{
    private static readonly IReadOnlyDictionary<char, string> UnsupportedTypes = new Dictionary<char, string>
    {
        ['S'] = "is a sparse file in GNU format, which the builders cannot read; use the pax format (--format=pax) or omit --sparse",
        ['3'] = "is a device; a context may contain files, directories and links",
        ['4'] = "is a device; a context may contain files, directories and links",
        ['6'] = "is a pipe; a context may contain files, directories and links",
    };

    private static readonly string Lower = BuildContexts.DefaultDockerfile.ToLowerInvariant();

    private readonly PathSet _outwardLinks = new();
    private string _dockerfileEntry = "";
    private bool _hasEntry;

    /// <summary>Whether an entry has the Dockerfile's name or may link to it; link targets are not read.</summary>
    public bool MayHaveDockerfile { get; private set; }

    /// <summary>Whether the text was checked.</summary>
    private bool _hasDockerfile;
    private string? _lowerDockerfile;

    /// <summary>Whether the archive has the files of one that <c>docker save</c> wrote.</summary>
    private bool _hasManifest;
    private bool _hasLayers;

    /// <summary>Checks an entry. Returns whether its content must be passed to <see cref="ReadContent"/>.</summary>
    /// <exception cref="ApiException">A context must not contain this entry.</exception>
    public bool Accept(ArchiveEntry entry)
    {
        _hasEntry = true;
        var name = Inside(entry.Name, entry.Name);
        if (_outwardLinks.FindParent(name) is { } link)
        {
            throw Refused(entry.Name, $"is below the symbolic link '{TarText.Printable(link)}', which points outside the context");
        }

        if (UnsupportedTypes.TryGetValue(entry.Type, out var why))
        {
            throw Refused(entry.Name, why);
        }

        _hasManifest |= name == "manifest.json";
        _hasLayers |= name == "oci-layout" || name.EndsWith("/layer.tar", StringComparison.Ordinal);
        var isDockerfile = IsDockerfile(name);
        MayHaveDockerfile |= entry.Type != '5' && isDockerfile;
        switch (entry.Type)
        {
            case '0' or '\0':
                return isDockerfile && entry.Size <= BuildContexts.MaxDockerfileBytes;
            case '1':
                Inside(entry.Link, entry.Name);
                return false;
            case '2':
                MayHaveDockerfile |= dockerfile?.StartsWith(name + "/", StringComparison.Ordinal) is true;
                if (PointsOutside(name, entry.Link))
                {
                    _outwardLinks.Add(name);
                }

                return false;
            case '5' when isDockerfile && name != Lower:
                throw new ApiException(
                    ErrorCode.InvalidDockerfile, $"'{TarText.Printable(entry.Name)}' is a directory, but the Dockerfile must be a file.");
            case '5':
                return false;
            default:
                throw Refused(entry.Name, $"has the entry type '{TarText.Printable(entry.Type.ToString())}', which the builders cannot read");
        }
    }

    /// <summary>Checks the content of the Dockerfile that <see cref="Accept"/> found last.</summary>
    public void ReadContent(ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content);
        if (dockerfile is null && _dockerfileEntry == Lower)
        {
            // Used only if the archive has no "Dockerfile", which may still follow.
            _lowerDockerfile = text;
            return;
        }

        _hasDockerfile = true;
        check(text);
    }

    /// <summary>Ends the archive.</summary>
    /// <exception cref="ApiException">The archive has no entry; BuildKit would read the zeros as a Dockerfile.</exception>
    public void End()
    {
        if (!_hasEntry)
        {
            throw BuildContexts.Invalid("The archive is empty: it contains no entries.");
        }

        if (!MayHaveDockerfile)
        {
            if (_hasManifest && _hasLayers)
            {
                throw BuildContexts.Invalid(
                    "The archive is an image as docker save writes it, not a build context: it has the layers of an image and no Dockerfile.");
            }

            check(null);
        }
        else if (!_hasDockerfile && _lowerDockerfile is { } text)
        {
            check(text);
        }
    }

    public string? DescribeOther(ReadOnlySpan<byte> block) =>
        block.StartsWith("PK\x03\x04"u8) ? "The body is a zip archive. Send the context as a tar archive, plain or compressed."
        : DockerfileStart.IsMatch(TarText.Of(block))
            ? "The body is a Dockerfile, not an archive. Send it with the content type text/x-dockerfile, or send a tar archive that contains it."
        : null;

    public ApiException Invalid(string detail, Exception? inner = null) => BuildContexts.Invalid(detail, inner);

    public ApiException TooLarge(long maxBytes) => BuildContexts.TooLarge(maxBytes);

    private bool IsDockerfile(string name)
    {
        _dockerfileEntry = name;
        return name == (dockerfile ?? BuildContexts.DefaultDockerfile) || (dockerfile is null && name == Lower);
    }

    /// <summary>Returns the name without empty, "." and ".." parts.</summary>
    /// <param name="entry">The entry that has this name or links to it, for the error.</param>
    /// <exception cref="ApiException">The name is invalid or points outside the context.</exception>
    public static string Inside(string name, string entry)
    {
        if (name.Length == 0)
        {
            throw BuildContexts.Invalid(
                entry.Length == 0 ? "The archive has an entry without a name." : $"'{TarText.Printable(entry)}' is a link without a target.");
        }

        if (name.Length > TarText.MaxNameLength || name.Contains('\0'))
        {
            throw Refused(entry, $"has a name that is longer than {TarText.MaxNameLength} characters or contains a NUL");
        }

        if (name[0] == '/')
        {
            throw Refused(entry, $"{(name == entry ? "has" : "links to")} an absolute name; names in a context must be relative");
        }

        return IsPlain(name) ? name.TrimEnd('/') : Resolve(name, "") ?? throw Refused(entry, "points outside the context");
    }

    /// <summary>Whether only trailing slashes must be removed, which is true for nearly every name.</summary>
    private static bool IsPlain(string name) =>
        name[0] != '.' && !name.Contains("//", StringComparison.Ordinal) && !name.Contains("/.", StringComparison.Ordinal);

    /// <summary>Whether a symbolic link points outside the context, by its text alone.</summary>
    private static bool PointsOutside(string name, string target) =>
        target.StartsWith('/') || Resolve(target, name.LastIndexOf('/') is var slash and > 0 ? name[..slash] : "") is null;

    /// <summary>Resolves a path from a directory; null if it leaves the root.</summary>
    private static string? Resolve(string path, string directory)
    {
        var parts = directory.Split('/', StringSplitOptions.RemoveEmptyEntries).ToList();
        foreach (var part in path.Split('/'))
        {
            if (part == ".." && parts.Count == 0)
            {
                return null;
            }

            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    private static ApiException Refused(string name, string why) => BuildContexts.Invalid($"'{TarText.Printable(name)}' {why}.");

    /// <summary>Comments, then the first instruction, or the beginning of a comment that the block cuts.</summary>
    [GeneratedRegex(@"\A\uFEFF?(?>(?:[ \t]*(?:#.*)?\r?\n)*)[ \t]*(?:(?:FROM|ARG)\s|#)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DockerfileStart { get; }
}
