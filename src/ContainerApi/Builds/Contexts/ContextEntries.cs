using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>Collects the entries of a directory without their contents.</summary>
internal sealed class ContextEntries(long maxBytes) : IContextOutput
{
    /// <summary>About 50 MB of memory. A larger directory is sent as an archive.</summary>
    public const int MaxEntries = 200_000;

    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly List<SyncedEntry> _entries = [];
    private long _bytes;

    public IReadOnlyList<SyncedEntry> Entries => _entries;

    /// <summary>Whether entries were left out, because there are more than <see cref="MaxEntries"/>.</summary>
    public bool IsIncomplete { get; private set; }

    public ValueTask AddDirectoryAsync(string name, FileStatus status, CancellationToken cancellationToken) =>
        Add(name, SyncedKind.Directory, status, null);

    public ValueTask AddSymlinkAsync(string name, string target, FileStatus status, CancellationToken cancellationToken) =>
        Add(name, SyncedKind.Symlink, status, target);

    public ValueTask AddFileAsync(string name, LinuxDirectory directory, string file, FileStatus status, CancellationToken cancellationToken)
    {
        _bytes += status.Size;
        return _bytes <= maxBytes ? Add(name, SyncedKind.File, status, null) : throw BuildContexts.TooLarge(maxBytes);
    }

    private ValueTask Add(string name, SyncedKind kind, FileStatus status, string? target)
    {
        IsIncomplete |= _entries.Count == MaxEntries;
        if (!IsIncomplete)
        {
            var modifiedAt = unchecked((status.ModifiedAt * NanosecondsPerSecond) + status.Nanoseconds);
            _entries.Add(new SyncedEntry(name, kind, status.Mode, status.Size, modifiedAt, target));
        }

        return ValueTask.CompletedTask;
    }
}
