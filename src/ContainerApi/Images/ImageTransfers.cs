using System.Runtime.CompilerServices;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Pulls and pushes images. A stream reports progress and ends with exactly one result.</summary>
internal sealed partial class ImageTransfers(EngineDirectory engines, TimeProvider time, ILogger<ImageTransfers> logger)
{
    /// <exception cref="EngineException">The engine failed before the first line; a later failure is in the result.</exception>
    public async IAsyncEnumerable<TransferEvent> PullAsync(PullRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var engine = engines.ForWrite(request.Engine);
        var transfer = new ImageTransfer(engine.PullImageAsync(request.Image, request.Platform, request.Auth.Credentials, cancellationToken));
        await foreach (var fact in transfer.ReadAsync(cancellationToken))
        {
            yield return new TransferProgress(fact.Layer, fact.Status, fact.Current, fact.Total);
        }

        var image = await transfer.ThenAsync(async () =>
        {
            var found = await engine.InspectImageAsync(request.Image.ToNameOrId(), cancellationToken);
            return ImagePlatform.Matches(request.Platform, found) ? found
                : throw new EngineException(
                    ErrorCode.ImageNotFound, engine.Name, $"The image is for {found.Os}/{found.Architecture}, not for {request.Platform}.")
                {
                    Fields = ["platform"],
                };
        });
        if (transfer.Error is { } error)
        {
            Log.PullFailed(logger, request.Image.ToString(), engine.Name, error.Code, error.Message);
        }

        var digest = image is null ? null : transfer.Digest ?? request.Image.Digest;
        yield return new TransferResult(
            transfer.State, engine.Name, request.Image.ToString(), image?.Summary.Id, digest, ElapsedMs(started), transfer.Error);
    }

    /// <exception cref="EngineException">No such image, or the engine failed before the first line; a later failure is in the result.</exception>
    public async IAsyncEnumerable<TransferEvent> PushAsync(PushRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var engine = engines.ForWrite(request.Engine);
        // The engine sends a line before it looks for the image, so a missing image would be a failure in the middle of the stream.
        var image = await engine.InspectImageAsync(request.Image.ToNameOrId(), cancellationToken);
        var transfer = new ImageTransfer(engine.PushImageAsync(request.Image, request.Auth.Credentials, cancellationToken));
        await foreach (var fact in transfer.ReadAsync(cancellationToken))
        {
            yield return new TransferProgress(fact.Layer, fact.Status, fact.Current, fact.Total);
        }

        if (transfer.Error is { } error)
        {
            Log.PushFailed(logger, request.Image.ToString(), engine.Name, error.Code, error.Message);
        }

        var digest = transfer.Error is null ? transfer.Digest : null;
        yield return new TransferResult(
            transfer.State, engine.Name, request.Image.ToString(), image.Summary.Id, digest, ElapsedMs(started), transfer.Error);
    }

    private long ElapsedMs(long started) => (long)time.GetElapsedTime(started).TotalMilliseconds;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Pull of {Image} on {Engine} failed: {Code}: {Reason}")]
        public static partial void PullFailed(ILogger logger, string image, string engine, string code, string reason);

        [LoggerMessage(2, LogLevel.Warning, "Push of {Image} from {Engine} failed: {Code}: {Reason}")]
        public static partial void PushFailed(ILogger logger, string image, string engine, string code, string reason);
    }
}

/// <summary>
/// Compares the platform of a pulled image with the requested one. Engines that keep one platform for each name pull the available
/// one, or keep the present one, and only warn.
/// </summary>
internal static class ImagePlatform
{
    public const string Pattern = "[a-z0-9_]{1,32}(?:/[A-Za-z0-9_.-]{1,32}){0,2}";
    public const string Expected = "must be os[/architecture[/variant]], as in linux/arm64/v8.";

    public static bool Matches(string? requested, ImageDetails image) =>
        requested?.ToLowerInvariant().Split('/') is not [var os, .. var rest]
        || (IsSame(os, image.Os) && (rest.Length == 0 || IsSame(Architecture(rest[0]), image.Architecture)));

    /// <summary>An image that does not say its platform matches.</summary>
    private static bool IsSame(string requested, string? actual) => actual is null || requested.Equals(actual, StringComparison.OrdinalIgnoreCase);

    /// <summary>Normalizes an architecture as the engine does (containerd <c>platforms</c>).</summary>
    private static string Architecture(string name) => name switch
    {
        "x86_64" or "x86-64" => "amd64",
        "aarch64" => "arm64",
        "i386" => "386",
        "armhf" or "armel" => "arm",
        _ => name,
    };
}
