using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>The engine walks the files of all containers and volumes.</summary>
    private static readonly TimeSpan DiskTimeout = TimeSpan.FromMinutes(30);

    /// <summary>Engines before 23.0 refuse a second calculation while one runs.</summary>
    private readonly SemaphoreSlim _diskUsage = new(1, 1);

    public Task<DiskFacts> ReadDiskAsync(bool withImages, CancellationToken cancellationToken) => WithinAsync(DiskTimeout, async token =>
    {
        await _diskUsage.WaitAsync(token);
        try
        {
            var path = withImages ? "system/df?type=image&verbose=1" : "system/df";
            return DiskTranslation.ToDisk(await GetAsync(path, DiskWire.Default.WireDisk, _maxAnswerBytes, token));
        }
        finally
        {
            _diskUsage.Release();
        }
    }, cancellationToken);

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
            using var response = await _http.PostAsync(ToPath("images/prune", [("filters", json)]), null, token);
            return DiskTranslation.ToPruned(await ReadAsync(response, DiskWire.Default.WirePrune, token));
        }, cancellationToken);
}
