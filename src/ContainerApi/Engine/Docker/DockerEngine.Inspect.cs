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

    /// <summary>The reads of sizes that have not begun, which calls for the same container join.</summary>
    private readonly Dictionary<string, Task<ContainerInspection>> _waitingSizes = [];

    public async IAsyncEnumerable<ContainerInspection> InspectContainersAsync(
        IReadOnlyList<string> ids, bool size, TimeSpan? timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var inspections = ids.Select(id => size
            ? ReadSizeAsync(id, timeout ?? _callTimeout).WaitAsync(cancellationToken)
            : InspectOneAsync(_inspects, () => { }, id, "", timeout ?? _callTimeout, cancellationToken));
        await foreach (var done in Task.WhenEach(inspections).WithCancellation(cancellationToken))
        {
            yield return await done;
        }
    }

    /// <summary>Callers share a read that has not begun: many calls of one delay the others by one read of each container at most. A caller
    /// that leaves does not end it.</summary>
    private Task<ContainerInspection> ReadSizeAsync(string id, TimeSpan timeout)
    {
        lock (_waitingSizes)
        {
            return _waitingSizes.TryGetValue(id, out var waiting) ? waiting : _waitingSizes[id] = Task.Run(() => InspectOneAsync(
                _sizes,
                () =>
                {
                    lock (_waitingSizes)
                    {
                        _waitingSizes.Remove(id);
                    }
                },
                id, "?size=1", timeout, _closing.Token));
        }
    }

    private async Task<ContainerInspection> InspectOneAsync(
        SemaphoreSlim gate, Action begin, string id, string query, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            begin();
            var details = await WithinAsync(
                timeout, async token => InspectTranslation.ToDetails(await InspectAsync(id, token, query)), cancellationToken);
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
