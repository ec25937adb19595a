using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ContainerApi.Tests.Hosting;

/// <summary>Alone: Serilog's logger of a host is also the static one, which another host that starts at the same time replaces.</summary>
[Collection(SerialCollection.Name)]
public sealed class LoggingTests
{
    [Fact]
    public async Task Log_levels_follow_the_settings_at_run_time()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("containerapi-settings-").FullName, "appsettings.json");
        await File.WriteAllTextAsync(file, Levels("Information", "Warning"));
        await using var host = new ApiHost(new FakeEngine());
        // ASP.NET Core watches the service's own file; the test reloads this one itself.
        var configuration = (ConfigurationManager)host.Services.GetRequiredService<IConfiguration>();
        configuration.AddJsonFile(file, optional: false, reloadOnChange: false);
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();
        var (own, framework) = (loggers.CreateLogger("ContainerApi.Anything"), loggers.CreateLogger("Microsoft.AspNetCore.Anything"));
        Assert.Equal((false, false), (own.IsEnabled(LogLevel.Debug), framework.IsEnabled(LogLevel.Information)));

        await ChangeAsync(Levels("Debug", "Information"));
        Assert.Equal((true, true), (own.IsEnabled(LogLevel.Debug), framework.IsEnabled(LogLevel.Information)));

        await ChangeAsync(Levels("Error", "Error"));
        Assert.Equal((false, true), (own.IsEnabled(LogLevel.Warning), own.IsEnabled(LogLevel.Error)));

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        async Task ChangeAsync(string text)
        {
            await File.WriteAllTextAsync(file, text);
            ((IConfigurationRoot)configuration).Reload();
        }
    }

    private static string Levels(string own, string framework) =>
        $$"""{ "Serilog": { "MinimumLevel": { "Default": "{{own}}", "Override": { "Microsoft.AspNetCore": "{{framework}}" } } } }""";
}
