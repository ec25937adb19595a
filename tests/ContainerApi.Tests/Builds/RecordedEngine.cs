using ContainerApi.Engine.Docker;
using ContainerApi.Stubs;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Builds;

/// <summary>Plays a recorded answer to <c>POST /build</c> on the HTTP stub and keeps the request.</summary>
internal sealed class RecordedEngine : IAsyncDisposable
{
    private readonly DockerApiStub _stub;

    private RecordedEngine(DockerApiStub stub, int status, string body)
    {
        _stub = stub;
        Engine = new DockerEngine(new EngineOptions { Name = "local", Endpoint = stub.Endpoint }, TimeProvider.System);
        stub.When("/_ping", async http =>
        {
            http.Response.Headers["Api-Version"] = "1.41";
            http.Response.Headers[Ping.Header] = Ping.Value;
            await http.Response.WriteAsync("OK");
            return true;
        });
        stub.When("/build", async http =>
        {
            Query = http.Request.Query.ToDictionary(q => q.Key, q => q.Value.Select(v => v!).ToArray());
            ContentType = http.Request.ContentType;
            using var context = new MemoryStream();
            await http.Request.Body.CopyToAsync(context);
            Context = context.ToArray();
            await Behaviours.Answer(status, body)(http);
            await http.Response.Body.FlushAsync();
            await Then(http);
            return true;
        });
    }

    public DockerEngine Engine { get; }

    /// <summary>Runs after the answer; does nothing by default.</summary>
    public Func<HttpContext, Task> Then { get; set; } = _ => Task.CompletedTask;

    /// <summary>A header of the ping. By default the engine runs Windows, which has no BuildKit.</summary>
    public (string Header, string Value) Ping { get; set; } = ("Ostype", "windows");

    public IReadOnlyDictionary<string, string[]>? Query { get; private set; }

    public string? ContentType { get; private set; }

    public byte[]? Context { get; private set; }

    /// <param name="capture">A file of <c>Captures</c>: "# HTTP status" among comment lines, a blank line, the body.</param>
    public static Task<RecordedEngine> StartAsync(string capture)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Captures", capture));
        var status = text.Split('\n').First(l => l.StartsWith("# HTTP ", StringComparison.Ordinal)).Split(' ')[2];
        return StartAsync((HttpStatusCode)int.Parse(status, CultureInfo.InvariantCulture),
            text[(text.IndexOf("\n\n", StringComparison.Ordinal) + 2)..]);
    }

    public static async Task<RecordedEngine> StartAsync(HttpStatusCode status, string body) =>
        new(await DockerApiStub.StartAsync(), (int)status, body);

    public async Task<IReadOnlyList<BuildFact>> BuildAsync(BuildSpec? spec = null)
    {
        var facts = new List<BuildFact>();
        var context = new BuildInput(new MemoryStream(new byte[1024]));
        await foreach (var fact in Engine.BuildAsync(spec ?? new BuildSpec(), context, CancellationToken.None))
        {
            facts.Add(fact);
        }

        return facts;
    }

    public async ValueTask DisposeAsync()
    {
        Engine.Dispose();
        await _stub.DisposeAsync();
    }
}
