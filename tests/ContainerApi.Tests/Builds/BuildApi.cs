using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace ContainerApi.Tests.Builds;

/// <summary>The service with one engine, whose builds a test controls.</summary>
internal sealed class BuildApi : IDisposable
{
    public const string Image = "sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27";
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(30);

    private readonly Channel<EngineBuild> _builds = Channel.CreateUnbounded<EngineBuild>();
    private readonly ApiHost _host;

    /// <param name="settings">Names below <c>Builds</c>.</param>
    public BuildApi(Dictionary<string, string>? settings = null, TimeProvider? time = null, string engine = "local")
    {
        Engine = new FakeEngine
        {
            Name = engine,
            Build = (_, context, token) => EngineBuild.RunAsync(_builds.Writer, context, token),
            InspectImage = (id, _) => Task.FromResult(Details(id, "app:v1")),
            Ping = _ => Task.FromResult("1.41"),
        };
        _host = new ApiHost(
            null, time ?? TimeProvider.System, (settings ?? []).ToDictionary(s => "Builds:" + s.Key, s => (string?)s.Value), Engine);
    }

    public FakeEngine Engine { get; }
    public HttpClient Client => _host.Client;

    /// <summary>A client that does not read a request's body before it sends the request.</summary>
    public HttpClient StreamingClient => _host.Server.CreateClient();

    public void Dispose() => _host.Dispose();

    public Task<JsonElement> GetJsonAsync(string address) => _host.GetJsonAsync(address);

    public Task<HttpResponseMessage> PostAsync(string query, string body = "FROM x", string type = "text/x-dockerfile") =>
        PostAsync(query, new StringContent(body, MediaTypeHeaderValue.Parse(type)));

    /// <summary>Returns when the response begins.</summary>
    public Task<HttpResponseMessage> PostAsync(string query, HttpContent content, CancellationToken cancellationToken = default) =>
        Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/images/build?" + query) { Content = content },
            HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>Starts a detached build with one running step.</summary>
    public async Task<EngineBuild> StartAsync(string query = "")
    {
        var posting = PostAsync("detach=true&" + query);
        var build = await NextAsync();
        build.Begin();
        build.Id = Text(await (await posting).ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
        return build;
    }

    /// <summary>Runs a build with this output of the engine and returns its stream.</summary>
    public async Task<List<JsonElement>> RunAsync(string query, params BuildFact[] facts)
    {
        var posting = PostAsync(query);
        (await NextAsync()).End(facts);
        using var response = await posting;
        return await LinesAsync(response);
    }

    /// <summary>Starts a build with this output of the engine and opens its stream.</summary>
    public async Task<(EngineBuild Build, StreamReader Stream)> OpenAsync(string query, params BuildFact[] facts)
    {
        var posting = PostAsync(query);
        var build = await NextAsync();
        build.Report(facts);
        return (build, new StreamReader(await (await posting).Content.ReadAsStreamAsync()));
    }

    /// <summary>The next build that the engine begins.</summary>
    public Task<EngineBuild> NextAsync() => _builds.Reader.ReadAsync().AsTask().WaitAsync(WaitTimeout);

    /// <summary>Waits for the end of a build and returns its state.</summary>
    public async Task<string?> UntilEndedAsync(string id)
    {
        string? state = null;
        await UntilAsync(async () => (state = Text(await GetJsonAsync("/builds/" + id), "state")) is not ("running" or "queued"));
        return state;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(WaitTimeout);
        while (!await condition())
        {
            await Task.Delay(10, timeout.Token);
        }
    }

    public async Task<List<JsonElement>> EventsAsync(string id, long from = 0)
    {
        using var response = await Client.GetAsync($"/builds/{id}/events?from={from}");
        return await LinesAsync(response);
    }

    public async Task<List<string?>> ListAsync(string query = "") =>
        [.. (await GetJsonAsync("/builds" + query)).GetProperty("items").EnumerateArray().Select(b => Text(b, "id"))];

    public static async Task<List<JsonElement>> LinesAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    public static async Task<JsonElement> LineAsync(StreamReader reader) => JsonSerializer.Deserialize<JsonElement>(
        await reader.ReadLineAsync().WaitAsync(WaitTimeout) ?? throw new EndOfStreamException());

    public static async Task<List<JsonElement>> LinesAsync(StreamReader reader, int count)
    {
        var lines = new List<JsonElement>();
        while (lines.Count < count)
        {
            lines.Add(await LineAsync(reader));
        }

        return lines;
    }

    public static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    /// <summary>The text of the error in a result, <c>code: message (step)</c>.</summary>
    public static string? Error(JsonElement result) => result.GetProperty("error") is { ValueKind: JsonValueKind.Object } error
        ? $"{Text(error, "code")}: {Text(error, "message")} ({Text(error, "step")})"
        : null;

    public static ImageDetails Details(string id, params string[] tags) => new()
    {
        Summary = new ImageFacts { Id = id, Tags = tags, CreatedAt = null, SizeBytes = 1 },
        Digest = "sha256:index",
        Platforms = ["linux/amd64"],
        Attestations = new Dictionary<string, string> { ["linux/amd64"] = "sha256:proof" },
    };
}

/// <summary>One build on the fake engine, which ends when the test ends it.</summary>
internal sealed class EngineBuild
{
    private readonly Channel<BuildFact> _facts = Channel.CreateUnbounded<BuildFact>();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The id of a detached build.</summary>
    public string Id { get; set; } = "";

    /// <summary>Completes when the service stops the build or the build ends.</summary>
    public Task Stopped => _stopped.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public void Report(params BuildFact[] facts) => Assert.All(facts, fact => Assert.True(_facts.Writer.TryWrite(fact)));

    public void End(params BuildFact[] facts)
    {
        Report(facts);
        _facts.Writer.Complete();
    }

    public void Fail(ErrorCode code, string message) => _facts.Writer.Complete(new EngineException(code, "local", message));

    public void Begin() => Report(new StepStarted("1", 1, 1, "RUN x"));

    /// <summary>Completes the step that <see cref="Begin"/> started, and the build.</summary>
    public void Finish() => End(new StepCompleted("1", false), new ImageBuilt(BuildApi.Image));

    public void Succeed()
    {
        Begin();
        Finish();
    }

    /// <summary>Reads the context, gives the build to the test, and runs it until it ends or is stopped.</summary>
    public static async IAsyncEnumerable<BuildFact> RunAsync(
        ChannelWriter<EngineBuild> builds, Stream context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await context.CopyToAsync(Stream.Null, cancellationToken);
        var build = new EngineBuild();
        builds.TryWrite(build);
        try
        {
            await foreach (var fact in build._facts.Reader.ReadAllAsync(cancellationToken))
            {
                yield return fact;
            }
        }
        finally
        {
            build._stopped.TrySetResult();
        }
    }
}
