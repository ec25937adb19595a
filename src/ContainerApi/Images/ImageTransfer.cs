using System.Runtime.CompilerServices;
using ContainerApi.Api;

namespace ContainerApi.Images;

/// <summary>Reads the stream of a pull, a push or a load to its end and keeps the values of the result.</summary>
/// <param name="upload">The archive that is loaded; null for a pull and a push.</param>
internal sealed class ImageTransfer(IAsyncEnumerable<TransferFacts> facts, UploadedArchive? upload = null)
{
    private bool _hasStarted;

    /// <summary>The image's digest in the registry; null until the engine sends it.</summary>
    public string? Digest { get; private set; }

    /// <summary>The failure after the first line.</summary>
    public ErrorInfo? Error { get; private set; }

    public StreamOutcome State => Error is null ? StreamOutcome.Succeeded : StreamOutcome.Failed;

    /// <exception cref="EngineException">The engine failed before the first line; a later failure becomes <see cref="Error"/>.</exception>
    public async IAsyncEnumerable<TransferFacts> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var lines = facts.GetAsyncEnumerator(cancellationToken);
        while (await TryAsync(async () => await lines.MoveNextAsync()))
        {
            Digest = lines.Current.Digest ?? Digest;
            yield return lines.Current;
            _hasStarted = true;
        }
    }

    /// <summary>Runs the last step of the transfer. Returns null after a failure.</summary>
    public async Task<T?> ThenAsync<T>(Func<Task<T>> step)
        where T : class =>
        Error is null ? await TryAsync(step) : null;

    private async Task<T?> TryAsync<T>(Func<Task<T>> step)
    {
        try
        {
            return await (upload is null ? step() : upload.GuardAsync(step));
        }
        catch (ApiException e) when (_hasStarted)
        {
            Error = new ErrorInfo(e.Code.Code, e.Message);
            return default;
        }
    }
}
