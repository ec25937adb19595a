using System.Threading.Channels;
using ContainerApi.Builds;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds;

/// <summary>Common parts of BuildPipelineTests and BuildPipelineFailureTests.</summary>
public abstract class BuildPipelineFixture
{
    private protected const string Image = "sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27";
    private protected readonly TestClock _clock = new();
    private protected readonly BuildHost _host;
    private protected readonly FakeEngine _engine = new();
    private protected readonly Channel<BuildFact> _facts = Channel.CreateUnbounded<BuildFact>();
    private protected readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected BuildPipelineFixture()
    {
        _host = new BuildHost(_clock);
        _engine.Build = BuildAsync;
        _engine.InspectImage = (reference, _) => Task.FromResult(Details(reference));
    }

    private protected static async Task<string> LogAsync(BuildHost host, BuildJob run)
    {
        var text = new System.Text.StringBuilder();
        await foreach (var buildEvent in host.FollowAsync(run, 0))
        {
            text.Append((buildEvent as LogEvent)?.Text);
        }

        return text.ToString();
    }

    private protected IAsyncEnumerable<BuildEvent> Run(
        ImageName[]? tags = null, TimeSpan? timeout = null, BuildContext? context = null, string[]? arguments = null, CancellationToken cancellationToken = default) =>
        _host.RunAsync(_engine, BuildRequest.Default with { Timeout = timeout, Tag = tags ?? [], BuildArg = arguments ?? [] }, context, cancellationToken);

    private protected void Say(params BuildFact[] facts)
    {
        foreach (var fact in facts)
        {
            Assert.True(_facts.Writer.TryWrite(fact));
        }
    }

    private protected void End() => _facts.Writer.Complete();

    private protected void Break(Exception exception) => _facts.Writer.Complete(exception);

    private protected async IAsyncEnumerable<BuildFact> BuildAsync(
        BuildSpec spec, Stream context, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var fact in _facts.Reader.ReadAllAsync(cancellationToken))
            {
                yield return fact;
            }
        }
        finally
        {
            _stopped.TrySetResult();
        }
    }

    private protected static async IAsyncEnumerable<BuildFact> ReadContext(
        Stream context, Exception failure, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await context.CopyToAsync(Stream.Null, cancellationToken);
        }
        catch (ApiException)
        {
            throw failure;
        }

        yield break;
    }

    private protected static async IAsyncEnumerable<BuildFact> Watch(
        Stream context, Action<Exception> see, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await context.CopyToAsync(Stream.Null, cancellationToken);
        }
        catch (Exception e)
        {
            see(e);
            throw;
        }

        yield break;
    }

    private protected static async Task NextAsync<T>(IAsyncEnumerator<BuildEvent> run, Action<T>? check = null)
        where T : BuildEvent
    {
        Assert.True(await run.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
        check?.Invoke(Assert.IsType<T>(run.Current));
        Assert.IsType<T>(run.Current);
    }

    private protected static async Task<List<BuildEvent>> ReadAllAsync(IAsyncEnumerable<BuildEvent> run)
    {
        var events = new List<BuildEvent>();
        await foreach (var buildEvent in run)
        {
            events.Add(buildEvent);
        }

        return events;
    }

    private protected static ImageDetails Details(string id) =>
        new() { Summary = new ImageFacts { Id = id, Tags = ["app:v1"], CreatedAt = null, SizeBytes = 1 } };
}
