using System.IO.Pipelines;
using ContainerApi.Archives;
using ContainerApi.Streams;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// An uploaded context in a temporary file, which serves as a directory: its entries are known before the engine's first call. No file
/// remains, not even after a crash.
/// </summary>
internal sealed class SpooledArchive : IDisposable
{
    private readonly FileStream _file;
    private readonly IReadOnlyList<SpooledEntry> _entries;
    private readonly DockerIgnore _ignore = DockerIgnore.Empty;
    private readonly string? _ignoreFile;

    /// <summary>The Dockerfile's path; null for none.</summary>
    private readonly string? _dockerfile;

    private SpooledArchive(FileStream file, IReadOnlyList<SpooledEntry> entries, IReadOnlyList<string> dockerfiles, bool hasIgnoreFile)
    {
        (_file, _entries) = (file, entries);
        _dockerfile = dockerfiles.FirstOrDefault(name => Find(name) is not null);
        string[] names = hasIgnoreFile ? [_dockerfile + DirectoryContext.IgnoreFile, DirectoryContext.IgnoreFile] : [];
        if (names.FirstOrDefault(name => Find(name) is not null) is { } found)
        {
            _ignoreFile = found;
            _ignore = DirectoryContext.ParseIgnoreFile(found, Read(found, DirectoryContext.MaxIgnoreFileBytes));
        }
    }

    /// <summary>The size of the archive in bytes.</summary>
    public long Length => _file.Length;

    /// <summary>Reads a whole context.</summary>
    /// <param name="dockerfiles">Paths of the Dockerfile, of which the first that exists is used.</param>
    /// <param name="hasIgnoreFile">Whether a <c>.dockerignore</c> file in it applies.</param>
    /// <exception cref="ApiException">The context is invalid.</exception>
    public static async Task<SpooledArchive> ReadAsync(
        BuildContext context, IReadOnlyList<string> dockerfiles, bool hasIgnoreFile, DockerfileCheck check, CancellationToken cancellationToken)
    {
        var file = Spool.CreateFile();
        try
        {
            var entries = new SpooledEntries();
            // The context validates what it writes, and has its limit.
            var output = PipeWriter.Create(new Writer(file, new TarStreamValidator(long.MaxValue, entries)));
            await context(output, check, cancellationToken);
            await output.FlushAsync(cancellationToken);
            return new SpooledArchive(file, entries.Sorted(), dockerfiles, hasIgnoreFile);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The entries for BuildKit; null for a context that must be an archive: its Dockerfile is no file or too large.</summary>
    /// <param name="text">The Dockerfile in place of one in the archive; null for none.</param>
    public DirectorySync? ToSync(string? text, CancellationToken cancellationToken)
    {
        var content = text is not null ? Encoding.UTF8.GetBytes(text) : Read(_dockerfile ?? "", BuildContexts.MaxDockerfileBytes);
        return content is null
            ? null
            : new Sync(
                _file.SafeFileHandle, PathFilter.Apply(_ignore, _entries, [], cancellationToken),
                _dockerfile ?? BuildContexts.DefaultDockerfile, content);
    }

    /// <summary>The entries as an archive, with the Dockerfile and the ignore file, which the builder reads, even if they are excluded.</summary>
    public BuildContext Write(long maxBytes) => async (output, _, cancellationToken) =>
    {
        var archive = new TarContextWriter(output, maxBytes);
        string[] always = [_dockerfile ?? "", _ignoreFile ?? ""];
        foreach (var entry in PathFilter.Apply(_ignore, _entries, always, cancellationToken).Cast<SpooledEntry>())
        {
            await archive.AddAsync(entry, _file.SafeFileHandle, cancellationToken);
        }

        await archive.EndAsync(cancellationToken);
    };

    private SpooledEntry? Find(string path) => _entries.FirstOrDefault(entry => entry.Path == path);

    /// <summary>Reads a file; null if the path is not a file or the file is larger.</summary>
    private byte[]? Read(string path, int maxBytes)
    {
        if (Find(path) is not { Kind: SyncedKind.File } entry || entry.Size > maxBytes)
        {
            return null;
        }

        var content = new byte[entry.Size];
        _file.Position = entry.Position;
        _file.ReadExactly(content);
        return content;
    }

    /// <summary>Writes the archive and reads its entries.</summary>
    private sealed class Writer(FileStream file, TarStreamValidator validator) : Stream
    {
        public override bool CanRead => false;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            validator.Read(buffer);
            file.Write(buffer);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            // Synchronously: .NET has no asynchronous file writes on Linux; it would block a pool thread instead.
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override void Flush()
        {
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }

    /// <summary>The engine never has the files of another upload: it compares them by size and time.</summary>
    private sealed class Sync(SafeFileHandle file, IReadOnlyList<SyncedEntry> entries, string dockerfile, byte[] text)
        : DirectorySync(Guid.NewGuid().ToString("n"), entries, dockerfile, text)
    {
        protected override Stream OpenRead(SyncedEntry entry) => new Content(file, (SpooledEntry)entry);
    }

    /// <summary>The content of a file.</summary>
    private sealed class Content(SafeFileHandle file, SpooledEntry entry) : ForwardStream
    {
        private long _read;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var wanted = (int)Math.Min(buffer.Length, entry.Size - _read);
            // Synchronously, as it is written.
            var read = wanted == 0 ? 0 : RandomAccess.Read(file, buffer.Span[..wanted], entry.Position + _read);
            _read += read;
            return new ValueTask<int>(read);
        }
    }
}
