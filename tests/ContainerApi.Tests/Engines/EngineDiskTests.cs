using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Tests.Engines;

/// <summary>The disk usage of an engine.</summary>
public sealed class EngineDiskTests
{
    /// <summary>The answer of engine 20.10, shortened, with a shared layer, a stopped container and an unused volume.</summary>
    private const string Objects = """
        {"LayersSize":1100,
         "Images":[{"Id":"sha256:a","Containers":1,"Size":600,"SharedSize":100},{"Id":"sha256:b","Containers":0,"Size":600,"SharedSize":-1}],
         "Containers":[{"Id":"x","State":"running","SizeRw":5},{"Id":"y","State":"exited","SizeRw":7},{"Id":"z","State":"created"}],
         "Volumes":[{"Name":"v","UsageData":{"RefCount":0,"Size":11}},
                    {"Name":"w","UsageData":{"RefCount":2,"Size":13}},{"Name":"u","UsageData":null}],
         "BuildCache":[{"ID":"1","Size":17,"InUse":false,"Shared":false},{"ID":"2","Size":19,"InUse":true,"Shared":false},
                       {"ID":"3","Size":23,"InUse":false,"Shared":true}],
         "BuilderSize":0}
        """;

    /// <summary>API 1.52 and later sum up themselves.</summary>
    private const string Sums = """
        {"ImageUsage":{"ActiveCount":1,"TotalCount":2,"Reclaimable":600,"TotalSize":1100,
                       "Items":[{"Id":"sha256:a","Containers":1,"Size":600,"SharedSize":100}]},
         "ContainerUsage":{"ActiveCount":1,"TotalCount":3,"Reclaimable":7,"TotalSize":12},
         "VolumeUsage":{"ActiveCount":1,"TotalCount":3,"Reclaimable":11,"TotalSize":24},
         "BuildCacheUsage":{"ActiveCount":1,"TotalCount":3,"Reclaimable":17,"TotalSize":36}}
        """;

    [Theory]
    [InlineData(Objects)]
    [InlineData(Sums)]
    public void Disk_usage_is_that_of_docker_system_df(string answer)
    {
        var disk = DiskTranslation.ToDisk(JsonSerializer.Deserialize(answer, DiskWire.Default.WireDisk)!);

        Assert.Equal(new DiskUsageFacts(2, 1, 1100, 600), disk.Images);
        Assert.Equal(new DiskUsageFacts(3, 1, 12, 7), disk.Containers);
        Assert.Equal(new DiskUsageFacts(3, 1, 24, 11), disk.Volumes);
        Assert.Equal(new DiskUsageFacts(3, 1, 36, 17), disk.BuildCache);
        Assert.Equal(new DiskImage(1, 500), disk.ImageList["sha256:a"]);
    }

    [Fact]
    public async Task Callers_that_allow_an_age_share_one_calculation()
    {
        var calls = 0;
        using var host = new ApiHost(new FakeEngine
        {
            ReadDisk = (withImages, _) =>
            {
                calls++;
                return Task.FromResult(new DiskFacts(new(2, 1, 1100, null), null, null, null));
            },
        });

        var first = await host.GetJsonAsync("/engines/local/disk?maxAge=3600");
        var second = await host.GetJsonAsync("/engines/local/disk?maxAge=3600");

        Assert.Equal(first.GetRawText(), second.GetRawText());
        Assert.Equal(1, calls);
        Assert.Equal("""{"total":2,"active":1,"sizeBytes":1100,"reclaimableBytes":null}""", first.GetProperty("images").GetRawText());
        Assert.Equal(JsonValueKind.Null, first.GetProperty("volumes").ValueKind);
    }

    [Theory]
    [InlineData("table", """
        TYPE            TOTAL   ACTIVE   SIZE    RECLAIMABLE
        Images          2       1        1.1kB   600B (54%)
        Containers      3       -        0B      0B
        Local Volumes   -       -        -       -
        Build Cache     4       0        -       2GB

        """)]
    [InlineData("csv", """
        type,total,active,sizeBytes,reclaimableBytes
        images,2,1,1100,600
        containers,3,,0,0
        volumes,,,,
        buildCache,4,0,,2000000000

        """)]
    public async Task Disk_usage_has_the_formats_of_lists(string format, string expected)
    {
        using var host = new ApiHost(new FakeEngine
        {
            ReadDisk = (_, _) => Task.FromResult(new DiskFacts(new(2, 1, 1100, 600), new(3, null, 0, 0), null, new(4, 0, null, 2_000_000_000))),
        });

        Assert.Equal(expected, (await host.Client.GetStringAsync($"/engines/local/disk?format={format}")).ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Unknown_engine_is_a_404()
    {
        using var host = new ApiHost(new FakeEngine());

        Assert.Equal("engine_not_found", (await host.GetJsonAsync("/engines/none/disk", HttpStatusCode.NotFound)).GetProperty("code").GetString());
    }
}
