using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Transport;

namespace ContainerApi.Tests.Access;

/// <summary>An engine behind TLS, played by a server of the test's own with certificates of all kinds.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new();

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task A_valid_certificate_connects_and_the_client_certificate_is_sent(string host)
    {
        await using var server = new Server(_authority.Server(), asks: true);
        var tls = WithClient("operator");

        using var engine = Engine(server, tls, host);

        Assert.Equal("1.41", (await engine.PingAsync(CancellationToken.None)).ApiVersion);
        Assert.Equal("CN=operator", Assert.Single(server.Clients));
    }

    [Fact]
    public async Task An_engine_without_client_authentication_needs_no_client_certificate()
    {
        await using var server = new Server(_authority.Server());

        using var engine = Engine(server, new EngineTlsOptions { CaFile = _authority.CaFile });

        Assert.Equal("1.41", (await engine.PingAsync(CancellationToken.None)).ApiVersion);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused() =>
        await RefusedAsync(_authority.Server("engine.example", address: null), "its certificate is for another name than 127.0.0.1");

    [Fact]
    public async Task A_certificate_that_has_the_address_only_as_its_subject_is_refused() =>
        await RefusedAsync(_authority.Server("localhost", address: "127.0.0.2"), "is for another name");

    [Fact]
    public async Task An_expired_certificate_is_refused() =>
        await RefusedAsync(_authority.Server(begins: TimeSpan.FromDays(-5), ends: TimeSpan.FromDays(-1)), "its certificate expired at 2");

    [Fact]
    public async Task A_certificate_whose_time_has_not_come_is_refused() =>
        await RefusedAsync(_authority.Server(begins: TimeSpan.FromDays(1)), "its certificate is not valid before 2");

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_refused() =>
        await RefusedAsync(_stranger.Server(), "its certificate was issued by an authority that is not the configured one");

    [Fact]
    public async Task A_client_certificate_that_plays_a_server_is_refused() =>
        await RefusedAsync(_authority.ClientAsServer(), "its certificate is not for server authentication");

    [Fact]
    public async Task All_faults_of_a_certificate_are_reported()
    {
        var failure = await RefusedAsync(_stranger.Server("engine.example", address: null), "another name");

        Assert.Contains("an authority that is not the configured one", failure.Message);
    }

    [Fact]
    public async Task An_endpoint_without_TLS_is_reported_as_such()
    {
        await using var server = new Server(certificate: null);

        using var engine = Engine(server, new EngineTlsOptions { CaFile = _authority.CaFile });
        var failure = await Assert.ThrowsAsync<EngineException>(() => engine.PingAsync(CancellationToken.None));
        Assert.Contains("does not support TLS", failure.Message);
    }

    [Fact]
    public void Changed_certificates_are_reloaded_and_invalid_ones_ignored()
    {
        var tls = WithClient("first");
        var log = new List<string>();
        var certificates = new EngineCertificates("far", tls, new ListLogger(log));

        var first = certificates.Read();
        Assert.Same(first, certificates.Read());
        WithClient("second");
        var second = certificates.Read();
        File.WriteAllText(tls.KeyFile!, "half of a secret");
        var third = certificates.Read();

        Assert.Equal("CN=first", first.Client!.TargetCertificate.Subject);
        Assert.Equal("CN=second", second.Client!.TargetCertificate.Subject);
        Assert.Same(second, third);
        var line = Assert.Single(log);
        Assert.Contains("far", line);
        Assert.DoesNotContain("half of a secret", line);
    }

    [Fact]
    public async Task A_service_over_such_an_engine_tells_why_it_cannot_be_reached()
    {
        await using var server = new Server(_authority.Server("engine.example", address: null));
        using var engine = Engine(server, new EngineTlsOptions { CaFile = _authority.CaFile });
        await using var host = new ApiHost(engine);

        using var response = await host.Client.GetAsync("/readyz");

        var problem = await response.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        Assert.Contains("its certificate is for another name", problem.GetProperty("detail").GetString());
    }

    private async Task<EngineException> RefusedAsync(X509Certificate2 certificate, string reason)
    {
        await using var server = new Server(certificate);
        return await RefusedAsync(server, new EngineTlsOptions { CaFile = _authority.CaFile }, reason);
    }

    private async Task<EngineException> RefusedAsync(Server server, EngineTlsOptions tls, string reason)
    {
        using var engine = Engine(server, tls);
        var failure = await Assert.ThrowsAsync<EngineException>(() => engine.PingAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.EngineUnavailable, failure.Code);
        Assert.Contains(reason, failure.Message);
        Assert.DoesNotContain(_authority.Folder, failure.Message);
        // Nothing was said to it before it was judged.
        Assert.Equal(0, server.Requests);
        return failure;
    }

    private EngineTlsOptions WithClient(string name)
    {
        var (certificate, key) = _authority.Write(_authority.Client(name), "client");
        return new EngineTlsOptions { CaFile = _authority.CaFile, CertificateFile = certificate, KeyFile = key };
    }

    private static DockerEngine Engine(Server server, EngineTlsOptions tls, string host = "127.0.0.1") =>
        new(new EngineOptions { Name = "far", Endpoint = $"tcp://{host}:{server.Port}", Tls = tls }, TimeProvider.System);

    /// <summary>
    /// Answers <c>/_ping</c> as an engine does, and remembers who asked. Not a Kestrel: that one refuses to start with a
    /// certificate that is not one for servers.
    /// </summary>
    private sealed class Server : IAsyncDisposable
    {
        private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"u8.ToArray();

        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _running;
        private int _requests;

        public Server(X509Certificate2? certificate, bool asks = false)
        {
            _listener.Start();
            _running = RunAsync(certificate, asks);
        }

        public ConcurrentQueue<string?> Clients { get; } = [];

        public int Requests => Volatile.Read(ref _requests);

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _running;
        }

        private async Task RunAsync(X509Certificate2? certificate, bool asks)
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await AnswerAsync(client.GetStream(), certificate, asks);
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // Stopped, while it waited or before.
            }
        }

        private async Task AnswerAsync(Stream stream, X509Certificate2? certificate, bool asks)
        {
            try
            {
                if (certificate is not null)
                {
                    var secure = new SslStream(stream, false, (_, client, _, _) => client is not null || !asks);
                    await secure.AuthenticateAsServerAsync(certificate, asks, checkCertificateRevocation: false);
                    Clients.Enqueue(secure.RemoteCertificate?.Subject);
                    stream = secure;
                }

                var buffer = new byte[4096];
                if (await stream.ReadAsync(buffer) > 0)
                {
                    Interlocked.Increment(ref _requests);
                    await stream.WriteAsync(certificate is null ? "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray() : Answer);
                }
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // The client did not like us.
            }
        }
    }
}
