using System.Runtime.CompilerServices;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Pushes an image and reports its progress; ends with exactly one <see cref="PushResult"/>.</summary>
internal sealed partial class ImagePush(EngineDirectory engines, TimeProvider time, ILogger<ImagePush> logger)
{
    /// <exception cref="EngineException">There is no such image, or the engine refused before it said anything; a later failure is in the
    /// result.</exception>
    public async IAsyncEnumerable<PushEvent> RunAsync(PushRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        var engine = engines.Get(request.Engine is null ? null : new EngineName(request.Engine));
        var reference = ImageName.TryParse(request.Image, out var parsed)
            ? parsed
            : throw new ArgumentException("The reference is validated before it comes here.", nameof(request));
        // The engine names the registry before it looks for the image, so a name that is none would be a failure in mid-stream.
        await engine.InspectImageAsync(reference.ToNameOrId(), cancellationToken);
        var transfer = new ImageTransfer(engine.PushImageAsync(reference, request.RegistryAuth?.ToCredentials(), cancellationToken));
        await foreach (var fact in transfer.ReadAsync(cancellationToken))
        {
            yield return new PushProgress(fact.Layer, fact.Status, fact.Current, fact.Total);
        }

        var error = transfer.Error;
        if (error is not null)
        {
            Log.Failed(logger, reference.ToString(), engine.Name, error.Code, error.Message);
        }

        yield return new PushResult(
            error is null ? "succeeded" : "failed", reference.ToString(), error is null ? transfer.Digest : null,
            (long)time.GetElapsedTime(begun).TotalMilliseconds, error);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Push of {Image} from {Engine} failed: {Code}: {Reason}")]
        public static partial void Failed(ILogger logger, string image, string engine, string code, string reason);
    }
}
