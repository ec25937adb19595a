using System.Security.Cryptography;
using ContainerApi.Engine.Host.Linux;
using ContainerApi.Streams;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A directory that BuildKit compares with what it has. Its entries are known, and its Dockerfile is in memory, so the
/// builder gets the Dockerfile that was checked.
/// </summary>
/// <param name="root">A real path of this host, or what else identifies the directory.</param>
/// <param name="dockerfile">The Dockerfile's path inside the root.</param>
internal class DirectorySync(string root, IReadOnlyList<SyncedEntry> entries, string dockerfile, byte[] dockerfileText)
{
    /// <summary>
    /// Part of every key. An engine compares files by size and time, so the same path on another host must have another key.
    /// </summary>
    private static readonly string HostKey = Guid.NewGuid().ToString("n");

    private Exception? _failure;

    /// <summary>Why the engine did not get a file; null if it got all.</summary>
    public Exception? Failure => _failure;

    /// <summary>The key by which the engine finds what it received before of a directory of this host.</summary>
    /// <param name="client">Builds of different clients do not share what the engine has.</param>
    public static string KeyFor(string? client, string root) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{HostKey}\0{client}\0{root}")));

    /// <inheritdoc cref="KeyFor(string?, string)"/>
    public string KeyFor(string? client) => KeyFor(client, root);

    /// <summary>The directories of a build whose main context this is, by the names that BuildKit asks for.</summary>
    public Dictionary<string, ISyncedDirectory> ToDirectories() => new()
    {
        [SyncedContext.ContextName] = ToDirectory(),
        [DockerfileDirectory.Name] = new DockerfileDirectory(dockerfile, dockerfileText),
    };

    public ISyncedDirectory ToDirectory() => new Context(this);

    private IReadOnlyList<SyncedEntry> Entries => entries;

    /// <summary>Opens the content of a file.</summary>
    /// <exception cref="ApiException">The file cannot be read.</exception>
    protected virtual Stream OpenRead(SyncedEntry file)
    {
        try
        {
            return new Content(this, file, LinuxDirectory.OpenFileBelow(root, file.Path));
        }
        catch (Exception e) when (DirectoryWalk.Unreadable(file.Path, e) is { } refusal)
        {
            throw Fail(refusal);
        }
    }

    private ApiException Fail(ApiException failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        return failure;
    }

    private sealed class Context(DirectorySync owner) : ISyncedDirectory
    {
        /// <summary>The frontend asks for the ignore file alone, to exclude what is excluded already.</summary>
        public IReadOnlyList<SyncedEntry> Find(IReadOnlyList<string> patterns, CancellationToken cancellationToken) =>
            patterns is [DirectoryContext.IgnoreFile] ? [] : PathFilter.Find(owner.Entries, patterns, cancellationToken);

        public Stream OpenRead(SyncedEntry file) => owner.OpenRead(file);
    }

    /// <summary>The content of a file. Its length must be that of its entry.</summary>
    private sealed class Content(DirectorySync owner, SyncedEntry file, SafeFileHandle handle) : ForwardStream
    {
        private long _read;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                // Synchronously: .NET has no asynchronous file reads on Linux; it would block a pool thread instead.
                var read = Libc.Read(handle, buffer.Span);
                _read += read;
                return _read > file.Size || (read == 0 && _read < file.Size)
                    ? throw owner.Fail(TarContextWriter.LengthChanged(file.Path, isLonger: _read > file.Size))
                    : new ValueTask<int>(read);
            }
            catch (Exception e) when (DirectoryWalk.Unreadable(file.Path, e) is { } refusal)
            {
                throw owner.Fail(refusal);
            }
        }

        protected override void Dispose(bool disposing)
        {
            handle.Dispose();
            base.Dispose(disposing);
        }
    }
}
