using System.Runtime.CompilerServices;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    private const int MaxInspectBytes = 4 * 1024 * 1024;

    /// <summary>Many inspects at once only wait for each other; the engine walks the files of a container for its size.</summary>
    private readonly SemaphoreSlim _inspects = new(16);
    private readonly SemaphoreSlim _sizes = new(2);

    public Task<ContainerDetails> InspectContainerAsync(ContainerReference container, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token => InspectTranslation.ToDetails(await InspectAsync(container.ToString(), token)), cancellationToken);

    public async IAsyncEnumerable<ContainerInspection> InspectContainersAsync(
        IReadOnlyList<string> ids, bool size, TimeSpan? timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (gate, query) = size ? (_sizes, "?size=1") : (_inspects, "");
        await foreach (var done in Task.WhenEach(ids.Select(InspectOneAsync)).WithCancellation(cancellationToken))
        {
            yield return await done;
        }

        async Task<ContainerInspection> InspectOneAsync(string id)
        {
            await gate.WaitAsync(cancellationToken);
            try
            {
                var details = await WithinAsync(
                    timeout ?? _callTimeout, async token => InspectTranslation.ToDetails(await InspectAsync(id, token, query)), cancellationToken);
                return new ContainerInspection(id, details, null);
            }
            catch (EngineException e)
            {
                return new ContainerInspection(id, null, e);
            }
            finally
            {
                gate.Release();
            }
        }
    }

    private Task<InspectedContainer> InspectAsync(string reference, CancellationToken cancellationToken, string query = "") =>
        GetAsync($"containers/{reference}/json{query}", EngineWire.Default.InspectedContainer, MaxInspectBytes, cancellationToken);

    /// <summary>The status of a paused container, <c>Up 3 minutes (Paused)</c>, has no place for its health. An inspect has it.</summary>
    private async Task<IReadOnlyList<ContainerFacts>> AddHealthOfPausedAsync(
        IReadOnlyList<ContainerFacts> containers, CancellationToken cancellationToken)
    {
        var paused = containers.Where(c => c.State == ContainerStates.Paused).Select(c => c.Id).ToList();
        if (paused.Count == 0)
        {
            return containers;
        }

        var health = new Dictionary<string, string?>();
        await foreach (var inspected in InspectContainersAsync(paused, size: false, timeout: null, cancellationToken))
        {
            // A failed one was removed meanwhile.
            health[inspected.Id] = inspected.Details?.Health;
        }

        return [.. containers.Select(c => health.TryGetValue(c.Id, out var known) ? c with { Health = known } : c)];
    }
}
