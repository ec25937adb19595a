using System.Globalization;
using System.Text.Json;
using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

using ContainerSpec = ContainerApi.Engine.Facts.ContainerSpec;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>The user, whose name may contain blanks, is between numbers; the command is last.</summary>
    private static readonly string TopColumns = Uri.EscapeDataString("-eo pid,ppid,uid,user:64,etimes,cputimes,args");

    public Task<IReadOnlyList<ContainerFacts>> ListContainersAsync(ContainerFilter filter, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var capabilities = await _handler.ConnectAsync(token);
            var path = "containers/json" + (filter.All ? "?all=1" : "?all=0");
            if ((capabilities.ListsPausedAsRunning ? filter : WithPaused(filter)).Filters is { Count: > 0 } filters)
            {
                path += "&filters=" + Uri.EscapeDataString(
                    JsonSerializer.Serialize(filters, EngineWire.Default.IReadOnlyDictionaryStringIReadOnlyListString));
            }

            var rows = await GetAsync(path, EngineWire.Default.ListedContainerArray, token);
            return DockerTranslation.ToContainers(rows);
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
    /// The connection generation in which the <c>ps</c> of the engine's host refused <see cref="TopColumns"/> (busybox has no
    /// <c>etimes</c>). Until the next connection the default columns are requested first.
    /// </summary>
    private volatile int _plainTop = -1;

    public Task<IReadOnlyList<ProcessFacts>> ListProcessesAsync(string id, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var detailed = $"containers/{id}/top?ps_args={TopColumns}";
            var plain = $"containers/{id}/top";
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
        var top = await GetAsync(path, EngineWire.Default.ContainerTop, cancellationToken);
        return DockerTranslation.ToProcesses(top, _time.GetUtcNow());
    }

    public Task<StatisticsFacts> ReadStatisticsAsync(string id, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            ContainerStatistics statistics;
            try
            {
                statistics = await GetAsync($"containers/{id}/stats?stream=false&one-shot=true", EngineWire.Default.ContainerStatistics, token);
            }
            catch (JsonException)
            {
                // An empty answer is how engine 20.10 says that the container was removed while the collector's tick was
                // waited for. An inspect distinguishes this from a broken engine.
                using var exists = await _http.GetAsync($"containers/{id}/json", HttpCompletionOption.ResponseHeadersRead, token);
                throw;
            }

            if (statistics.Read.Year <= 1)
            {
                // How the engine says, with 200, that the container stopped meanwhile.
                throw new EngineException(ErrorCode.ContainerNotRunning, Name, "The container is not running.");
            }

            return DockerTranslation.ToStatistics(statistics, _time.GetUtcNow());
        }, cancellationToken);

    public Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken) =>
        _host?.ReadAsync(containers, sections, cancellationToken)
            ?? Task.FromResult<IReadOnlyDictionary<string, HostSample>>(new Dictionary<string, HostSample>());

    public Task<ContainerDetails> InspectContainerAsync(ContainerReference container, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var details = await GetAsync($"containers/{container}/json", EngineWire.Default.InspectedContainer, token);
            return DockerTranslation.ToDetails(details);
        }, cancellationToken);

    public Task<ContainerConfiguration> ReadConfigurationAsync(string id, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var config = (await _docker.Containers.InspectContainerAsync(id, token)).Config;
            return new ContainerConfiguration(
                config?.Cmd is { } command ? [.. command] : null,
                config?.Entrypoint is { } entrypoint ? [.. entrypoint] : null,
                [.. config?.Env ?? []],
                config?.User is { Length: > 0 } user ? user : null,
                config?.WorkingDir is { Length: > 0 } directory ? directory : null);
        }, cancellationToken);

    public Task<IReadOnlyList<FileChange>> ListFileChangesAsync(string id, int max, CancellationToken cancellationToken) =>
        WithinAsync(CommitTimeout, async token =>
        {
            using var response = await _http.GetAsync($"containers/{id}/changes", HttpCompletionOption.ResponseHeadersRead, token);
            await using var body = await response.Content.ReadAsStreamAsync(token);
            var changes = new List<FileChange>();
            // A container that changed nothing has a null there, which has no items.
            await foreach (var change in JsonSerializer.DeserializeAsyncEnumerable(body, EngineWire.Default.WireFileChange, token))
            {
                if (changes.Count == max)
                {
                    break;
                }

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
            var created = await _docker.Containers.CreateContainerAsync(DockerTranslation.ToCreateParameters(spec), token);
            return new CreatedContainer(created.ID, [.. created.Warnings ?? []]);
        }, cancellationToken);

    public Task StartContainerAsync(string id, CancellationToken cancellationToken) =>
        // Networks, mounts and the runtime take part in it: more than a call that answers at once.
        WithinAsync(_callTimeout * 6, token => _docker.Containers.StartContainerAsync(id, null, token), cancellationToken);

    public Task StopContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken) =>
        PostWithGraceAsync("stop", id, grace, cancellationToken);

    public Task RestartContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken) =>
        PostWithGraceAsync("restart", id, grace, cancellationToken);

    public Task RemoveContainerAsync(string id, bool force, bool volumes, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout * 6, async token =>
        {
            try
            {
                await _docker.Containers.RemoveContainerAsync(
                    id, new ContainerRemoveParameters { Force = force, RemoveVolumes = volumes }, token);
            }
            catch (EngineException e) when (EngineErrors.IsRemovalInProgress(e))
            {
                // Another caller was first; it goes all the same.
            }
        }, cancellationToken);

    /// <summary>What a container's own grace may be where the call names none (moby's default is 10 s).</summary>
    private static readonly TimeSpan MaxDefaultGrace = TimeSpan.FromMinutes(5);

    /// <summary>By hand: the typed library leaves out a grace of 0, and the engine then waits its default.</summary>
    private Task PostWithGraceAsync(string action, string id, TimeSpan? grace, CancellationToken cancellationToken)
    {
        var query = grace is { } g ? string.Create(CultureInfo.InvariantCulture, $"?t={(int)g.TotalSeconds}") : "";
        return WithinAsync(_callTimeout + (grace ?? MaxDefaultGrace), async token =>
        {
            using var response = await _http.PostAsync($"containers/{id}/{action}{query}", null, token);
        }, cancellationToken);
    }
}
