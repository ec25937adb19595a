using System.Runtime.CompilerServices;
using Grpc.Core;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// One build: (1) a session serves what the build reads, (2) BuildKit solves the Dockerfile, (3) its status messages become facts,
/// (4) the result of the solve ends the build.
/// </summary>
internal sealed class BuildKitBuild(BuildKitConnection connection, SessionServer sessions)
{
    /// <summary>The key of the image in a result: its id in a store of graph drivers, the digest of its manifest in containerd's.</summary>
    private const string ImageKey = "containerimage.digest";

    private const string HostGatewayLabel = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";

    /// <summary>The status messages end with the solve. Engines that lost them do not end them.</summary>
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(5);

    /// <exception cref="RpcException">The connection was lost.</exception>
    public async IAsyncEnumerable<BuildFact> RunAsync(
        BuildSpec spec, BuildInput context, string? defaultGateway, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isArchive = spec.Remote is null && context.Directories?.HasContext is not true;
        var grants = new SessionGrants(spec.Secrets, spec.Credentials, spec.SshKeys)
        {
            Directories = context.Directories,
            Upload = isArchive ? context.OpenArchive() : null,
            Output = context.Output,
        };
        await using var session = await sessions.OpenAsync(connection, grants, cancellationToken);
        var hostGateway = await FindHostGatewayAsync(spec, defaultGateway, cancellationToken);
        // Without an address BuildKit reads the directories of the session.
        var address = isArchive ? grants.UploadAddress : spec.Remote;
        var request = SolveRequests.Create(spec, Guid.NewGuid().ToString("n"), session.Id, address, hostGateway);
        var check = spec.IsCheck ? BuildKitCheck.TakeFrontend(request) : null;
        using var statusEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Before the solve: an engine forgets the messages of a solve that ended.
        using var status = connection.Control.Status(new StatusRequest { Ref = request.Ref }, cancellationToken: statusEnd.Token);
        using var solveEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var solve = connection.Control.SolveAsync(request, cancellationToken: solveEnd.Token);
        var solved = EndStatusAsync(solve.ResponseAsync, statusEnd);
        var checkedUp = check is null ? null : CheckAsync(request.Ref, check, solveEnd);
        var trace = new BuildKitTrace();
        while (await NextAsync(status.ResponseStream))
        {
            foreach (var fact in trace.Read(status.ResponseStream.Current))
            {
                yield return fact;
            }

            if (trace.HasFailed)
            {
                yield break;
            }
        }

        var hasImage = context.Output is null && check is null;
        var end = await EndAsync(trace, solved, hasImage, cancellationToken);
        // A solve that ended well has its check.
        foreach (var warning in checkedUp is null || trace.HasFailed ? [] : await checkedUp)
        {
            yield return warning;
        }

        foreach (var fact in end)
        {
            yield return fact;
        }
    }

    /// <summary>Returns the end of a solve; limits the wait for the remaining status messages.</summary>
    private static async Task<SolveResponse> EndStatusAsync(Task<SolveResponse> solve, CancellationTokenSource statusEnd)
    {
        try
        {
            return await solve;
        }
        finally
        {
            statusEnd.CancelAfter(StatusTimeout);
        }
    }

    /// <summary>Checks the Dockerfile. A solve that gets no result would wait.</summary>
    private async Task<IReadOnlyList<BuildWarning>> CheckAsync(string solve, Gateway.SolveRequest check, CancellationTokenSource solveEnd)
    {
        try
        {
            return await BuildKitCheck.RunAsync(connection.Frontend, solve, check, solveEnd.Token);
        }
        catch
        {
            await solveEnd.CancelAsync();
            throw;
        }
    }

    /// <summary>Reads the next status message. Whatever ends them, the solve has the reason.</summary>
    private static async Task<bool> NextAsync(IAsyncStreamReader<StatusResponse> status)
    {
        try
        {
            return await status.MoveNext(CancellationToken.None);
        }
        catch (RpcException)
        {
            return false;
        }
    }

    private static async Task<IReadOnlyList<BuildFact>> EndAsync(
        BuildKitTrace trace, Task<SolveResponse> solved, bool hasImage, CancellationToken cancellationToken)
    {
        try
        {
            var response = await solved;
            return hasImage ? trace.End(response.ExporterResponse.GetValueOrDefault(ImageKey)) : trace.EndWithoutImage();
        }
        catch (RpcException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The build was cancelled.", e, cancellationToken);
        }
        // An error without an exception is BuildKit's.
        catch (RpcException e) when (e.Status.DebugException is null)
        {
            return trace.End(e);
        }
    }

    /// <summary>Engine 20.10 has no label for the address; it is the gateway of the default bridge.</summary>
    private async Task<string?> FindHostGatewayAsync(BuildSpec spec, string? defaultGateway, CancellationToken cancellationToken)
    {
        if (!SolveRequests.NeedsHostGateway(spec))
        {
            return null;
        }

        var workers = await connection.Control.ListWorkersAsync(new ListWorkersRequest(), cancellationToken: cancellationToken);
        return workers.Record.Select(w => w.Labels.GetValueOrDefault(HostGatewayLabel)).FirstOrDefault(address => address is not null)
            ?? defaultGateway;
    }
}
