using System.Net;
using System.Text;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ContainerApi.Tests.Builds;

/// <summary>Answers <c>POST /build</c> on a socket with what a real engine answered once, and keeps what it was asked.</summary>
internal sealed class RecordedEngine : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("containerapi-recorded-");
    private readonly WebApplication _server;

    private RecordedEngine(int status, byte[] body)
    {
        var socket = Path.Combine(_directory.FullName, "engine.sock");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["AllowedHosts"] = "*";
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        _server = builder.Build();
        _server.MapGet("/_ping", (HttpContext http) =>
        {
            http.Response.Headers["Api-Version"] = "1.41";
            http.Response.Headers[Ping.Header] = Ping.Value;
            return "OK";
        });
        _server.MapPost("/{version}/build", async (HttpContext http) =>
        {
            Query = http.Request.Query.ToDictionary(q => q.Key, q => q.Value.Select(v => v!).ToArray());
            ContentType = http.Request.ContentType;
            using var context = new MemoryStream();
            await http.Request.Body.CopyToAsync(context);
            Context = context.ToArray();
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/json";
            await http.Response.Body.WriteAsync(body);
            await http.Response.Body.FlushAsync();
            await Then(http);
        });
        Engine = new DockerEngine(new EngineOptions { Name = "local", Endpoint = "unix://" + socket }, TimeProvider.System);
    }

    public DockerEngine Engine { get; }

    /// <summary>What it does after it has answered; by default nothing.</summary>
    public Func<HttpContext, Task> Then { get; set; } = _ => Task.CompletedTask;

    /// <summary>What it says of itself beside its version; by default that it runs Windows.</summary>
    public (string Header, string Value) Ping { get; set; } = ("Ostype", "windows");

    public IReadOnlyDictionary<string, string[]>? Query { get; private set; }

    public string? ContentType { get; private set; }

    public byte[]? Context { get; private set; }

    /// <param name="capture">A file of <c>Captures</c>: "# HTTP status" among comment lines, a blank line, the body.</param>
    public static Task<RecordedEngine> StartAsync(string capture)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Captures", capture));
        var status = int.Parse(text.Split('\n').First(l => l.StartsWith("# HTTP ", StringComparison.Ordinal)).Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture);
        var body = text[(text.IndexOf("\n\n", StringComparison.Ordinal) + 2)..];
        return StartAsync((HttpStatusCode)status, body);
    }

    public static async Task<RecordedEngine> StartAsync(HttpStatusCode status, string body)
    {
        var engine = new RecordedEngine((int)status, Encoding.UTF8.GetBytes(body));
        await engine._server.StartAsync();
        return engine;
    }

    public async Task<IReadOnlyList<BuildFact>> BuildAsync(BuildSpec? spec = null)
    {
        var facts = new List<BuildFact>();
        await foreach (var fact in Engine.BuildAsync(spec ?? new BuildSpec(), new MemoryStream(new byte[1024]), CancellationToken.None))
        {
            facts.Add(fact);
        }

        return facts;
    }

    public async ValueTask DisposeAsync()
    {
        Engine.Dispose();
        await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
