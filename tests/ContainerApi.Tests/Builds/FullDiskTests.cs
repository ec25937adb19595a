namespace ContainerApi.Tests.Builds;

public sealed class FullDiskTests : BuildEndpointFixture
{
    [Theory]
    [InlineData(28)] // ENOSPC
    [InlineData(122)] // EDQUOT
    [InlineData(unchecked((int)0x80070070))] // ERROR_DISK_FULL
    public async Task Write_to_a_full_disk_returns_507(int result)
    {
        _engine.Build = (_, _, _) => throw new IOException("No space left on device : '/tmp/x'", result);

        var problem = await (await PostAsync("", Tar(), "application/x-tar"))
            .ReadProblemAsync(HttpStatusCode.InsufficientStorage, "insufficient_storage");

        Assert.DoesNotContain("/tmp", problem.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>A Linux device whose writes fail as those to a full disk.</summary>
    [Fact]
    public async Task Write_to_dev_full_returns_507()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        _engine.Build = (_, _, _) =>
        {
            using var file = new FileStream("/dev/full", new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Write, BufferSize = 0 });
            file.Write([1]);
            return Facts();
        };

        await (await PostAsync("", Tar(), "application/x-tar")).ReadProblemAsync(HttpStatusCode.InsufficientStorage, "insufficient_storage");
    }
}
