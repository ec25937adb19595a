using System.Runtime.CompilerServices;
using ContainerApi.Api;
using ContainerApi.Builds;
using ContainerApi.Builds.Contexts;
using ContainerApi.Builds.History;
using ContainerApi.Engine;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace ContainerApi.Tests.Builds;

/// <summary>The services that builds need, without HTTP.</summary>
internal sealed class BuildHost : IAsyncDisposable
{
    private readonly BuildOptions _options;

    /// <param name="options">By default builds are kept in memory alone.</param>
    public BuildHost(TimeProvider time, BuildOptions? options = null)
    {
        _options = options ?? new BuildOptions { StorePath = "" };
        Store = new BuildStore(_options, time, NullLogger<BuildStore>.Instance);
        Registry = new BuildRegistry(Store, _options, time);
        Follower = new BuildFollower(Store, time);
        Pipeline = new BuildPipeline(_options, new BuildQueue(_options), Registry, time, Lifetime, NullLogger<BuildPipeline>.Instance);
        Registry.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    public BuildStore Store { get; }

    public BuildRegistry Registry { get; }

    public BuildFollower Follower { get; }

    public BuildPipeline Pipeline { get; }

    public ServiceLifetime Lifetime { get; } = new();

    public BuildJob Start(IEngine engine, string client = "", BuildContext? context = null) =>
        Pipeline.Start(engine, BuildRequest.Default with { Builder = RequestedBuilder.Classic }, context ?? ((_, _, _) => Task.CompletedTask), client, null);

    /// <summary>A build and its owner: the events as they come, and the end of the build where the owner stops reading.</summary>
    public async IAsyncEnumerable<BuildEvent> RunAsync(
        IEngine engine, BuildRequest request, BuildContext? context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var run = Pipeline.Start(engine, request, context ?? ((_, _, _) => Task.CompletedTask), "", null);
        try
        {
            await run.Began.WaitAsync(cancellationToken);
            await foreach (var buildEvent in FollowAsync(run, 0, cancellationToken))
            {
                yield return buildEvent;
            }
        }
        finally
        {
            run.Stop(StopCause.ClientLeft);
            await run.Work;
        }
    }

    /// <summary>A build's events without what the log adds to them: number and time.</summary>
    public async IAsyncEnumerable<BuildEvent> FollowAsync(BuildJob run, long from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var batch in Follower.FollowAsync(run, from, cancellationToken).WithHeartbeats(Follower.CreateHeartbeat(run), cancellationToken))
        {
            foreach (var buildEvent in batch.Events)
            {
                yield return buildEvent is LogEvent log ? log with { Seq = null, At = null } : buildEvent with { Seq = null };
            }
        }
    }

    /// <summary>As when the service ends well.</summary>
    public async ValueTask DisposeAsync()
    {
        Lifetime.StopApplication();
        await Registry.StopAsync(CancellationToken.None);
        Store.Dispose();
    }
}

internal sealed class ServiceLifetime : IHostApplicationLifetime
{
    private readonly CancellationTokenSource _stopping = new();

    public CancellationToken ApplicationStarted => CancellationToken.None;
    public CancellationToken ApplicationStopping => _stopping.Token;
    public CancellationToken ApplicationStopped => CancellationToken.None;

    public void StopApplication() => _stopping.Cancel();
}
