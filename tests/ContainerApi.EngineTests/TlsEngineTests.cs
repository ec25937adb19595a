using ContainerApi.Engine.Docker;
using ContainerApi.Errors;
using ContainerApi.Tests.Engine;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace ContainerApi.EngineTests;

/// <summary>A real engine with <c>--tlsverify</c>: which clients it accepts and which errors the service reports.</summary>
[Collection(EngineCollection.Name)]
public sealed class TlsEngineTests
{
    [Fact]
    public async Task Engine_with_TLS_accepts_its_clients_and_refuses_others()
    {
        using var authority = new TestAuthority();
        using var stranger = new TestAuthority();
        await using var engine = await TlsEngine.StartAsync(authority);
        var ours = authority.Write(authority.Client("containerapi"), "client");
        var known = new EngineTlsOptions { CaFile = authority.CaFile, CertificateFile = ours.CertificateFile, KeyFile = ours.KeyFile };

        // The configured client works.
        await using var service = new Service(engine, known);
        var engines = JsonDocument.Parse(await service.CreateClient().GetStringAsync("/engines")).RootElement.GetProperty("items");
        Assert.Equal("ok", Assert.Single(engines.EnumerateArray()).GetProperty("state").GetString());
        using var containers = await service.CreateClient().GetAsync("/containers?all=true");
        Assert.Equal(HttpStatusCode.OK, containers.StatusCode);

        // A foreign certificate, no certificate and no TLS are refused with a reason.
        var theirs = stranger.Write(stranger.Client("stranger"), "client");
        var unknown = new EngineTlsOptions { CaFile = authority.CaFile, CertificateFile = theirs.CertificateFile, KeyFile = theirs.KeyFile };
        Assert.Contains("it requires a trusted client certificate", await RefusalAsync(engine, unknown));
        Assert.Contains("it requires a trusted client certificate", await RefusalAsync(engine, new EngineTlsOptions { CaFile = authority.CaFile }));
        Assert.Contains("it requires TLS, which is not configured", await RefusalAsync(engine, null));

        // The server certificate must come from the configured authority.
        Assert.Contains("an authority that is not the configured one", await RefusalAsync(engine, new EngineTlsOptions
        {
            CaFile = stranger.CaFile,
            CertificateFile = ours.CertificateFile,
            KeyFile = ours.KeyFile,
        }));

        // Corrected certificate files are used without a restart.
        using var corrected = new DockerEngine(Options(engine, unknown), TimeProvider.System);
        await Assert.ThrowsAsync<EngineException>(() => corrected.PingAsync(CancellationToken.None));
        File.Copy(ours.CertificateFile, theirs.CertificateFile, overwrite: true);
        File.Copy(ours.KeyFile, theirs.KeyFile, overwrite: true);
        Assert.NotEmpty((await corrected.PingAsync(CancellationToken.None)).ApiVersion);
    }

    private static async Task<string> RefusalAsync(TlsEngine engine, EngineTlsOptions? tls)
    {
        using var refused = new DockerEngine(Options(engine, tls), TimeProvider.System);
        var failure = await Assert.ThrowsAsync<EngineException>(() => refused.PingAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.EngineUnavailable, failure.Code);
        return failure.Message;
    }

    private static EngineOptions Options(TlsEngine engine, EngineTlsOptions? tls) =>
        new() { Name = "far", Endpoint = string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{engine.Port}"), Tls = tls };

    private sealed class Service(TlsEngine engine, EngineTlsOptions tls) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseSetting("Engines:0:Name", "far");
            builder.UseSetting("Engines:0:Endpoint", Options(engine, tls).Endpoint);
            builder.UseSetting("Engines:0:Tls:CaFile", tls.CaFile);
            builder.UseSetting("Engines:0:Tls:CertificateFile", tls.CertificateFile);
            builder.UseSetting("Engines:0:Tls:KeyFile", tls.KeyFile);
        }
    }
}
