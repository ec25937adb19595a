using System.Diagnostics;

namespace ContainerApi.Tests.Hosting;

/// <summary>The service as a process, with environment variables and arguments.</summary>
public sealed class StartupTests
{
    [Theory]
    [InlineData("ASPNETCORE_URLS=http://127.0.0.2:0", "", "http://127.0.0.2:")]
    [InlineData("ASPNETCORE_HTTP_PORTS=0 Security__AllowAnonymous=true", "", "http://[::]:")]
    [InlineData("ASPNETCORE_URLS=http://127.0.0.2:0 ASPNETCORE_HTTP_PORTS=0", "", "http://127.0.0.2:")]
    [InlineData("ASPNETCORE_URLS=http://127.0.0.2:0 Urls=http://127.0.0.3:0", "", "http://127.0.0.3:")]
    [InlineData("Urls=http://127.0.0.3:0", "--urls http://127.0.0.4:0", "http://127.0.0.4:")]
    public async Task Service_listens_on_the_address_of_the_strongest_setting(string environment, string arguments, string address)
    {
        using var service = Start(environment, arguments);
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var log = new StringBuilder();
        while (!log.ToString().Contains("Now listening on", StringComparison.Ordinal)
            && await service.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            log.AppendLine(line);
        }

        service.Kill();

        Assert.Contains("Now listening on: " + address, log.ToString());
    }

    [Theory]
    [InlineData("--help", 0, "Usage:")]
    [InlineData("--version", 0, ".")]
    [InlineData("--colour=red", 2, "ContainerApi cannot start. Unknown option '--colour'. See ContainerApi --help.\n")]
    [InlineData("--urls", 2, "ContainerApi cannot start. Option '--urls' has no value. See ContainerApi --help.\n")]
    [InlineData("run", 2, "ContainerApi cannot start. Unexpected argument 'run'. Settings are --Name=value. See ContainerApi --help.\n")]
    [InlineData("--Limits:RequestsPerSecond=many", 2,
        "ContainerApi cannot start. Limits:RequestsPerSecond: 'many' is not a whole number, or is too large.\n")]
    [InlineData("--Builds:ContextRoots=/a", 2, "Builds:ContextRoots: '/a' is not a list or section: set its items (:0)")]
    [InlineData("--Serilog:MinimumLevel=Loud", 2, "ContainerApi cannot start. Serilog: The value Loud is not a valid Serilog level.\n")]
    [InlineData("--Builds:Timeout=2h --Security:ReadOnly=perhaps", 2, "Security:ReadOnly: 'perhaps' is not true or false.")]
    public async Task Program_that_does_not_serve_says_why_and_exits(string arguments, int code, string expected)
    {
        using var program = Start("", arguments);
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var text = await program.StandardOutput.ReadToEndAsync(timeout.Token) + await program.StandardError.ReadToEndAsync(timeout.Token);
        await program.WaitForExitAsync(timeout.Token);

        Assert.Contains(expected, text);
        Assert.Equal(code, program.ExitCode);
        Assert.True(code == 0 || text.Split('\n').Length == 2, text);
    }

    private static Process Start(string environment, string arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "ContainerApi.dll"), .. Words(arguments)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var variable in Words("Builds__StorePath= " + environment))
        {
            var parts = variable.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }

        return Process.Start(start)!;
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
