using System.Diagnostics;

namespace ContainerApi.EngineTests;

/// <summary>Programs that send 60 MB with a wrong parameter show the problem.</summary>
[Collection(EngineCollection.Name)]
public sealed class UploadRefusalTests(EngineFixture fixture)
{
    private const int BodyBytes = 60 * 1024 * 1024;

    private const string Python =
        """
        import http.client, sys
        connection = http.client.HTTPConnection(sys.argv[1])
        connection.request("POST", sys.argv[2], open(sys.argv[3], "rb"), {"Content-Type": "application/x-tar"})
        response = connection.getresponse()
        print(response.status, response.read().decode())
        """;

    [Theory]
    [InlineData("python3", "-c", Python, "HOST", "PATH", "FILE")]
    [InlineData("curl", "-sS", "-w", "%{http_code}", "-H", "Content-Type: application/x-tar", "-H", "Expect:", "--data-binary", "@FILE", "HOSTPATH")]
    [InlineData("curl", "-sS", "-w", "%{http_code}", "-H", "Content-Type: application/x-tar", "-X", "POST", "-T", "FILE", "HOSTPATH")]
    public async Task Program_that_sends_60_MB_reads_its_problem(string program, params string[] arguments)
    {
        var file = Path.Combine(fixture.State, "60-MB");
        await using (var content = File.Create(file))
        {
            content.SetLength(BodyBytes);
        }

        using var process = Process.Start(new ProcessStartInfo(
            program, arguments.Select(a => a == Python ? a : a.Replace("HOST", fixture.Client.BaseAddress!.Authority, StringComparison.Ordinal)
                .Replace("PATH", "/images/build?tag=UP:1", StringComparison.Ordinal).Replace("FILE", file, StringComparison.Ordinal)))
        {
            RedirectStandardOutput = true,
        })!;
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var output = await process.StandardOutput.ReadToEndAsync(timeout.Token);
        await process.WaitForExitAsync(timeout.Token);

        Assert.Equal(0, process.ExitCode);
        Assert.Contains("400", output, StringComparison.Ordinal);
        Assert.Contains("invalid_reference", output, StringComparison.Ordinal);
    }
}
