using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Engine;

public sealed class EngineRegistrationTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly LogRecorder _log = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Docker_variables_configure_one_engine_with_TLS_on_the_default_port()
    {
        await using var services = Register(new()
        {
            ["DOCKER_HOST"] = "tcp://engine.example",
            ["DOCKER_TLS_VERIFY"] = "1",
            ["DOCKER_CERT_PATH"] = _authority.Folder,
        });

        Assert.Equal("tcp://engine.example:2376", Assert.Single(services.GetRequiredService<ConfiguredEngines>().All).Endpoint);
    }

    [Fact]
    public async Task Engine_over_a_network_without_TLS_is_warned_about_at_startup()
    {
        await using var services = Register(new()
        {
            ["Engines:0:Name"] = "far",
            ["Engines:0:Endpoint"] = "tcp://192.0.2.1:2375",
            ["Engines:1:Name"] = "near",
            ["Engines:1:Endpoint"] = "tcp://127.0.0.1:2375",
            ["Engines:2:Name"] = "here",
            ["Engines:2:Endpoint"] = "tcp://[::1]:2375",
        });

        foreach (var started in services.GetServices<IHostedService>())
        {
            await started.StartAsync(CancellationToken.None);
        }

        Assert.Contains("Engine far is connected at tcp://192.0.2.1:2375 WITHOUT TLS", Assert.Single(_log.Warnings));
    }

    [Theory]
    [InlineData("Engines:0:Tls:KeyFile", "/no/such/key.pem", "Engines:0:Tls:CertificateFile: is missing")]
    [InlineData("Engines:0:Tls:CaFile", "/no/such/ca.pem", "Engines:0:Tls: '/no/such/ca.pem' cannot be read")]
    [InlineData("Engines:0:Endpoint", "unix:///run/docker.sock", "Engines:0:Tls: is not supported with a unix socket.")]
    public void Invalid_setting_is_reported_with_its_name(string name, string value, string message)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Register(new()
        {
            ["Engines:0:Name"] = "far",
            ["Engines:0:Endpoint"] = "tcp://192.0.2.1",
            ["Engines:0:Tls:CaFile"] = _authority.CaFile,
            [name] = value,
        }));

        Assert.Contains(message, failure.Message);
    }

    private ServiceProvider Register(Dictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddLogging().AddSingleton(TimeProvider.System).AddSingleton(_log.Factory);
        builder.AddEngines();
        return builder.Services.BuildServiceProvider();
    }
}
