namespace ContainerApi.Engine.Facts;

/// <summary>The context of a build: an archive, and for BuildKit possibly directories, of which only changed files travel.</summary>
/// <param name="openArchive">Returns the context as a tar stream. Called once, by a build that does not use the directories.</param>
internal sealed class BuildInput(Func<Stream> openArchive)
{
    public BuildInput(Stream archive)
        : this(() => archive)
    {
    }

    /// <summary>The directories of the build: the same context, or the Dockerfile beside an archive; null for none.</summary>
    public SyncedContext? Directories { get; init; }

    /// <summary>Where the result goes if it is a file; null for an image.</summary>
    public Stream? Output { get; init; }

    public Stream OpenArchive() => openArchive();
}

/// <summary>The directories of a build by the names that BuildKit asks for.</summary>
/// <param name="SharedKey">
/// The key by which the engine finds the files that it received from an earlier build. Equal keys mean the same directories.
/// </param>
internal sealed record SyncedContext(string SharedKey, IReadOnlyDictionary<string, ISyncedDirectory> ByName)
{
    /// <summary>The name that BuildKit asks for the context by.</summary>
    public const string ContextName = "context";

    /// <summary>Whether the directories have the context; otherwise it is an archive or an address.</summary>
    public bool HasContext => ByName.ContainsKey(ContextName);
}

/// <summary>A directory that BuildKit compares with what it has. Its failures are the caller's: the build reports them.</summary>
internal interface ISyncedDirectory
{
    /// <summary>Finds the entries that match one of the patterns, and their parent directories, in the order of a walk.</summary>
    /// <param name="patterns">Paths and patterns as in a <c>.dockerignore</c> file; empty for all entries.</param>
    IReadOnlyList<SyncedEntry> Find(IReadOnlyList<string> patterns, CancellationToken cancellationToken);

    /// <summary>Opens the content of a file; reading fails if its length is not that of the entry.</summary>
    Stream OpenRead(SyncedEntry file);
}

internal enum SyncedKind
{
    File,
    Directory,
    Symlink,
}

/// <summary>An entry of a directory.</summary>
/// <param name="Path">Relative, with slashes.</param>
/// <param name="Mode">Permissions with the set-id and sticky bits.</param>
/// <param name="ModifiedAt">In nanoseconds since 1970.</param>
/// <param name="Target">The target of a symbolic link.</param>
internal record SyncedEntry(string Path, SyncedKind Kind, int Mode, long Size, long ModifiedAt, string? Target = null)
{
    /// <summary>
    /// Compares paths part by part, as UTF-8 does. In UTF-16 surrogates are before U+E000, in UTF-8 they are after U+FFFF.
    /// </summary>
    public static int ComparePaths(string left, string right)
    {
        var at = left.AsSpan().CommonPrefixLength(right);
        return at == left.Length || at == right.Length ? left.Length - right.Length : RankOf(left[at]) - RankOf(right[at]);

        static int RankOf(char unit) => char.IsSurrogate(unit) ? unit + char.MaxValue : unit == '/' ? 0 : unit;
    }
}
