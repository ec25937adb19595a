using System.Security.Cryptography.X509Certificates;
using ContainerApi.Cluster;
using ContainerApi.Tests.Containers;
using ContainerApi.Tests.Engine;
using ContainerApi.Tests.Hosting;
using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Cluster;

/// <summary>The listener for other replicas.</summary>
public sealed class PeerListenerTests
{
    [Fact]
    public async Task Replica_with_the_certificate_is_served_and_learns_who_answers()
    {
        await using var stage = new ClusterStage();
        stage.Start(0, Facts.EngineNamed("node1"));
        using var client = ClusterStage.PeerClient(Load(stage.CertificateFile, stage.KeyFile));

        using var response = await client.GetAsync(stage.PeerAddress(0) + "/healthz");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.EndsWith(" node1", response.Headers.GetValues("ContainerApi-Replica").Single());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("other authority")]
    [InlineData("other name")]
    [InlineData("expired")]
    public async Task Client_without_a_valid_certificate_gets_no_answer(string kind)
    {
        await using var stage = new ClusterStage();
        using var other = new TestAuthority();
        stage.Start(0, Facts.EngineNamed("node1"));
        using var certificate = kind switch
        {
            "other authority" => other.Peer(),
            "other name" => stage.Authority.Peer("elsewhere"),
            "expired" => stage.Authority.Peer(ends: -1),
            _ => null,
        };
        using var client = ClusterStage.PeerClient(certificate);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(stage.PeerAddress(0) + "/healthz"));
    }

    [Fact]
    public async Task Api_port_does_not_serve_replicas_and_the_port_for_replicas_no_plain_client()
    {
        await using var stage = new ClusterStage();
        var replica = stage.Start(0, Facts.EngineNamed("node1"));

        using var response = await replica.Client.GetAsync("/healthz");
        using var client = new HttpClient();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("ContainerApi-Replica"));
        await Assert.ThrowsAsync<HttpRequestException>(
            () => client.GetAsync(stage.PeerAddress(0).Replace("https:", "http:", StringComparison.Ordinal) + "/healthz"));
    }

    [Fact]
    public async Task Kestrel_endpoints_leave_the_port_for_replicas()
    {
        await using var stage = new ClusterStage();
        var replica = stage.Start(
            0, new Dictionary<string, string?> { ["Kestrel:Endpoints:Web:Url"] = $"http://{stage.Addresses[0]}:8080" }, Facts.EngineNamed("node1"));
        using var client = ClusterStage.PeerClient(Load(stage.CertificateFile, stage.KeyFile));

        using var api = await replica.Client.GetAsync("/healthz");
        using var peer = await client.GetAsync(stage.PeerAddress(0) + "/healthz");

        Assert.False(api.Headers.Contains("ContainerApi-Replica"));
        Assert.True(peer.Headers.Contains("ContainerApi-Replica"));
    }

    [Fact]
    public async Task Changed_certificate_serves_the_next_connection()
    {
        await using var stage = new ClusterStage();
        stage.Start(0, Facts.EngineNamed("node1"));
        using var renewed = stage.Authority.Peer();
        var (file, key) = stage.Authority.Write(renewed, "peer");
        string? served = null;
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback =
            (_, certificate, _, _) => (served = certificate?.GetSerialNumberString()) is not null;
        handler.SslOptions.ClientCertificates = [Load(file, key)];
        using var client = new HttpClient(handler);

        using var response = await client.GetAsync(stage.PeerAddress(0) + "/healthz");

        Assert.Equal(renewed.SerialNumber, served);
    }

    [Theory]
    [InlineData("Cluster:CaFile", "", "Cluster:CaFile: is missing: replicas know each other by certificates")]
    [InlineData("Cluster:KeyFile", "/nowhere.pem", "Cluster:CertificateFile: '/nowhere.pem' cannot be read")]
    [InlineData("Cluster:Peers:0", "node1:8443", "'node1:8443' is not an address of a replica: https://host:port.")]
    [InlineData("Cluster:Listen", "https://node1:8443", "Cluster:Listen: 'https://node1:8443' is not an address to listen on")]
    [InlineData("Cluster:ListTimeout", "00:02:00", "Cluster:ListTimeout: must be from 00:00:00.010 to 00:01:00.")]
    [InlineData("Cluster:Peer", "x", "Cluster: unknown setting 'Peer'.")]
    public async Task Invalid_setting_is_reported_with_its_name(string name, string value, string expected)
    {
        await using var stage = new ClusterStage();

        var failure = Assert.Throws<OptionsValidationException>(() => SettingsTests.Read<ClusterOptions, ClusterOptionsValidator>(
            ClusterOptions.Section, new(stage.Settings(0)) { [name] = value }));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_for_another_name_is_refused()
    {
        await using var stage = new ClusterStage();
        stage.Authority.Write(stage.Authority.Peer("elsewhere"), "peer");

        var failure = Assert.Throws<OptionsValidationException>(
            () => SettingsTests.Read<ClusterOptions, ClusterOptionsValidator>(ClusterOptions.Section, new(stage.Settings(0))));

        Assert.Equal("Cluster:CertificateFile: the certificate is not for the name containerapi-peer.", failure.Message);
    }

    private static X509Certificate2 Load(string file, string key) => X509Certificate2.CreateFromPemFile(file, key);
}
