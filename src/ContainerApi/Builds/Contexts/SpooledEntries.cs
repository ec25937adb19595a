using ContainerApi.Archives;

namespace ContainerApi.Builds.Contexts;

/// <summary>An entry of an archive in a temporary file.</summary>
/// <param name="Position">The position of the content in the file.</param>
internal sealed record SpooledEntry(string Path, SyncedKind Kind, int Mode, long Size, long ModifiedAt, string? Target, long Position)
    : SyncedEntry(Path, Kind, Mode, Size, ModifiedAt, Target);

/// <summary>Collects the entries of a valid context that is an archive, as the directory that it becomes when it is unpacked.</summary>
internal sealed class SpooledEntries : IArchiveRules
{
    /// <summary>Characters of all names and link targets together.</summary>
    private const long MaxNameChars = 16 * 1024 * 1024;

    private readonly Dictionary<string, SpooledEntry> _entries = [];
    private long _chars;

    /// <summary>The entries in the order of a walk.</summary>
    public IReadOnlyList<SpooledEntry> Sorted()
    {
        var sorted = _entries.Values.ToList();
        sorted.Sort((left, right) => SyncedEntry.ComparePaths(left.Path, right.Path));
        return sorted;
    }

    public bool Accept(ArchiveEntry entry)
    {
        var path = ArchiveRules.Inside(entry.Name, entry.Name);
        if (path.Length > 0)
        {
            Add(path, entry);
        }

        return false;
    }

    public void ReadContent(ReadOnlySpan<byte> content)
    {
    }

    public void End()
    {
    }

    public string? DescribeOther(ReadOnlySpan<byte> block) => null;

    public ApiException Invalid(string detail, Exception? inner = null) => BuildContexts.Invalid(detail, inner);

    public ApiException TooLarge(long maxBytes) => BuildContexts.TooLarge(maxBytes);

    private void Add(string path, ArchiveEntry entry)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (!_entries.TryGetValue(path[..slash], out var parent))
            {
                Set(new SpooledEntry(path[..slash], SyncedKind.Directory, TarHeader.DefaultDirectoryMode, 0, 0, null, 0));
            }
            else if (parent.Kind != SyncedKind.Directory)
            {
                throw Refused(path, $"is below '{TarText.Printable(parent.Path)}', which is not a directory");
            }
        }

        var added = entry.Type switch
        {
            _ when entry.IsSparse => throw Refused(path, "is a sparse file; omit --sparse"),
            '1' => Find(path, entry) with { Path = path },
            '2' => new SpooledEntry(path, SyncedKind.Symlink, TarHeader.SymlinkMode, 0, entry.ModifiedAt, entry.Link, 0),
            // An old archive has directories as files whose names end with a slash.
            '5' => OfType(SyncedKind.Directory),
            _ => OfType(entry.Name.EndsWith('/') ? SyncedKind.Directory : SyncedKind.File),
        };
        if (_entries.TryGetValue(path, out var before) && (before.Kind == SyncedKind.Directory) != (added.Kind == SyncedKind.Directory))
        {
            throw Refused(path, "is both a file and a directory in the archive");
        }

        Set(added);

        SpooledEntry OfType(SyncedKind kind) =>
            new(path, kind, entry.Mode, kind == SyncedKind.File ? entry.Size : 0, entry.ModifiedAt, null, entry.Position);
    }

    /// <summary>The file that a hard link is.</summary>
    private SpooledEntry Find(string path, ArchiveEntry link) =>
        _entries.GetValueOrDefault(ArchiveRules.Inside(link.Link, link.Name)) is { Kind: not SyncedKind.Directory } file
            ? file
            : throw Refused(path, $"is a hard link to '{TarText.Printable(link.Link)}', which is not a file before it");

    private void Set(SpooledEntry entry)
    {
        _chars += entry.Path.Length + (entry.Target?.Length ?? 0);
        _entries[entry.Path] = entry;
        if (_entries.Count > ContextEntries.MaxEntries || _chars > MaxNameChars)
        {
            throw BuildContexts.Invalid(
                $"An archive whose entries are filtered or that is a further context has at most {ContextEntries.MaxEntries} entries and "
                    + $"{MaxNameChars} characters in their names.");
        }
    }

    private static ApiException Refused(string path, string why) => BuildContexts.Invalid($"'{TarText.Printable(path)}' {why}.");
}
