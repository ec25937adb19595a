using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Threading.Channels;

namespace ContainerApi.Tests.Builds.History;

/// <summary>Common parts of BuildHistoryTests and BuildResponseModeTests.</summary>
public abstract class BuildHistoryFixture : IDisposable
{
    private protected const string Image = "sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27";
    private protected readonly Channel<Conversation> _builds = Channel.CreateUnbounded<Conversation>();
    private protected readonly FakeEngine _engine = new();
    private protected readonly ApiHost _api;

    protected BuildHistoryFixture()
    {
        _engine.Build = BuildAsync;
        _engine.InspectImage = (id, _) => Task.FromResult(new ImageDetails { Summary = new ImageFacts { Id = id, Tags = ["app:v1"], CreatedAt = null, SizeBytes = 1 } });
        _api = new ApiHost(new Dictionary<string, string?> { ["Builds:MaxConcurrent"] = "2", ["Builds:MaxQueued"] = "2", ["Builds:MaxContextBytes"] = "5000" }, _engine);
    }

    public void Dispose()
    {
        _api.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A build that began and does not end by itself.</summary>
    private protected async Task<Conversation> DetachedAsync()
    {
        var posting = PostAsync("detach=true");
        var build = await NextAsync();
        build.Begin();
        await (await posting).ReadJsonAsync(HttpStatusCode.Accepted);
        return build;
    }

    private protected async Task<string?> UntilEndedAsync(string id)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (Text(await _api.GetJsonAsync("/builds/" + id), "state") is not ("running" or "queued") and var state)
            {
                return state;
            }

            await Task.Delay(10, timeout.Token);
        }
    }

    private protected Task<HttpResponseMessage> PostAsync(string query) => SendAsync(query, "FROM x"u8.ToArray(), "text/x-dockerfile");

    private protected async Task<HttpResponseMessage> SendAsync(string query, byte[] body, string type)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await _api.Client.PostAsync("/images/build?" + query, content);
    }

    private protected async Task<List<JsonElement>> LinesAsync(string address)
    {
        var text = await _api.Client.GetStringAsync(address);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private protected static async Task<JsonElement> LineAsync(StreamReader reader) =>
        JsonSerializer.Deserialize<JsonElement>(await reader.ReadLineAsync() ?? throw new EndOfStreamException());

    private protected static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private protected Task<Conversation> NextAsync() => _builds.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    private protected async IAsyncEnumerable<BuildFact> BuildAsync(
        BuildSpec spec, Stream context, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await context.CopyToAsync(Stream.Null, cancellationToken);
        var build = new Conversation();
        _builds.Writer.TryWrite(build);
        try
        {
            await foreach (var fact in build.Facts.ReadAllAsync(cancellationToken))
            {
                yield return fact;
            }
        }
        finally
        {
            build.SetStopped();
        }
    }

    /// <summary>What the engine says of one build, as the test wants it.</summary>
    private protected sealed class Conversation
    {
        private readonly Channel<BuildFact> _facts = Channel.CreateUnbounded<BuildFact>();
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ChannelReader<BuildFact> Facts => _facts.Reader;

        public Task Stopped => _stopped.Task;

        public void Say(params BuildFact[] facts) => Assert.All(facts, fact => Assert.True(_facts.Writer.TryWrite(fact)));

        public void End() => _facts.Writer.Complete();

        public void Break(Exception exception) => _facts.Writer.Complete(exception);

        public void Begin() => Say(new StepStarted("1", 1, 1, "RUN x"));

        /// <summary>Ends the step that <see cref="Begin"/> began, and the build.</summary>
        public void Finish()
        {
            Say(new StepCompleted("1", false), new ImageBuilt(Image));
            End();
        }

        public void Succeed()
        {
            Begin();
            Finish();
        }

        public void SetStopped() => _stopped.SetResult();
    }
}
