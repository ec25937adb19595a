using ContainerApi.Hosting;

namespace ContainerApi.Tests.Hosting;

public sealed class FileDescriptorsTests
{
    [Theory]
    [InlineData(10_000, 1_048_576L, 10_000)]
    [InlineData(10_000, null, 10_000)]
    [InlineData(10_000, 1024L, 332)]
    [InlineData(10_000, 556L, 98)]
    [InlineData(10_000, 64L, 8)]
    [InlineData(5, 64L, 5)]
    public void Connections_stay_below_the_limit_of_descriptors(int configured, long? limit, int expected) =>
        Assert.Equal(expected, FileDescriptors.Clamp(configured, limit, open: 200));

    [Theory]
    [InlineData("Max open files            1024                 524288               files     ", 1024L)]
    [InlineData("Max open files            unlimited            unlimited            files     ", null)]
    [InlineData("Max processes             95                   95                   processes ", null)]
    public void Limit_is_the_soft_one(string line, long? expected) => Assert.Equal(expected, FileDescriptors.ParseLimit(["Limit", line]));
}
