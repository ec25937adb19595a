using ContainerApi.Builds.Contexts;
using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Grpc.Core;
using Grpc.Net.Client;
using PacketType = ContainerApi.Engine.Docker.Builders.BuildKit.Protocol.Packet.Types.PacketType;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Directories that an engine reads through the session of a build.</summary>
public sealed class FileSyncTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("containerapi-sync-").FullName;

    public FileSyncTests()
    {
        Write("Dockerfile", "FROM scratch");
        Write(".dockerignore", "Dockerfile\n.dockerignore\nout\n!out/kept\n");
        Write("app", new string('x', 100_000));
        Write("dir/empty", "");
        Write("out/kept", "k");
        Write("out/lost", "l");
        File.CreateSymbolicLink(Path.Combine(_root, "link"), "app");
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(Path.Combine(_root, "app"), (UnixFileMode)0x9ED); // 4755
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Engine_gets_the_directory_without_what_is_excluded()
    {
        var files = await ReadAsync(session => SyncAsync(session, "context", [], _ => true));

        Assert.Equal(["app", "dir", "dir/empty", "link", "out", "out/kept"], files.Select(f => f.Stat.Path));
        Assert.Equal([100_000, -1, 0, -1, -1, 1], files.Select(f => f.Length));
        Assert.Equal(
            [0x8001EDu & 0xFFFFFFFF, 1u << 31, 0u, (1u << 27) | 0x1FF, 1u << 31, 0u],
            files.Select((f, n) => n is 0 or 3 ? f.Stat.Mode : f.Stat.Mode & (1u << 31)));
        Assert.Equal("app", files[3].Stat.Linkname);
        var modified = File.GetLastWriteTimeUtc(Path.Combine(_root, "app"));
        Assert.Equal((modified - DateTime.UnixEpoch).Ticks, files[0].Stat.ModTime / 100);
        Assert.All(files, f => Assert.Equal((0u, 0u), (f.Stat.Uid, f.Stat.Gid)));
    }

    [Fact]
    public async Task Only_requested_contents_travel()
    {
        var files = await ReadAsync(session => SyncAsync(session, "context", ["app", "out"], path => path == "out/kept"));

        Assert.Equal([("app", -1), ("out", -1), ("out/kept", 1)], files.Select(f => (f.Stat.Path, f.Length)));
    }

    [Fact]
    public async Task Dockerfile_is_a_directory_of_its_own_and_the_ignore_file_is_applied_here()
    {
        var files = await ReadAsync(async session =>
        [
            .. await SyncAsync(session, "dockerfile", ["Dockerfile", "Dockerfile.dockerignore"], _ => true),
            .. await SyncAsync(session, "context", [".dockerignore"], _ => true),
        ]);

        Assert.Equal([("Dockerfile", "FROM scratch".Length)], files.Select(f => (f.Stat.Path, f.Length)));
    }

    [Theory]
    [InlineData("other")]
    [InlineData("/etc")]
    [InlineData("")]
    public async Task Other_directories_do_not_exist(string name) =>
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(
            () => ReadAsync(session => SyncAsync(session, name, [], _ => true), out _))).StatusCode);

    [Fact]
    public async Task Directory_that_became_a_link_is_not_followed()
    {
        Write("dir/empty", "text");
        Task<DirectorySync?>? sync = null;
        var failure = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(
            session =>
            {
                Directory.Delete(Path.Combine(_root, "dir"), recursive: true);
                Directory.CreateSymbolicLink(Path.Combine(_root, "dir"), "/etc");
                return SyncAsync(session, "context", [], path => path == "dir/empty");
            },
            out sync));

        Assert.Contains("'dir/empty'", failure.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.InvalidContext, Assert.IsType<ApiException>((await sync!)!.Failure).Code);
    }

    [Fact]
    public async Task File_that_changes_its_length_fails_the_build()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(
            session =>
            {
                Write("app", "shorter");
                return SyncAsync(session, "context", [], path => path == "app");
            },
            out _));

        Assert.Contains("'app' became shorter while it was read.", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_is_that_of_the_client_and_the_directory()
    {
        var sync = (await PrepareAsync())!;

        Assert.Equal(sync.KeyFor("a"), (await PrepareAsync())!.KeyFor("a"));
        Assert.NotEqual(sync.KeyFor("a"), sync.KeyFor("b"));
    }

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_root, path))!);
        File.WriteAllText(Path.Combine(_root, path), text);
    }

    private Task<DirectorySync?> PrepareAsync() =>
        DirectoryContext.Open(_root, null).PrepareAsync(long.MaxValue, _ => { }, CancellationToken.None);

    private Task<List<(Stat Stat, int Length)>> ReadAsync(Func<GrpcChannel, Task<List<(Stat Stat, int Length)>>> read) => ReadAsync(read, out _);

    private Task<List<(Stat Stat, int Length)>> ReadAsync(
        Func<GrpcChannel, Task<List<(Stat Stat, int Length)>>> read, out Task<DirectorySync?> prepared)
    {
        prepared = PrepareAsync();
        return RunAsync(prepared);

        async Task<List<(Stat, int)>> RunAsync(Task<DirectorySync?> sync)
        {
            await using var engine = await FakeBuildKit.StartAsync();
            var done = new TaskCompletionSource<List<(Stat, int)>>();
            engine.Solve = async (_, session) =>
            {
                try
                {
                    done.SetResult(await read(session));
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }

                return "sha256:1";
            };
            var directories = new SyncedContext("key", (await sync)!.ToDirectories());
            await engine.BuildAsync(context: new BuildInput(Stream.Null) { Directories = directories });
            return await done.Task;
        }
    }

    /// <summary>Reads a directory as an engine does; the length is -1 for what was not requested.</summary>
    private static async Task<List<(Stat Stat, int Length)>> SyncAsync(
        GrpcChannel session, string name, IReadOnlyList<string> patterns, Func<string, bool> needs)
    {
        var headers = new Metadata { { "dir-name", name } };
        if (patterns.Count > 0)
        {
            headers.Add("followpaths", patterns[^1]);
            headers.Add("include-patterns", patterns[0]);
        }

        using var call = new FileSync.FileSyncClient(session).DiffCopy(headers);
        var entries = new List<(Stat Stat, int Length)>();
        var open = new HashSet<int>();
        for (var isWalked = false; !isWalked || open.Count > 0;)
        {
            Assert.True(await call.ResponseStream.MoveNext());
            var packet = call.ResponseStream.Current;
            switch (packet.Type)
            {
                case PacketType.Stat when packet.Stat is null:
                    isWalked = true;
                    break;
                case PacketType.Stat:
                    var isNeeded = packet.Stat.Mode >> 27 == 0 && needs(packet.Stat.Path);
                    entries.Add((packet.Stat, isNeeded ? 0 : -1));
                    if (isNeeded)
                    {
                        open.Add(entries.Count - 1);
                        await call.RequestStream.WriteAsync(new Packet { Type = PacketType.Req, Id = (uint)(entries.Count - 1) });
                    }

                    break;
                case PacketType.Data when packet.Data.IsEmpty:
                    Assert.True(open.Remove((int)packet.Id));
                    break;
                case PacketType.Data:
                    entries[(int)packet.Id] = (entries[(int)packet.Id].Stat, entries[(int)packet.Id].Length + packet.Data.Length);
                    break;
                default:
                    Assert.Equal(PacketType.Err, packet.Type);
                    throw new RpcException(new Status(StatusCode.Aborted, packet.Data.ToString(Encoding.UTF8)));
            }
        }

        await call.RequestStream.WriteAsync(new Packet { Type = PacketType.Fin });
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal(PacketType.Fin, call.ResponseStream.Current.Type);
        return entries;
    }
}
