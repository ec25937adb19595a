namespace ContainerApi.Builds.Contexts;

/// <summary>A directory with the Dockerfile and its parent directories, whatever the engine asks for.</summary>
/// <param name="path">The Dockerfile's path.</param>
internal sealed class DockerfileDirectory(string path, byte[] text) : ISyncedDirectory
{
    /// <summary>The name that BuildKit asks for.</summary>
    public const string Name = "dockerfile";

    private const int DirectoryMode = 0x1ED; // 755
    private const int FileMode = 0x1A4; // 644

    public IReadOnlyList<SyncedEntry> Find(IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        var parts = path.Split('/');
        return
        [
            .. Enumerable.Range(1, parts.Length - 1)
                .Select(n => new SyncedEntry(string.Join('/', parts[..n]), SyncedKind.Directory, DirectoryMode, 0, 0)),
            // The time is new, so that the engine never takes another text of the same length for this one.
            new SyncedEntry(path, SyncedKind.File, FileMode, text.Length, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000),
        ];
    }

    public Stream OpenRead(SyncedEntry file) => new MemoryStream(text, writable: false);
}
