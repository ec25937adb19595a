using ContainerApi.Engine.Host;

namespace ContainerApi.Tests.Engine.Host;

/// <summary>Repeated reads of a host that changes.</summary>
public sealed class HostSourceRefreshTests
{
    private const string A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string B = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task Changed_passwd_file_is_read_again()
    {
        using var host = new HostTree();
        host.Add(A, 50, 4242);
        using var source = host.Source();
        Assert.Equal("4242", (await ReadAsync(source, A))[A].Processes![0].User);

        host.Write("etc/passwd", "new:x:4242:1::/:\n");
        File.SetLastWriteTimeUtc($"{host.Root}/etc/passwd", DateTime.UtcNow.AddSeconds(5));

        Assert.Equal("new", (await ReadAsync(source, A))[A].Processes![0].User);
    }

    [Fact]
    public async Task Host_without_containers_is_read_again_after_5_seconds()
    {
        using var host = new HostTree();
        var time = new FakeTimeProvider();
        using var source = host.Source(time);
        Assert.Empty(await ReadAsync(source, A));
        host.Add(A, 50);

        Assert.Empty(await ReadAsync(source, A));
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Single(await ReadAsync(source, A));
    }

    [Fact]
    public async Task New_container_on_a_known_host_is_read_at_once()
    {
        using var host = new HostTree();
        var time = new FakeTimeProvider();
        using var source = host.Source(time);
        host.Add(A, 50);
        Assert.Single(await ReadAsync(source, A));
        Assert.Empty(await ReadAsync(source, B));

        host.Add(B, 60);

        Assert.Equal(60, Assert.Single((await ReadAsync(source, B))[B].Processes!).Pid);
    }

    private static Task<IReadOnlyDictionary<string, HostSample>> ReadAsync(HostSource source, string id) =>
        source.ReadAsync([HostTree.Container(id)], HostSections.Processes, default);
}
