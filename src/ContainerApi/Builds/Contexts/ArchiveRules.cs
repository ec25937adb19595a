using System.Text;

namespace ContainerApi.Builds.Contexts;

/// <summary>One entry of a tar archive.</summary>
/// <param name="Type">The type flag.</param>
/// <param name="Link">What a link points to.</param>
/// <param name="Size">Bytes of its content that are stored.</param>
internal readonly record struct ArchiveEntry(char Type, string Name, string Link, long Size);

/// <summary>
/// What an uploaded context may hold: files, directories and links whose names lie inside. The engine unpacks it under a
/// root of its own, where what climbs out lands in another place than was meant: that is refused rather than built.
/// </summary>
/// <param name="dockerfile">The Dockerfile's path; null is the default one.</param>
internal sealed class ArchiveRules(string? dockerfile, DockerfileCheck check)
{
    /// <summary>The longest path that Linux takes.</summary>
    public const int LongestName = 4096;

    /// <summary>So many links that lead out are remembered; an archive with more is not looked through for what lies below them.</summary>
    private const int MostLinksOut = 10_000;

    private static readonly string Lower = BuildContexts.DefaultDockerfile.ToLowerInvariant();

    private readonly HashSet<string> _linksOut = [];
    private string _dockerfileEntry = "";
    private bool _hasEntry;

    /// <summary>Whether something has the Dockerfile's name, or leads to it: a link's text is not looked at.</summary>
    private bool _leadsToDockerfile;

    /// <summary>Whether its text was shown.</summary>
    private bool _hasDockerfile;
    private string? _lowerDockerfile;

    /// <summary>Whether the entry's content is to be shown to <see cref="ReadDockerfile"/>.</summary>
    /// <exception cref="ApiException">No context may hold it.</exception>
    public bool Judge(ArchiveEntry entry)
    {
        _hasEntry = true;
        var name = Inside(entry.Name, entry.Name);
        if (_linksOut.Count > 0 && Above(name).FirstOrDefault(_linksOut.Contains) is { } link)
        {
            throw Refused(entry.Name, $"lies behind the symbolic link '{TarText.Printable(link)}', which leads out of the context");
        }

        _leadsToDockerfile |= entry.Type != '5' && (IsDockerfile(name) || (entry.Type == '2' && dockerfile?.StartsWith(name + "/", StringComparison.Ordinal) is true));
        switch (entry.Type)
        {
            case 'S':
                throw Refused(entry.Name, "is a sparse file in GNU's form, which the builders do not know; write it in pax form (--format=pax) or without --sparse");
            case '0' or '\0':
                return IsDockerfile(name) && entry.Size <= BuildContexts.LargestDockerfile;
            case '1':
                Inside(entry.Link, entry.Name);
                break;
            case '2':
                if (LeadsOut(name, entry.Link) && _linksOut.Count < MostLinksOut)
                {
                    _linksOut.Add(name);
                }

                break;
            case '5' when IsDockerfile(name) && name != Lower:
                throw new ApiException(ErrorCode.InvalidDockerfile, $"'{TarText.Printable(entry.Name)}' is a directory; it must be the Dockerfile.");
            case '5':
                break;
            case '3' or '4':
                throw Refused(entry.Name, "is a device; a context holds files, directories and links");
            case '6':
                throw Refused(entry.Name, "is a pipe; a context holds files, directories and links");
            default:
                throw Refused(entry.Name, $"is of the type '{TarText.Printable(entry.Type.ToString())}', which the builders do not know");
        }

        return false;
    }

    /// <summary>Takes the text of the entry that was judged last.</summary>
    public void ReadDockerfile(ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content);
        if (dockerfile is null && _dockerfileEntry == Lower)
        {
            // It counts only where there is no "Dockerfile", which may still come.
            _lowerDockerfile = text;
            return;
        }

        _hasDockerfile = true;
        check(text);
    }

    /// <summary>No entry follows.</summary>
    /// <exception cref="ApiException">There was none at all: BuildKit would take the zeros for a Dockerfile.</exception>
    public void End()
    {
        if (!_hasEntry)
        {
            throw BuildContexts.Invalid("The archive is empty: it holds no entry.");
        }

        if (!_leadsToDockerfile)
        {
            check(null);
        }
        else if (!_hasDockerfile && _lowerDockerfile is { } text)
        {
            check(text);
        }
    }

    private bool IsDockerfile(string name)
    {
        _dockerfileEntry = name;
        return name == (dockerfile ?? BuildContexts.DefaultDockerfile) || (dockerfile is null && name == Lower);
    }

    /// <summary>The name without empty, "." and ".." parts.</summary>
    /// <param name="entry">Whose name it is, or the one that links to it.</param>
    /// <exception cref="ApiException">It leads out of the context, or is none.</exception>
    public static string Inside(string name, string entry)
    {
        if (name.Length == 0)
        {
            throw BuildContexts.Invalid(entry.Length == 0 ? "The archive has an entry without a name." : $"'{TarText.Printable(entry)}' is a link to nothing.");
        }

        if (name.Length > LongestName || name.Contains('\0'))
        {
            throw Refused(entry, $"has a name that is longer than {LongestName} characters, or holds a NUL");
        }

        if (name[0] == '/')
        {
            throw Refused(entry, name == entry ? "has an absolute name; names in a context are relative" : "is a link to an absolute name; names in a context are relative");
        }

        return IsPlain(name) ? name.TrimEnd('/') : Resolve(name, "") ?? throw Refused(entry, "climbs out of the context");
    }

    /// <summary>Whether nothing needs to be taken out but slashes at the end; nearly every name is so.</summary>
    private static bool IsPlain(string name) => name[0] != '.' && !name.Contains("//", StringComparison.Ordinal) && !name.Contains("/.", StringComparison.Ordinal);

    /// <summary>Where a symbolic link leads, by the texts alone.</summary>
    private static bool LeadsOut(string name, string target) =>
        target.StartsWith('/') || Resolve(target, name.LastIndexOf('/') is var slash and > 0 ? name[..slash] : "") is null;

    /// <summary>A path from a directory, or null where it climbs out of the root.</summary>
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

    /// <summary>The directories that a name lies in.</summary>
    private static IEnumerable<string> Above(string name)
    {
        for (var slash = name.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = name.IndexOf('/', slash + 1))
        {
            yield return name[..slash];
        }
    }

    private static ApiException Refused(string name, string why) => BuildContexts.Invalid($"'{TarText.Printable(name)}' {why}.");
}
