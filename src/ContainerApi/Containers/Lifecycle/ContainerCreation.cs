using ContainerApi.Engine;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>Creates a container: (1) pulls the image, (2) creates, (3) starts. A failure leaves no container behind.</summary>
internal sealed partial class ContainerCreation(EngineDirectory engines, ILogger<ContainerCreation> logger)
{
    public async Task<ContainerCreated> CreateAsync(CreateContainerRequest request, CancellationToken cancellationToken)
    {
        var engine = engines.ForWrite(request.Engine);
        var spec = request.ToSpec();
        if (request.Pull == PullMode.Always)
        {
            await PullAsync(engine, request, cancellationToken);
        }

        var created = await CreateAsync(engine, spec, request, cancellationToken);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (request.Start)
            {
                await engine.StartContainerAsync(created.Id, cancellationToken);
            }

            var name = spec.Name ?? (await engine.InspectContainerAsync(new ContainerReference(created.Id), cancellationToken)).Name;
            return new ContainerCreated(engine.Name, created.Id, name, created.Warnings);
        }
        catch
        {
            await RemoveAsync(engine, created.Id);
            throw;
        }
    }

    private static async Task<CreatedContainer> CreateAsync(
        IEngine engine, ContainerSpec spec, CreateContainerRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            // Without the caller's token: a cancelled call would leave a container with an unknown id.
            return await engine.CreateContainerAsync(spec, CancellationToken.None);
        }
        catch (EngineException e)
            when (e.Code == ErrorCode.ImageNotFound && request.Pull == PullMode.Missing && spec.Image.Reference is not null)
        {
            await PullAsync(engine, request, cancellationToken);
            return await engine.CreateContainerAsync(spec, CancellationToken.None);
        }
    }

    private static async Task PullAsync(IEngine engine, CreateContainerRequest request, CancellationToken cancellationToken)
    {
        await foreach (var _ in engine.PullImageAsync(request.Image.Reference!, platform: null, request.Auth.Credentials, cancellationToken))
        {
            // Only the end of the pull matters here.
        }
    }

    private async Task RemoveAsync(IEngine engine, string id)
    {
        try
        {
            await engine.RemoveContainerAsync(id, force: true, volumes: true, CancellationToken.None);
        }
        catch (EngineException e) when (e.Code == ErrorCode.ContainerNotFound)
        {
            // Another caller removed it.
        }
        catch (EngineException e)
        {
            Log.RemovalFailed(logger, new ShortId(id), engine.Name, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Removing container {Container} on {Engine} after a failed start failed: {Reason}")]
        public static partial void RemovalFailed(ILogger logger, ShortId container, string engine, string reason);
    }
}
