using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace ContainerApi.Stubs;

/// <summary>A stub of another replica: it has one engine, and answers what a test says.</summary>
public sealed class PeerStub : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly Func<HttpContext, Task> _answer;
    private int _open;

    private PeerStub(WebApplication server, string engine, Func<HttpContext, Task> answer) => (_server, Engine, _answer) = (server, engine, answer);

    /// <summary>The name of the engine. A change is another replica at the same address.</summary>
    public string Engine { get; set; }

    /// <summary>Whether the replica accepts connections and says nothing.</summary>
    public bool IsSilent { get; set; }

    /// <summary>The path and query of each call.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>How many calls are being answered.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <param name="certificate">The certificate of the replica, with its key.</param>
    /// <param name="answer">Answers all calls but <c>/healthz</c>.</param>
    public static async Task<PeerStub> StartAsync(
        IPEndPoint address, X509Certificate2 certificate, string engine, Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.UseHttps(certificate, https =>
                {
                    https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                    https.AllowAnyClientCertificate();
                });
            });
        });
        var server = builder.Build();
        var stub = new PeerStub(server, engine, answer);
        server.Run(stub.ServeAsync);
        await server.StartAsync();
        return stub;
    }

    /// <summary>An event of a watch: the snapshot of an engine with these containers.</summary>
    public static string Snapshot(string engine, string containers = "") =>
        $$"""{"type":"snapshot","seq":"1","at":"2026-11-29T12:00:00Z","items":[{{containers}}],"engines":[{{Report(engine)}}]}""" + "\n";

    /// <summary>A list with the containers of an engine.</summary>
    public static string List(string engine, int count, string containers) =>
        $$"""{"items":[{{containers}}],"engines":[{{Report(engine)}}],"total":{{count}},"nextCursor":null,"complete":true}""";

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }

    private static string Report(string engine) => $$"""{"name":"{{engine}}","state":"ok","apiVersion":"1.45","containers":null,"error":null}""";

    private async Task ServeAsync(HttpContext http)
    {
        Calls.Enqueue(http.Request.Path + http.Request.QueryString);
        Interlocked.Increment(ref _open);
        try
        {
            if (IsSilent)
            {
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
            }

            http.Response.Headers["ContainerApi-Replica"] = $"{Engine}-process {Engine}";
            if (http.Request.Path != "/healthz")
            {
                await _answer(http);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The caller left.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
