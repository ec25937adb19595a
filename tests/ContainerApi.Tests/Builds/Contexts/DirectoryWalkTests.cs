using System.IO.Pipelines;
using System.Runtime.InteropServices;
using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Tests.Builds.Contexts;

/// <summary>Directories that cannot be read or change during the walk: the error names the file.</summary>
public sealed class DirectoryWalkTests : IDisposable
{
    /// <summary>More than the pipe takes at once: the walk waits in the middle of this file.</summary>
    private const int Large = 1024 * 1024;

    private readonly ContextDirectory _directory = new();

    public DirectoryWalkTests()
    {
        File.WriteAllBytes(At("a-large"), new byte[Large]);
        File.WriteAllText(At("b"), "b");
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(Large / 2, "shorter")]
    [InlineData(Large + 1, "longer")]
    public async Task File_that_changes_its_length_is_named(int length, string change) =>
        Assert.Equal($"'a-large' became {change} while it was read.", await RefusalAsync(() =>
        {
            using var file = File.OpenWrite(At("a-large"));
            file.SetLength(length);
        }));

    [Fact]
    public async Task Removed_file_is_named() =>
        Assert.Equal("'b' no longer exists, or its name is not UTF-8.", await RefusalAsync(() => File.Delete(At("b"))));

    [Fact]
    public async Task Removed_directory_is_named()
    {
        Directory.CreateDirectory(At("c"));

        Assert.Equal("'c' no longer exists, or its name is not UTF-8.", await RefusalAsync(() => Directory.Delete(At("c"))));
    }

    [Fact]
    public async Task Pipe_in_place_of_a_file_is_an_error_at_once() =>
        Assert.StartsWith("'b' is a pipe", await RefusalAsync(() =>
        {
            File.Delete(At("b"));
            MakePipe(At("b"));
        }), StringComparison.Ordinal);

    [Fact]
    public async Task Excluded_file_may_be_removed_during_the_walk()
    {
        File.WriteAllText(At(".dockerignore"), "b\n");

        Assert.Null(await RefusalAsync(() => File.Delete(At("b"))));
    }

    [Fact]
    public void Open_of_a_pipe_does_not_wait()
    {
        MakePipe(At("p"));
        using var opened = LinuxDirectory.OpenFile(At("p"));

        Assert.Equal(0, Libc.Read(opened, new byte[1]));
    }

    [Fact]
    public void Open_of_a_link_fails()
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
    public void Unreadable_entry_is_named(string name, bool isDirectory, string message)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.Delete(At("a-large"));
        _directory.Write(isDirectory ? name + "/x" : name, "x");

        File.SetUnixFileMode(At(name), UnixFileMode.None);
        File.SetUnixFileMode(_directory.Root, (UnixFileMode)0x1ED);
        Exception? seen = null;
        // A thread can drop root's rights over files: here it reads as user 65534.
        var thread = new Thread(() =>
        {
            _ = setfsuid(65534);
            seen = Record.Exception(() => _directory.ArchiveAsync().GetAwaiter().GetResult());
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
                await _directory.SendAsync(pipe.Writer);
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

    private string At(string name) => _directory.At(name);

    private static void MakePipe(string path) => Assert.Equal(0, mkfifo(path, 0x1B6));

    [DllImport("libc", SetLastError = true)]
    private static extern int mkfifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc")]
    private static extern int setfsuid(uint user);
}
