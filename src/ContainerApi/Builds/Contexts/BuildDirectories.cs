namespace ContainerApi.Builds.Contexts;

/// <summary>A context of a build beside the main one: a directory of this host, an archive, or an address that BuildKit knows.</summary>
/// <param name="Name">The name in the Dockerfile.</param>
internal sealed record NamedContext(string Name, string? Address, DirectoryContext? Directory = null)
{
    /// <summary>The entries of an archive; null for another context.</summary>
    public DirectorySync? Sync { get; init; }
}

/// <summary>The directories of a build that BuildKit compares with what it has. Their entries are found before the engine's first call.</summary>
internal sealed class BuildDirectories
{
    private readonly List<(NamedContext Context, DirectorySync? Sync)> _named = [];

    private BuildDirectories(DirectorySync? main) => Main = main;

    /// <summary>The main context; null if it is an archive or an address.</summary>
    public DirectorySync? Main { get; }

    /// <summary>Why the engine did not get a file; null if it got all.</summary>
    public Exception? Failure =>
        _named.Select(n => n.Sync).Prepend(Main).Select(sync => sync?.Failure).FirstOrDefault(failure => failure is not null);

    /// <param name="hasMain">Whether the main context may be a directory.</param>
    /// <exception cref="ApiException">A directory or the Dockerfile is invalid.</exception>
    public static async Task<BuildDirectories> PrepareAsync(
        BuildSource source, bool hasMain, long maxBytes, DockerfileCheck check, CancellationToken cancellationToken)
    {
        var main = !hasMain ? null
            : source.Directory is { } directory ? await directory.PrepareAsync(maxBytes, check, cancellationToken)
            : source.Sync;
        var directories = new BuildDirectories(main);
        foreach (var named in source.Named)
        {
            var sync = named.Directory is null ? named.Sync
                : await named.Directory.PrepareAsync(maxBytes, _ => { }, cancellationToken)
                    ?? throw BuildContexts.Invalid($"The context '{named.Name}' has more than {ContextEntries.MaxEntries} entries.");
            directories._named.Add((named, sync));
        }

        return directories;
    }

    /// <summary>The named contexts as addresses of BuildKit's frontend.</summary>
    public IReadOnlyDictionary<string, string> Addresses(string? client) =>
        _named.ToDictionary(n => n.Context.Name, n => n.Sync is { } sync ? "local:" + sync.KeyFor(client) : n.Context.Address!);

    /// <param name="client">Builds of different clients do not share what the engine has.</param>
    /// <param name="dockerfile">The text of a Dockerfile beside another context; null for none.</param>
    /// <returns>Null for a build without directories.</returns>
    public SyncedContext? ToContext(string? client, string? dockerfile)
    {
        var byName = Main?.ToDirectories() ?? [];
        if (Main is null && dockerfile is not null)
        {
            byName[DockerfileDirectory.Name] = new DockerfileDirectory(BuildContexts.DefaultDockerfile, Encoding.UTF8.GetBytes(dockerfile));
        }

        foreach (var sync in _named.Select(n => n.Sync).OfType<DirectorySync>())
        {
            // By the key and not by the context's name: the engine compares equal names of one session.
            byName[sync.KeyFor(client)] = sync.ToDirectory();
        }

        return byName.Count == 0 ? null : new SyncedContext(Main?.KeyFor(client) ?? DirectorySync.KeyFor(client, ""), byName);
    }
}
