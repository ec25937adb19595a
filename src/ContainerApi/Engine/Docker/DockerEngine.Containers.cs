using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

using ContainerSpec = ContainerApi.Engine.Facts.ContainerSpec;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>Maximum sizes of answers about one container, of which many are read at the same time.</summary>
    private const int MaxTopBytes = 16 * 1024 * 1024;
    private const int MaxStatisticsBytes = 256 * 1024;

    public Task<IReadOnlyList<ContainerFacts>> ListContainersAsync(ContainerFilter filter, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var capabilities = await _handler.ConnectAsync(token);
            var filters = (capabilities.ListsPausedAsRunning ? filter : WithPaused(filter)).Filters is { Count: > 0 } given
                ? JsonSerializer.Serialize(given, EngineWire.Default.IReadOnlyDictionaryStringIReadOnlyListString)
                : null;
            var path = ToPath("containers/json", [("all", filter.All ? "1" : "0"), ("filters", filters)]);
            var listed = await GetAsync(path, EngineWire.Default.ListedContainerArray, _maxAnswerBytes, token);
            var containers = await AddNodesAsync(ContainerTranslation.ToContainers(listed, _commands), token);
            return capabilities.ListsHealth ? containers : await AddHealthOfPausedAsync(containers, token);
        }, cancellationToken);

    private static ContainerFilter WithPaused(ContainerFilter filter) => filter.All || filter.Filters?.ContainsKey("status") == true
        ? filter
        : filter with
        {
            Filters = new Dictionary<string, IReadOnlyList<string>>(filter.Filters ?? new Dictionary<string, IReadOnlyList<string>>())
            {
                ["status"] = ["running", "paused"],
            },
        };

    /// <summary>
    /// The connection generation in which the <c>ps</c> of the engine's host refused the columns (busybox has no <c>etimes</c>).
    /// Until the next connection the default columns are requested first.
    /// </summary>
    private volatile int _plainTop = -1;

    public Task<IReadOnlyList<ProcessFacts>> ListProcessesAsync(string id, CancellationToken cancellationToken) =>
        ReadRunningAsync(id, async token =>
        {
            var plain = $"containers/{id}/top";
            var detailed = ToPath(plain, [("ps_args", ProcessTranslation.Columns)]);
            var generation = _handler.ConnectionGeneration;
            var (first, second) = generation == _plainTop ? (plain, detailed) : (detailed, plain);
            try
            {
                return await TopAsync(first, token);
            }
            catch (EngineException e) when (e.Code == ErrorCode.EngineError)
            {
                // The host has another ps. Its default columns include pid, user and command.
                var processes = await TopAsync(second, token);
                _plainTop = second == plain ? generation : -1;
                return processes;
            }
        }, cancellationToken);

    private async Task<IReadOnlyList<ProcessFacts>> TopAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await GetAsync(path, MaxTopBytes, cancellationToken);
        var top = await ReadAsync(response, EngineWire.Default.ContainerTop, cancellationToken);
        return ProcessTranslation.ToProcesses(top, response.Headers.Date ?? _time.GetUtcNow());
    }

    public Task<StatisticsFacts> ReadStatisticsAsync(string id, CancellationToken cancellationToken) =>
        ReadRunningAsync(id, async token =>
        {
            var statistics = await GetAsync(
                $"containers/{id}/stats?stream=false&one-shot=true", StatisticsWire.Default.ContainerStatistics, MaxStatisticsBytes, token);
            // With status 200 engines return the year 1, or a message alone, for a container that stopped, and for a running one that shares
            // the network of a removed container.
            return statistics.Read.Year > 1
                ? StatisticsTranslation.ToStatistics(statistics)
                : throw new EngineException(
                    ErrorCode.EngineError, Name, EngineErrors.Clean(statistics.Message ?? "The engine returned no statistics of the container."));
        }, cancellationToken);

    /// <summary>
    /// Reads a running container. A failure or an odd answer (engine 20.10 returns an empty one, or "not running", when a container is
    /// removed meanwhile) does not say why, so an inspect decides whether the container is removed, has stopped, or the engine is at fault.
    /// </summary>
    private Task<T> ReadRunningAsync<T>(string id, Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            try
            {
                return await read(token);
            }
            catch (Exception e) when (e is JsonException
                || (e is EngineException { Code: var code } && (code == ErrorCode.EngineError || code == ErrorCode.ContainerNotRunning)))
            {
                var container = await InspectAsync(id, token);
                if (container.State?.Status is not { } state || state is ContainerStates.Running or ContainerStates.Paused)
                {
                    throw;
                }

                throw state == ContainerStates.Removing
                    ? new EngineException(ErrorCode.ContainerNotFound, Name, "The container is being removed.")
                    : new EngineException(ErrorCode.ContainerNotRunning, Name, $"The container is {EngineErrors.Cut(state)}.");
            }
        }, cancellationToken);

    public Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken) =>
        _host?.ReadAsync(containers, sections, cancellationToken)
            ?? Task.FromResult<IReadOnlyDictionary<string, HostSample>>(new Dictionary<string, HostSample>());

    public Task<ContainerConfiguration> ReadConfigurationAsync(string id, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var config = (await _docker.Containers.InspectContainerAsync(id, token)).Required().Config.Required();
            return new ContainerConfiguration(
                config.Cmd?.WithoutNulls(),
                config.Entrypoint?.WithoutNulls(),
                config.Env.ToVariables(),
                config.User.NullIfEmpty(),
                config.WorkingDir.NullIfEmpty());
        }, cancellationToken);

    public Task<IReadOnlyList<FileChange>> ListFileChangesAsync(string id, int max, CancellationToken cancellationToken) =>
        WithinAsync(CommitTimeout, async token =>
        {
            using var response = await _http.GetAsync($"containers/{id}/changes", HttpCompletionOption.ResponseHeadersRead, token);
            await using var body = await response.Content.ReadAsStreamAsync(token);
            var changes = new List<FileChange>();
            // The answer is null for a container without changes.
            await foreach (var change in JsonSerializer.DeserializeAsyncEnumerable(body, EngineWire.Default.WireFileChange, token).Take(max))
            {
                if (change?.Path is { } path)
                {
                    changes.Add(new FileChange(path, change.Kind));
                }
            }

            return (IReadOnlyList<FileChange>)changes;
        }, cancellationToken);

    public Task<CreatedContainer> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var created = await _docker.Containers.CreateContainerAsync(ContainerTranslation.ToCreateParameters(spec), token);
            return new CreatedContainer(created.Required().ID.NullIfEmpty().Required(), created.Warnings.WithoutNulls());
        }, cancellationToken);

    public Task StartContainerAsync(string id, CancellationToken cancellationToken) =>
        // A start waits for networks, mounts and the runtime.
        WithinAsync(_callTimeout * 6, token => _docker.Containers.StartContainerAsync(id, null, token), cancellationToken);

    public Task StopContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken) =>
        PostAsync($"containers/{id}/stop", "t", ToSeconds(grace), ToTimeout(grace), cancellationToken);

    public Task RestartContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken) =>
        PostAsync($"containers/{id}/restart", "t", ToSeconds(grace), ToTimeout(grace), cancellationToken);

    public Task PauseContainerAsync(string id, CancellationToken cancellationToken) =>
        PostAsync($"containers/{id}/pause", "", null, _callTimeout * 6, cancellationToken);

    public async Task UnpauseContainerAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await PostAsync($"containers/{id}/unpause", "", null, _callTimeout * 6, cancellationToken);
        }
        catch (EngineException e) when (e.Message.Contains("is not paused", StringComparison.Ordinal))
        {
            // The engine says so of running and of stopped containers.
            var container = await WithinAsync(_callTimeout, token => InspectAsync(id, token), cancellationToken);
            if (container.State?.Status != ContainerStates.Running)
            {
                throw new EngineException(ErrorCode.ContainerNotRunning, Name, "The container is not running.");
            }
        }
    }

    public Task KillContainerAsync(string id, string? signal, CancellationToken cancellationToken) =>
        PostAsync($"containers/{id}/kill", "signal", signal, _callTimeout * 6, cancellationToken);

    public Task RenameContainerAsync(string id, string name, CancellationToken cancellationToken) =>
        PostAsync($"containers/{id}/rename", "name", name, _callTimeout, cancellationToken);

    public Task RemoveContainerAsync(string id, bool force, bool volumes, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout * 6, async token =>
        {
            try
            {
                await _docker.Containers.RemoveContainerAsync(id, new ContainerRemoveParameters { Force = force, RemoveVolumes = volumes }, token);
            }
            catch (EngineException e) when (EngineErrors.IsAlreadySo(e))
            {
                // Another caller is removing the container.
            }
        }, cancellationToken);

    /// <summary>The maximum of a container's own grace time; moby's default is 10 s.</summary>
    private static readonly TimeSpan MaxDefaultGrace = TimeSpan.FromMinutes(5);

    private static string? ToSeconds(TimeSpan? grace) => grace?.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);

    private TimeSpan ToTimeout(TimeSpan? grace) =>
        grace < TimeSpan.Zero ? Timeout.InfiniteTimeSpan : _callTimeout + (grace ?? MaxDefaultGrace);

    /// <summary>
    /// Changes a container. Not by Docker.DotNet, which leaves out a grace of 0; the engine would then wait its default.
    /// </summary>
    private Task PostAsync(string path, string parameter, string? value, TimeSpan timeout, CancellationToken cancellationToken) =>
        WithinAsync(timeout, async token =>
        {
            try
            {
                using var response = await _http.PostAsync(ToPath(path, [(parameter, value)]), null, token);
            }
            catch (EngineException e) when (EngineErrors.IsAlreadySo(e))
            {
            }
        }, cancellationToken);
}
