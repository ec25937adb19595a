using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>The engine walks the files of all containers and volumes.</summary>
    private static readonly TimeSpan DiskTimeout = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan DiskRetryInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _diskLock = new();

    /// <summary>The calculations that have not begun, which calls may join: with images or without.</summary>
    private readonly Dictionary<bool, Task<DiskFacts>> _waitingDisk = [];
    private Task _lastDisk = Task.CompletedTask;

    /// <summary>
    /// One calculation runs at a time; engines before 23.0 refuse a second one. All calls that arrive meanwhile share the next one. A caller
    /// that leaves does not end it, because the engine would go on with it.
    /// </summary>
    public Task<DiskFacts> ReadDiskAsync(bool withImages, CancellationToken cancellationToken)
    {
        lock (_diskLock)
        {
            if (!_waitingDisk.TryGetValue(withImages, out var reading))
            {
                _lastDisk = _waitingDisk[withImages] = reading = ReadDiskAfterAsync(_lastDisk, withImages);
                // All callers may leave.
                _ = reading.ContinueWith(r => r.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }

            return reading.WaitAsync(cancellationToken);
        }
    }

    private async Task<DiskFacts> ReadDiskAfterAsync(Task previous, bool withImages)
    {
        // Not within the lock of the caller.
        await Task.Yield();
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_diskLock)
        {
            _waitingDisk.Remove(withImages);
        }

        var path = withImages ? "system/df?type=image&verbose=1" : "system/df";
        return await WithinAsync(DiskTimeout, async token =>
        {
            while (true)
            {
                try
                {
                    return DiskTranslation.ToDisk(await GetAsync(path, DiskWire.Default.WireDisk, _maxAnswerBytes, token));
                }
                catch (EngineException e) when (e.Message.Contains("disk usage operation is already running", StringComparison.Ordinal))
                {
                    // Another client's.
                    await Task.Delay(DiskRetryInterval, token);
                }
            }
        }, _closing.Token);
    }

    public Task<string> ReadRegistryDigestAsync(ImageReference image, RegistryCredentials? credentials, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"distribution/{image}/json");
            if (credentials is not null)
            {
                request.Headers.Add(ApiHeaders.RegistryAuth, RegistryHeaders.ToAuth(credentials));
            }

            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
            var found = await ReadAsync(response, DiskWire.Default.WireDistribution, token);
            return found.Descriptor?.Digest ?? throw new JsonException("The engine returned no digest.");
        }, cancellationToken);

    public Task<PrunedImages> PruneImagesAsync(ImagePruneFilter filter, CancellationToken cancellationToken) =>
        WithinAsync(TransferTimeout, async token =>
        {
            var filters = new Dictionary<string, IReadOnlyList<string>> { ["dangling"] = [filter.Dangling ? "true" : "false"] };
            if (filter.Before is { } before)
            {
                filters["until"] = [before.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)];
            }

            if (filter.Labels.Count > 0)
            {
                filters["label"] = filter.Labels;
            }

            var json = JsonSerializer.Serialize(filters, EngineWire.Default.IReadOnlyDictionaryStringIReadOnlyListString);
            using var pruning = _classicBuilds.BeginPrune() ?? throw new EngineException(
                ErrorCode.BuildRunning, Name, "A build with the classic builder runs, and its intermediate images are unused: try again after it.");
            using var response = await _http.PostAsync(ToPath("images/prune", [("filters", json)]), null, token);
            return DiskTranslation.ToPruned(await ReadAsync(response, DiskWire.Default.WirePrune, token));
        }, cancellationToken);
}
