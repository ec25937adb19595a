using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ContainerApi.Engine.Docker;
using ContainerApi.Tls;
using Microsoft.Extensions.Logging;

namespace ContainerApi.Tests.Engine.Docker.Transport;

/// <summary>Connects to a TLS server with valid and invalid certificates.</summary>
public sealed class EngineTlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _other = new();

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("localhost", true)]
    [InlineData("127.0.0.1", false)]
    public async Task Valid_certificate_connects_and_a_client_certificate_is_sent_if_requested(string host, bool requiresClient)
    {
        await using var server = new Server(_authority.Server(), requiresClient);
        using var engine = Engine(server, requiresClient ? WithClient("operator") : new EngineTlsOptions { CaFile = _authority.CaFile }, host);

        Assert.Equal("1.41", (await engine.PingAsync(CancellationToken.None)).ApiVersion);
        Assert.Equal(requiresClient ? "CN=operator" : null, Assert.Single(server.Clients));
    }

    [Theory]
    [InlineData("other name", "its certificate is for another name than 127.0.0.1")]
    [InlineData("address only as subject", "is for another name")]
    [InlineData("expired", "its certificate expired at 2")]
    [InlineData("not yet valid", "its certificate is not valid before 2")]
    [InlineData("other authority", "its certificate was issued by an authority that is not the configured one")]
    [InlineData("client", "its certificate is not for server authentication")]
    [InlineData("other name and authority", "another name", "an authority that is not the configured one")]
    [InlineData("none", "does not support TLS")]
    public async Task Invalid_certificate_is_refused_before_a_request_with_every_reason(string certificate, params string[] reasons)
    {
        await using var server = new Server(certificate switch
        {
            "other name" => _authority.Server("engine.example", address: null),
            "address only as subject" => _authority.Server(address: "127.0.0.2"),
            "expired" => _authority.Server(ends: -1),
            "not yet valid" => _authority.Server(begins: 1),
            "other authority" => _other.Server(),
            "client" => _authority.Server(isClient: true),
            "other name and authority" => _other.Server("engine.example", address: null),
            _ => null,
        });
        using var engine = Engine(server, new EngineTlsOptions { CaFile = _authority.CaFile });

        var failure = await Assert.ThrowsAsync<EngineException>(() => engine.PingAsync(CancellationToken.None));

        Assert.Equal(ErrorCode.EngineUnavailable, failure.Code);
        Assert.All(reasons, reason => Assert.Contains(reason, failure.Message));
        Assert.DoesNotContain(_authority.Folder, failure.Message);
        // A server without TLS reads the client's hello as a request.
        Assert.Equal(certificate == "none" ? 1 : 0, server.Requests);
    }

    [Fact]
    public void Changed_certificates_are_reloaded_and_invalid_ones_ignored()
    {
        var tls = WithClient("first");
        var log = new LogRecorder();
        var certificates = new CertificateFiles("engine far", tls.ToFiles(), log.Factory.CreateLogger<EngineTlsTests>());

        var first = certificates.Read();
        Assert.Same(first, certificates.Read());
        WithClient("second");
        var second = certificates.Read();
        File.WriteAllText(tls.KeyFile!, "half of a secret");
        var third = certificates.Read();

        Assert.Equal("CN=first", first.Own!.TargetCertificate.Subject);
        Assert.Equal("CN=second", second.Own!.TargetCertificate.Subject);
        Assert.Same(second, third);
        var line = Assert.Single(log.Warnings);
        Assert.Contains("far", line);
        Assert.DoesNotContain("half of a secret", line);
    }

    [Fact]
    public async Task Readiness_reports_an_invalid_certificate()
    {
        await using var server = new Server(_authority.Server("engine.example", address: null));
        using var engine = Engine(server, new EngineTlsOptions { CaFile = _authority.CaFile });
        await using var host = new ApiHost(engine);

        using var response = await host.Client.GetAsync("/readyz");

        var problem = await response.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        Assert.Contains("its certificate is for another name", problem.GetProperty("detail").GetString());
    }

    private EngineTlsOptions WithClient(string name)
    {
        var (certificate, key) = _authority.Write(_authority.Client(name), "client");
        return new EngineTlsOptions { CaFile = _authority.CaFile, CertificateFile = certificate, KeyFile = key };
    }

    private static DockerEngine Engine(Server server, EngineTlsOptions tls, string host = "127.0.0.1") =>
        new(new EngineOptions { Name = "far", Endpoint = $"tcp://{host}:{server.Port}", Tls = tls }, TimeProvider.System);

    /// <summary>Answers <c>/_ping</c>. Kestrel cannot be used: it does not start with a certificate that is not for servers.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _running;
        private int _requests;

        public Server(X509Certificate2? certificate, bool requiresClient = false)
        {
            _listener.Start();
            _running = RunAsync(certificate, requiresClient);
        }

        public ConcurrentQueue<string?> Clients { get; } = [];

        public int Requests => Volatile.Read(ref _requests);

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _running;
        }

        private async Task RunAsync(X509Certificate2? certificate, bool requiresClient)
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await AnswerAsync(client.GetStream(), certificate, requiresClient);
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // The listener stopped.
            }
        }

        private async Task AnswerAsync(Stream stream, X509Certificate2? certificate, bool requiresClient)
        {
            var answer = "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray();
            try
            {
                if (certificate is not null)
                {
                    var secure = new SslStream(stream, false, (_, client, _, _) => client is not null || !requiresClient);
                    await secure.AuthenticateAsServerAsync(certificate, requiresClient, checkCertificateRevocation: false);
                    Clients.Enqueue(secure.RemoteCertificate?.Subject);
                    (stream, answer) = (secure, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"u8.ToArray());
                }

                if (await stream.ReadAsync(new byte[4096]) > 0)
                {
                    Interlocked.Increment(ref _requests);
                    await stream.WriteAsync(answer);
                }
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // The client refused the certificate.
            }
        }
    }
}
