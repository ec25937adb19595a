using ContainerApi.Engine;
using Microsoft.Extensions.Caching.Memory;

namespace ContainerApi.Images;

/// <summary>Whether the registry of a name has another image than the engine.</summary>
/// <param name="Tag">The name.</param>
/// <param name="State"><c>ok</c>; <c>local</c> for a name that was neither pulled nor pushed; <c>timeout</c> or <c>error</c>.</param>
/// <param name="Reason">Why <c>available</c> is unknown; null where it is known.</param>
/// <param name="Available">Whether the registry's image is another one than the engine's; null if unknown.</param>
/// <param name="Digest">The digest in the registry, <c>sha256:…</c>; null if unknown.</param>
/// <param name="CheckedAt">When the registry was asked, up to five minutes ago; null if it was not.</param>
public sealed record ImageUpdate(string Tag, string State, string? Reason, bool? Available, string? Digest, DateTimeOffset? CheckedAt);

/// <summary>Compares the digests of images with those of their registries, which the engine asks. Answers are kept for a while.</summary>
internal sealed class ImageUpdates(TimeProvider time) : IDisposable
{
    private const int MaxKept = 10_000;
    private const int MaxConcurrent = 8;

    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(10);

    /// <summary>For all checks of a request: the rest of a long list is not checked.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _running = new(MaxConcurrent, MaxConcurrent);
    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MaxKept });

    /// <summary>The answer of a registry depends on the credentials. The record of the key prints none.</summary>
    private sealed record Key(string Engine, string Tag, RegistryCredentials? Credentials);

    /// <summary>Returns the images with their updates, in the same order.</summary>
    /// <param name="credentials">Used for the registries that they name; those that name none, for <paramref name="single"/>.</param>
    /// <param name="single">Whether the request is for one image.</param>
    public async Task<IReadOnlyList<T>> AddToAsync<T>(
        IReadOnlyList<T> images, EngineDirectory engines, IReadOnlyList<RegistryCredentials> credentials, bool single,
        CancellationToken cancellationToken)
        where T : ImageSummary
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(RequestTimeout);
        return await Task.WhenAll(images.Select(async image =>
        {
            var engine = engines.Get(new EngineName(image.Engine));
            var updates = await Task.WhenAll(image.Tags.Select(tag => CheckAsync(engine, image, tag, limited.Token, cancellationToken)));
            return image with { Updates = updates };
        }));

        RegistryCredentials? For(ImageReference reference) => credentials.FirstOrDefault(
            c => c.ServerAddress is null ? single : c.AreFor(reference.Registry));

        async Task<ImageUpdate> CheckAsync(
            IEngine engine, ImageSummary image, string tag, CancellationToken token, CancellationToken caller)
        {
            if (!ImageReference.TryParse(tag, out var reference) || LocalDigests(image, reference) is not { Count: > 0 } local)
            {
                return new ImageUpdate(tag, "local", "The name was neither pulled from nor pushed to a registry.", null, null, null);
            }

            try
            {
                var (digest, at) = await FindAsync(engine, new Key(engine.Name, tag, For(reference)), reference, token);
                return new ImageUpdate(tag, EngineStates.Ok, null, !local.Contains(digest), digest, at);
            }
            catch (EngineException e)
            {
                return new ImageUpdate(tag, EngineStates.Error, e.Message, null, null, time.GetUtcNow());
            }
            catch (OperationCanceledException) when (!caller.IsCancellationRequested)
            {
                return new ImageUpdate(tag, EngineStates.Timeout, "The registry did not answer in time.", null, null, time.GetUtcNow());
            }
        }
    }

    public void Dispose()
    {
        _kept.Dispose();
        _running.Dispose();
    }

    /// <summary>The digests by which the registry of a name knew the image.</summary>
    private static List<string> LocalDigests(ImageSummary image, ImageReference reference) =>
    [
        .. image.Digests.Select(d => ImageReference.TryParse(d, out var parsed) && parsed.Repository == reference.Repository ? parsed.Digest : null)
            .OfType<string>(),
    ];

    private async Task<(string Digest, DateTimeOffset At)> FindAsync(
        IEngine engine, Key key, ImageReference reference, CancellationToken cancellationToken)
    {
        if (_kept.TryGetValue<(string Digest, DateTimeOffset At)>(key, out var kept))
        {
            return kept;
        }

        await _running.WaitAsync(cancellationToken);
        try
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limited.CancelAfter(CheckTimeout);
            var found = (await engine.ReadRegistryDigestAsync(reference, key.Credentials, limited.Token), time.GetUtcNow());
            _kept.Set(key, found, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = MaxAge, Size = 1 });
            return found;
        }
        finally
        {
            _running.Release();
        }
    }
}
