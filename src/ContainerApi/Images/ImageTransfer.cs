using System.Runtime.CompilerServices;

namespace ContainerApi.Images;

/// <summary>Reads a pull or a push to its end, and keeps what its result line needs.</summary>
internal sealed class ImageTransfer(IAsyncEnumerable<TransferFacts> facts)
{
    private bool _told;

    /// <summary>What the registry calls the image, once the engine has said it.</summary>
    public string? Digest { get; private set; }

    /// <summary>Why it failed after its first line, else null.</summary>
    public EngineException? Failure { get; private set; }

    /// <summary>The failure as a result line shows it.</summary>
    public TransferError? Error => Failure is null ? null : new TransferError(Failure.Code.Code, Failure.Message);

    /// <exception cref="EngineException">The engine refused before it said anything; a later failure is kept.</exception>
    public async IAsyncEnumerable<TransferFacts> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var lines = facts.GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(lines))
        {
            Digest = lines.Current.Digest ?? Digest;
            yield return lines.Current;
            _told = true;
        }
    }

    /// <summary>A last step on the engine that can fail as the transfer itself can; null where something failed.</summary>
    public async Task<T?> ThenAsync<T>(Func<Task<T>> step)
        where T : class
    {
        if (Failure is not null)
        {
            return null;
        }

        try
        {
            return await step();
        }
        catch (EngineException e) when (_told)
        {
            Failure = e;
            return null;
        }
    }

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<TransferFacts> lines)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (EngineException e) when (_told)
        {
            Failure = e;
            return false;
        }
    }
}
