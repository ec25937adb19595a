using System.Buffers;
using System.Net;
using System.Threading.Channels;
using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Google.Protobuf;
using Grpc.Core;
using PacketType = ContainerApi.Engine.Docker.Builders.BuildKit.Protocol.Packet.Types.PacketType;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// Sends a directory of the build: (1) the status of each entry, (2) the contents that the engine requests, (3) FIN after the engine's.
/// Other directories do not exist for the engine.
/// </summary>
internal sealed class FileSyncService : FileSync.FileSyncBase
{
    private const int Chunk = 64 * 1024;

    /// <summary>Messages that are sent together; also the bound of what waits unsent.</summary>
    private const int MessagesInFlush = 64;

    private static readonly WriteOptions Buffered = new(WriteFlags.BufferHint);

    public override async Task DiffCopy(
        IAsyncStreamReader<Packet> requestStream, IServerStreamWriter<Packet> responseStream, ServerCallContext context)
    {
        var headers = context.GetHttpContext().Request.Headers;
        var directories = SessionGrants.Of(context.GetHttpContext().Features).Directories?.ByName;
        if (directories?.GetValueOrDefault(ValuesOf(headers, "dir-name").FirstOrDefault() ?? "") is not { } directory)
        {
            throw new RpcException(new Status(StatusCode.NotFound, "The build has no such directory."));
        }

        var entries = directory.Find(
            [.. ValuesOf(headers, "followpaths"), .. ValuesOf(headers, "include-patterns")], context.CancellationToken);
        // At most one request for each file.
        var requested = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var reading = ReadRequestsAsync(requestStream, entries, requested.Writer, context.CancellationToken);
        try
        {
            await SendStatusAsync(entries, responseStream, context.CancellationToken);
            await SendContentsAsync(directory, entries, requested.Reader, responseStream, context.CancellationToken);
            await reading;
            await responseStream.WriteAsync(new Packet { Type = PacketType.Fin }, context.CancellationToken);
        }
        catch (ApiException e)
        {
            var error = new Packet { Type = PacketType.Err, Data = ByteString.CopyFromUtf8(e.Message) };
            await responseStream.WriteAsync(error, context.CancellationToken);
            throw new RpcException(new Status(StatusCode.Aborted, e.Message));
        }
    }

    private static async Task SendStatusAsync(
        IReadOnlyList<SyncedEntry> entries, IServerStreamWriter<Packet> output, CancellationToken cancellationToken)
    {
        for (var n = 0; n < entries.Count; n++)
        {
            output.WriteOptions = n % MessagesInFlush == 0 ? null : Buffered;
            await output.WriteAsync(new Packet { Type = PacketType.Stat, Stat = ToStat(entries[n]) }, cancellationToken);
        }

        output.WriteOptions = null;
        await output.WriteAsync(new Packet { Type = PacketType.Stat }, cancellationToken);
    }

    private static async Task SendContentsAsync(
        ISyncedDirectory directory, IReadOnlyList<SyncedEntry> entries, ChannelReader<int> requested, IServerStreamWriter<Packet> output,
        CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            var sent = 0;
            await foreach (var number in requested.ReadAllAsync(cancellationToken))
            {
                await using var content = directory.OpenRead(entries[number]);
                while (await content.ReadAsync(buffer.AsMemory(0, Chunk), cancellationToken) is var read and > 0)
                {
                    // A response copies the bytes before it completes.
                    output.WriteOptions = read == Chunk ? null : Buffered;
                    var data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read));
                    await output.WriteAsync(new Packet { Type = PacketType.Data, Id = (uint)number, Data = data }, cancellationToken);
                }

                output.WriteOptions = ++sent % MessagesInFlush == 0 || !requested.TryPeek(out _) ? null : Buffered;
                await output.WriteAsync(new Packet { Type = PacketType.Data, Id = (uint)number }, cancellationToken);
            }
        }
        finally
        {
            output.WriteOptions = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads the engine's requests until it has all contents.</summary>
    private static async Task ReadRequestsAsync(
        IAsyncStreamReader<Packet> input, IReadOnlyList<SyncedEntry> entries, ChannelWriter<int> requested, CancellationToken cancellationToken)
    {
        var pending = new HashSet<int>(entries.Index().Where(e => e.Item.Kind == SyncedKind.File).Select(e => e.Index));
        try
        {
            while (await input.MoveNext(cancellationToken) && input.Current is { Type: not PacketType.Fin } packet)
            {
                if (packet.Type != PacketType.Req || !pending.Remove((int)packet.Id))
                {
                    throw new RpcException(new Status(StatusCode.InvalidArgument, "The engine requested an entry that is no file."));
                }

                requested.TryWrite((int)packet.Id);
            }

            requested.Complete();
        }
        catch (Exception e)
        {
            requested.Complete(e);
            throw;
        }
    }

    private static Stat ToStat(SyncedEntry entry) => new()
    {
        Path = entry.Path,
        Mode = ToGoMode(entry),
        Size = entry.Kind == SyncedKind.Directory ? 0 : entry.Size,
        ModTime = entry.ModifiedAt,
        Linkname = entry.Target ?? "",
    };

    /// <summary>Go's bits for the type, set-user-id, set-group-id and sticky (fs.FileMode).</summary>
    private static uint ToGoMode(SyncedEntry entry) =>
        (uint)(entry.Mode & 0x1FF)
        | entry.Kind switch { SyncedKind.Directory => 1u << 31, SyncedKind.Symlink => 1u << 27, _ => 0 }
        | ((entry.Mode & 0x800) != 0 ? 1u << 23 : 0)
        | ((entry.Mode & 0x400) != 0 ? 1u << 22 : 0)
        | ((entry.Mode & 0x200) != 0 ? 1u << 20 : 0);

    /// <summary>Values that are not ASCII are encoded like a query.</summary>
    private static IEnumerable<string> ValuesOf(IHeaderDictionary headers, string name)
    {
        var isEncoded = headers[name + "-encoded"].Contains("1");
        return headers[name].OfType<string>().Select(value => isEncoded ? WebUtility.UrlDecode(value) : value);
    }
}
