using ContainerApi.Engine;
using ContainerApi.Hosting;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Access;

/// <summary>What the service makes of its settings for engines, when it starts.</summary>
public sealed class EngineSettingsTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task The_docker_commands_own_variables_make_an_engine_with_TLS_on_its_own_port()
    {
        await using var service = new Service(new()
        {
            ["DOCKER_HOST"] = "tcp://engine.example",
            ["DOCKER_TLS_VERIFY"] = "1",
            ["DOCKER_CERT_PATH"] = _authority.Folder,
        });

        var engine = Assert.Single(service.Services.GetRequiredService<ConfiguredEngines>().All);

        Assert.Equal("tcp://engine.example:2376", engine.Endpoint);
        Assert.Empty(service.Warnings);
    }

    [Fact]
    public async Task A_plain_connection_over_a_network_is_warned_about_once_at_the_start()
    {
        await using var service = new Service(new()
        {
            ["Engines:0:Name"] = "far",
            ["Engines:0:Endpoint"] = "tcp://192.0.2.1:2375",
            ["Engines:1:Name"] = "near",
            ["Engines:1:Endpoint"] = "tcp://127.0.0.1:2375",
            ["Engines:2:Name"] = "here",
            ["Engines:2:Endpoint"] = "tcp://[::1]:2375",
        });

        _ = service.Services;

        var line = Assert.Single(service.Warnings, w => w.Contains("WITHOUT TLS", StringComparison.Ordinal));
        Assert.Contains("far", line);
    }

    [Theory]
    [InlineData("Engines:0:Tls:KeyFile", "/no/such/key.pem", "Engines:0:Tls:CertificateFile: is missing")]
    [InlineData("Engines:0:Tls:CaFile", "/no/such/ca.pem", "Engines:0:Tls: '/no/such/ca.pem' cannot be read")]
    [InlineData("Engines:0:Endpoint", "unix:///run/docker.sock", "Engines:0:Tls: is not supported with a unix socket.")]
    public async Task A_bad_setting_stops_the_start_and_is_named(string name, string value, string message)
    {
        await using var service = new Service(new()
        {
            ["Engines:0:Name"] = "far",
            ["Engines:0:Endpoint"] = "tcp://192.0.2.1",
            ["Engines:0:Tls:CaFile"] = _authority.CaFile,
            [name] = value,
        });

        var refusal = Assert.Throws<OptionsValidationException>(() => service.Services);

        Assert.Contains(message, refusal.Message);
    }

    private sealed class Service(Dictionary<string, string?> settings) : WebApplicationFactory<Program>, ILoggerProvider
    {
        public List<string> Warnings { get; } = [];

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var (name, value) in settings)
            {
                builder.UseSetting(name, value);
            }

            builder.ConfigureServices(services => services.AddSingleton<ILoggerFactory>(new LoggerFactory([this])));
        }

        // Failures that nobody waited for are the whole process's: those of other tests are told here, too.
        ILogger ILoggerProvider.CreateLogger(string categoryName) => categoryName == typeof(UnobservedExceptions).FullName ? NullLogger.Instance : new ListLogger(Warnings);

        void IDisposable.Dispose()
        {
        }
    }
}

/// <summary>Keeps the warnings.</summary>
internal sealed class ListLogger(List<string> warnings) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            warnings.Add(formatter(state, exception));
        }
    }
}
