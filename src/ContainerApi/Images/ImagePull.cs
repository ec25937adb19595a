using System.Runtime.CompilerServices;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Pulls an image and reports its progress; ends with exactly one <see cref="PullResult"/>.</summary>
internal sealed partial class ImagePull(EngineDirectory engines, TimeProvider time, ILogger<ImagePull> logger)
{
    /// <exception cref="EngineException">The engine refused before it said anything; a later failure is in the result.</exception>
    public async IAsyncEnumerable<PullEvent> RunAsync(PullRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        var engine = engines.Get(request.Engine is null ? null : new EngineName(request.Engine));
        var reference = ImageReference.TryParse(request.Image, out var parsed)
            ? parsed
            : throw new ArgumentException("The reference is validated before it comes here.", nameof(request));
        var transfer = new ImageTransfer(
            engine.PullImageAsync(reference, request.Platform, request.RegistryAuth?.ToCredentials(), cancellationToken));
        await foreach (var fact in transfer.ReadAsync(cancellationToken))
        {
            yield return new PullProgress(fact.Layer, fact.Status, fact.Current, fact.Total);
        }

        var image = await transfer.ThenAsync(async () =>
        {
            var found = await engine.InspectImageAsync(reference.ToNameOrId(), cancellationToken);
            return OtherPlatform(engine.Name, request.Platform, found) is { } other ? throw other : found;
        });
        var error = transfer.Error;
        if (error is not null)
        {
            Log.Failed(logger, reference.ToString(), engine.Name, error.Code, error.Message);
        }

        yield return new PullResult(
            error is null ? "succeeded" : "failed", reference.ToString(), error is null ? image?.Summary.Id : null, error is null ? transfer.Digest ?? reference.Digest : null,
            (long)time.GetElapsedTime(begun).TotalMilliseconds, error);
    }

    /// <summary>
    /// Returns an error if the image has another platform than requested. Engines that keep one platform per name take the
    /// available one, or keep the present one, and only warn.
    /// </summary>
    private static EngineException? OtherPlatform(string engine, string? wanted, ImageDetails image)
    {
        if (wanted?.ToLowerInvariant().Split('/') is not [var os, ..] parts
            || (Same(os, image.Os) && (parts.Length == 1 || Same(Architecture(parts[1]), image.Architecture))))
        {
            return null;
        }

        return new EngineException(ErrorCode.ImageNotFound, engine, $"The image is for {image.Os}/{image.Architecture}, not for {wanted}.");
    }

    /// <summary>Whether they are the same, as far as the image says what it is.</summary>
    private static bool Same(string wanted, string? actual) => actual is null || wanted.Equals(actual, StringComparison.OrdinalIgnoreCase);

    /// <summary>Other names of architectures, as the engine reads them (containerd <c>platforms</c>).</summary>
    private static string Architecture(string name) => name switch
    {
        "x86_64" or "x86-64" => "amd64",
        "aarch64" => "arm64",
        "i386" => "386",
        "armhf" or "armel" => "arm",
        _ => name,
    };

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Pull of {Image} on {Engine} failed: {Code}: {Reason}")]
        public static partial void Failed(ILogger logger, string image, string engine, string code, string reason);
    }
}
