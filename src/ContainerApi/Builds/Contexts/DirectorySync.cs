using System.Security.Cryptography;
using ContainerApi.Engine.Host.Linux;
using ContainerApi.Streams;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A directory of this host that BuildKit compares with what it has. Its entries are known, and its Dockerfile is in memory, so the
/// builder gets the Dockerfile that was checked.
/// </summary>
/// <param name="root">A real path.</param>
/// <param name="dockerfile">The Dockerfile's path inside the root.</param>
internal sealed class DirectorySync(string root, IReadOnlyList<SyncedEntry> entries, string dockerfile, byte[] dockerfileText)
{
    /// <summary>
    /// Part of every key. An engine compares files by size and time, so the same path on another host must have another key.
    /// </summary>
    private static readonly string HostKey = Guid.NewGuid().ToString("n");

    private Exception? _failure;

    /// <summary>Why the engine did not get a file; null if it got all.</summary>
    public Exception? Failure => _failure;

    /// <param name="client">Builds of different clients do not share what the engine has.</param>
    public SyncedContext ToContext(string? client) => new(
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{HostKey}\0{client}\0{root}"))),
        new Dictionary<string, ISyncedDirectory>
        {
            ["context"] = new Context(this),
            ["dockerfile"] = new DockerfileDirectory(dockerfile, dockerfileText),
        });

    private IReadOnlyList<SyncedEntry> Entries => entries;

    private string Root => root;

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

        public Stream OpenRead(SyncedEntry file)
        {
            try
            {
                return new Content(owner, file, LinuxDirectory.OpenFileBelow(owner.Root, file.Path));
            }
            catch (Exception e) when (DirectoryWalk.Unreadable(file.Path, e) is { } refusal)
            {
                throw owner.Fail(refusal);
            }
        }
    }

    /// <summary>Has the Dockerfile and its parent directories, whatever the engine asks for.</summary>
    private sealed class DockerfileDirectory(string path, byte[] text) : ISyncedDirectory
    {
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
