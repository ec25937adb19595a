using System.Buffers;
using System.IO.Pipelines;
using ContainerApi.Archives;
using ContainerApi.Engine.Host.Linux;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Builds.Contexts;

/// <summary>Writes entries as a tar archive into a pipe, with owner and group 0, without buffering whole entries.</summary>
internal sealed class TarContextWriter(PipeWriter output, long maxBytes) : IContextOutput
{
    private const int Chunk = 64 * 1024;

    /// <summary>Bytes of the archive so far.</summary>
    public long Written { get; private set; }

    /// <summary>Adds a directory that exists in an upload only.</summary>
    public ValueTask AddDirectoryAsync(string name, CancellationToken cancellationToken) =>
        AddHeaderAsync(TarHeader.Directory, name + "/", TarHeader.DefaultDirectoryMode, 0, 0, null, cancellationToken);

    public ValueTask AddDirectoryAsync(string name, FileStatus status, CancellationToken cancellationToken) =>
        AddHeaderAsync(TarHeader.Directory, name + "/", status.Mode, 0, status.ModifiedAt, null, cancellationToken);

    public ValueTask AddSymlinkAsync(string name, string target, FileStatus status, CancellationToken cancellationToken) =>
        AddHeaderAsync(TarHeader.Symlink, name, TarHeader.SymlinkMode, 0, status.ModifiedAt, target, cancellationToken);

    public async ValueTask AddFileAsync(
        string name, LinuxDirectory directory, string file, FileStatus status, CancellationToken cancellationToken)
    {
        using var content = directory.OpenFileIn(file);
        await AddFileAsync(name, content, status, cancellationToken);
    }

    /// <summary>Adds a file of this host. A small file is read directly into the output buffer.</summary>
    /// <param name="status">The status when the header is written.</param>
    /// <exception cref="ApiException">The length of the file has changed.</exception>
    public async ValueTask AddFileAsync(string name, SafeFileHandle file, FileStatus status, CancellationToken cancellationToken)
    {
        if (status.Size < Chunk - TarHeader.BlockSize && status.Size <= maxBytes && TryAddSmall(name, file, status) is var length and > 0)
        {
            await CountAsync(length, cancellationToken);
            return;
        }

        await AddHeaderAsync(TarHeader.File, name, status.Mode, status.Size, status.ModifiedAt, null, cancellationToken);
        for (var (left, isAtEnd) = (status.Size, false); !isAtEnd;)
        {
            var read = ReadPiece(name, file, left, out isAtEnd);
            left -= read;
            await AdvanceAsync(read, cancellationToken);
        }

        await PadAsync(status.Size, cancellationToken);
    }

    /// <summary>Adds a buffered file from its start.</summary>
    public async ValueTask AddFileAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        await AddHeaderAsync(TarHeader.File, name, TarHeader.DefaultFileMode, content.Length, 0, null, cancellationToken);
        // Synchronously: .NET has no asynchronous file reads on Linux; it would block a pool thread instead.
        while (content.Read(output.GetSpan(Chunk)) is var read and > 0)
        {
            await AdvanceAsync(read, cancellationToken);
        }

        await PadAsync(content.Length, cancellationToken);
    }

    /// <summary>Adds an entry of another archive.</summary>
    /// <param name="archive">The file with the content of the entry.</param>
    public async ValueTask AddAsync(SpooledEntry entry, SafeFileHandle archive, CancellationToken cancellationToken)
    {
        var (type, name) = entry.Kind switch
        {
            SyncedKind.Directory => (TarHeader.Directory, entry.Path + "/"),
            SyncedKind.Symlink => (TarHeader.Symlink, entry.Path),
            _ => (TarHeader.File, entry.Path),
        };
        var modifiedAt = entry.ModifiedAt / PaxRecords.NanosecondsPerSecond;
        await AddHeaderAsync(type, name, entry.Mode, entry.Size, modifiedAt, entry.Target, cancellationToken);
        for (var left = entry.Size; left > 0;)
        {
            var read = RandomAccess.Read(archive, output.GetSpan(Chunk)[..(int)Math.Min(Chunk, left)], entry.Position + entry.Size - left);
            left = read > 0 ? left - read : throw new EndOfStreamException();
            await AdvanceAsync(read, cancellationToken);
        }

        await PadAsync(entry.Size, cancellationToken);
    }

    /// <summary>Writes the two zero blocks that end an archive.</summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        await ZerosAsync(2 * TarHeader.BlockSize, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    /// <summary>Writes header, content and padding in one piece; 0 if the name needs an extended header.</summary>
    private int TryAddSmall(string name, SafeFileHandle file, FileStatus status)
    {
        var size = (int)status.Size;
        var length = TarHeader.BlockSize + size + Padding(size);
        // One byte more reveals a file that grew.
        var piece = output.GetSpan(length + 1);
        if (!TarHeader.TryWrite(piece, TarHeader.File, name, status.Mode, size, status.ModifiedAt))
        {
            return 0;
        }

        var content = piece.Slice(TarHeader.BlockSize, size + 1);
        // A read that returns fewer bytes than requested has reached the end.
        var read = 0;
        do
        {
            var more = Libc.Read(file, content[read..]);
            read += more;
            if (read > size || (more == 0 && read < size))
            {
                throw LengthChanged(name, isLonger: read > size);
            }
        }
        while (read < size);

        piece[(TarHeader.BlockSize + size)..length].Clear();
        output.Advance(length);
        return length;
    }

    /// <summary>Reads the next piece into the pipe's memory.</summary>
    /// <param name="left">How many bytes are missing.</param>
    private int ReadPiece(string name, SafeFileHandle file, long left, out bool isAtEnd)
    {
        var buffer = output.GetSpan(Chunk);
        buffer = buffer[..(int)Math.Min(buffer.Length, left + 1)];
        var read = Libc.Read(file, buffer);
        if (read > left || (read == 0 && left > 0))
        {
            throw LengthChanged(name, isLonger: read > left);
        }

        isAtEnd = read == left && read < buffer.Length;
        return read;
    }

    public static ApiException LengthChanged(string name, bool isLonger) =>
        BuildContexts.Invalid($"'{name}' became {(isLonger ? "longer" : "shorter")} while it was read.");

    private async ValueTask AddHeaderAsync(
        byte type, string name, int mode, long size, long modifiedAt, string? link, CancellationToken cancellationToken)
    {
        if (Written == 0 && TarHeader.NeedsExtended(name, link, size))
        {
            await AddHeaderAsync(TarHeader.Directory, "./", TarHeader.DefaultDirectoryMode, 0, 0, null, cancellationToken);
        }

        if (size > maxBytes)
        {
            throw BuildContexts.TooLarge(maxBytes);
        }

        var header = TarHeader.Create(type, name, mode, size, modifiedAt, link);
        output.Write(header);
        await CountAsync(header.Length, cancellationToken);
    }

    private ValueTask PadAsync(long size, CancellationToken cancellationToken) => ZerosAsync(Padding(size), cancellationToken);

    private static int Padding(long size) => (int)(-size & (TarHeader.BlockSize - 1));

    private ValueTask ZerosAsync(int count, CancellationToken cancellationToken)
    {
        output.GetSpan(count)[..count].Clear();
        return AdvanceAsync(count, cancellationToken);
    }

    private ValueTask AdvanceAsync(int count, CancellationToken cancellationToken)
    {
        output.Advance(count);
        return CountAsync(count, cancellationToken);
    }

    /// <summary>Many small entries go out together; more than a chunk waits until the engine has taken it.</summary>
    private async ValueTask CountAsync(int count, CancellationToken cancellationToken)
    {
        Written += count;
        if (Written > maxBytes)
        {
            throw BuildContexts.TooLarge(maxBytes);
        }

        if (output.UnflushedBytes >= Chunk && (await output.FlushAsync(cancellationToken)).IsCompleted)
        {
            throw new OperationCanceledException("The reader of the context has stopped.");
        }
    }
}
