namespace ContainerApi.Tests.Engine.Host;

public sealed class HostOomKillTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kills_at_the_memory_limit_are_read_on_request(bool unified)
    {
        var id = new string('a', 64);
        using var host = new HostTree(unified);
        host.Process(50, 40, "/docker/" + id);
        host.Cgroup("/docker/" + id, 50);
        using var source = host.Source();

        var usual = (await source.ReadAsync([HostTree.Container(id)], HostSections.Statistics, default))[id];
        var requested = (await source.ReadAsync([HostTree.Container(id)], HostSections.Statistics | HostSections.OomKills, default))[id];

        Assert.Null(usual.Statistics!.OomKills);
        Assert.Equal(2, requested.Statistics!.OomKills);
    }
}
