using System.Diagnostics;
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

    [Theory]
    [InlineData(511L, true)]
    [InlineData(512L, false)]
    [InlineData(null, false)]
    public void Limit_below_the_needs_of_the_start_is_a_shortage(long? limit, bool expected) =>
        Assert.Equal(expected, FileDescriptors.FindShortage(limit) is not null);

    [Fact]
    public async Task Start_with_a_low_limit_of_descriptors_prints_one_line()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "ContainerApi.dll");
        using var service = Process.Start(
            new ProcessStartInfo("sh", ["-c", $"ulimit -n 300 && exec dotnet exec {program} --urls http://127.0.0.1:0"])
            { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var (output, error) = (service.StandardOutput.ReadToEndAsync(), service.StandardError.ReadToEndAsync());
        await service.WaitForExitAsync();

        Assert.Equal((1, ""), (service.ExitCode, await output));
        Assert.StartsWith("ContainerApi cannot start. RLIMIT_NOFILE is 300, but the service needs 512 open files.", await error);
        Assert.Single((await error).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
