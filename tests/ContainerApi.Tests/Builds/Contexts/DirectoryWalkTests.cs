using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text;
using ContainerApi.Builds.Contexts;
using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Tests.Builds.Contexts;

/// <summary>Directories that may not be read, or change while they are: a build of them is an error that names the file, never a wait and
/// never another content.</summary>
public sealed class DirectoryWalkTests : IDisposable
{
    /// <summary>More than goes out at once: the walk waits in its middle until somebody reads.</summary>
    private const int Large = 1024 * 1024;

    private readonly string _root = Directory.CreateTempSubdirectory("containerapi-walk-").FullName;

    public DirectoryWalkTests()
    {
        File.WriteAllText(At("Dockerfile"), "FROM scratch\n");
        File.WriteAllBytes(At("a-large"), new byte[Large]);
        File.WriteAllText(At("b"), "b");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_file_that_becomes_shorter_is_named() =>
        Assert.Equal("'a-large' became shorter while it was read.", await RefusalAsync(() => Resize("a-large", Large / 2)));

    [Fact]
    public async Task A_file_that_becomes_longer_is_named() =>
        Assert.Equal("'a-large' became longer while it was read.", await RefusalAsync(() => Resize("a-large", Large + 1)));

    [Fact]
    public async Task A_file_that_vanishes_is_named() =>
        Assert.Equal("'b' no longer exists, or its name is not UTF-8.", await RefusalAsync(() => File.Delete(At("b"))));

    [Fact]
    public async Task A_directory_that_vanishes_is_named()
    {
        Directory.CreateDirectory(At("c"));

        Assert.Equal("'c' no longer exists, or its name is not UTF-8.", await RefusalAsync(() => Directory.Delete(At("c"))));
    }

    [Fact]
    public async Task A_pipe_in_the_place_of_a_file_is_named_and_not_waited_for() =>
        Assert.StartsWith("'b' is a pipe", await RefusalAsync(() =>
        {
            File.Delete(At("b"));
            MakePipe(At("b"));
        }), StringComparison.Ordinal);

    [Fact]
    public async Task What_is_left_out_may_vanish()
    {
        File.WriteAllText(At(".dockerignore"), "b\n");

        Assert.Null(await RefusalAsync(() => File.Delete(At("b"))));
    }

    [Fact]
    public void To_open_a_pipe_that_took_a_files_place_waits_for_nobody()
    {
        MakePipe(At("p"));
        using var opened = LinuxDirectory.OpenFile(At("p"));

        Assert.Equal(0, Libc.Read(opened, new byte[1]));
    }

    [Fact]
    public void A_link_that_took_a_files_place_is_not_followed()
    {
        File.CreateSymbolicLink(At("l"), At("b"));

        Assert.Throws<IOException>(() => LinuxDirectory.OpenFile(At("l")).Dispose());
    }

    [Theory]
    [InlineData("a-large")]
    [InlineData("d/a-large")]
    public async Task Directory_replaced_by_a_link_outside_during_the_walk_sends_no_outside_file(string large)
    {
        var outside = Directory.CreateTempSubdirectory("containerapi-outside-").FullName;
        File.WriteAllText(Path.Combine(outside, "z"), "outside");
        Directory.CreateDirectory(At("d"));
        File.Move(At("a-large"), At("moved"));
        File.Move(At("moved"), At(large));
        File.WriteAllText(At("d/z"), "inside");
        var sent = new MemoryStream();

        await RefusalAsync(
            () =>
            {
                Directory.Move(At("d"), outside + "-moved");
                File.CreateSymbolicLink(At("d"), outside);
            },
            sent);

        Directory.Delete(outside, recursive: true);
        Directory.Delete(outside + "-moved", recursive: true);
        Assert.DoesNotContain("outside\0", Encoding.ASCII.GetString(sent.ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secret", false, "'secret' cannot be read: permission denied.")]
    [InlineData("private", true, "'private/' cannot be read: permission denied.")]
    public void What_may_not_be_read_is_named(string name, bool isDirectory, string message)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.Delete(At("a-large"));
        if (isDirectory)
        {
            Directory.CreateDirectory(At(name));
        }
        else
        {
            File.WriteAllText(At(name), "x");
        }

        File.SetUnixFileMode(At(name), UnixFileMode.None);
        File.SetUnixFileMode(_root, (UnixFileMode)0x1ED);
        Exception? seen = null;
        // Of root's rights over files a thread can let go: as user 65534 it reads them as that one may.
        var thread = new Thread(() =>
        {
            _ = setfsuid(65534);
            seen = Record.Exception(() => DirectoryContext.Open(_root, null).Write(int.MaxValue)(PipeWriter.Create(Stream.Null), _ => { }, CancellationToken.None).GetAwaiter().GetResult());
            _ = setfsuid(0);
        });
        thread.Start();
        thread.Join();
        File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var refused = Assert.IsType<ApiException>(seen);
        Assert.Equal((ErrorCode.InvalidContext, message), (refused.Code, refused.Message));
    }

    /// <summary>Stops the walk in the large file, changes something, and reads the rest.</summary>
    private async Task<string?> RefusalAsync(Action change, Stream? sent = null)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var writing = Task.Run(async () =>
        {
            try
            {
                await DirectoryContext.Open(_root, null).Write(int.MaxValue)(pipe.Writer, _ => { }, CancellationToken.None);
                return null;
            }
            catch (ApiException e)
            {
                Assert.Equal(ErrorCode.InvalidContext, e.Code);
                return e.Message;
            }
            finally
            {
                await pipe.Writer.CompleteAsync();
            }
        });
        var first = await pipe.Reader.ReadAsync();
        change();
        pipe.Reader.AdvanceTo(first.Buffer.End);
        await pipe.Reader.CopyToAsync(sent ?? Stream.Null);
        return await writing.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private string At(string name) => Path.Combine(_root, name);

    private void Resize(string name, int length)
    {
        using var file = File.OpenWrite(At(name));
        file.SetLength(length);
    }

    private static void MakePipe(string path) => Assert.Equal(0, mkfifo(path, 0x1B6));

    [DllImport("libc", SetLastError = true)]
    private static extern int mkfifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc")]
    private static extern int setfsuid(uint user);
}
