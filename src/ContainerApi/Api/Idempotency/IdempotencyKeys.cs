namespace ContainerApi.Api.Idempotency;

/// <summary>A key of one caller; no caller sees the keys of another one.</summary>
/// <param name="Owner">The caller and its rights. All anonymous callers are one.</param>
internal sealed record IdempotencyKey(string Owner, string Key);

/// <summary>The answer to a request with a key. Of the request it has only digests.</summary>
/// <param name="Request">The digests of method, path, query and content type.</param>
/// <param name="Status">0 for a build, which is answered from its log.</param>
/// <param name="Content">The body of the answer; for a build, which one and in which form.</param>
internal sealed record KeptAnswer(
    string Request, BodyDigest Body, DateTimeOffset At, int Status, string? ContentType, string? Location, string Content);

/// <summary>Keeps answers across restarts. A failure to write is not reported: the answer is in memory.</summary>
internal interface IAnswerStore
{
    Task SaveAsync(IdempotencyKey key, KeptAnswer answer);

    Task DeleteAsync(IdempotencyKey key);
}

/// <summary>The keys of running requests, and the answers of those that succeeded, for 24 hours and in bounded number.</summary>
internal sealed class IdempotencyKeys(IAnswerStore store, TimeProvider time)
{
    /// <summary>Stands between the digests of a request.</summary>
    public const char Separator = ' ';

    private const int MaxPerCaller = 1000;
    private const int MaxAll = 10_000;

    /// <summary>A longer answer is not kept.</summary>
    private const int MaxContentLength = 16 * 1024;

    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();

    /// <summary>By owner and key.</summary>
    private readonly Dictionary<string, Dictionary<string, Entry>> _entries = [];
    private int _count;

    /// <param name="Answer">Null while the request runs.</param>
    private sealed record Entry(string Request, DateTimeOffset At, KeptAnswer? Answer);

    /// <summary>Adds the answers of a store.</summary>
    public void Load(IEnumerable<(IdempotencyKey Key, KeptAnswer Answer)> stored)
    {
        lock (_lock)
        {
            foreach (var (key, answer) in stored)
            {
                Set(key, new Entry(answer.Request, answer.At, answer));
            }
        }
    }

    /// <summary>Returns the kept answer; null if there is none, and the request now runs with this key until <see cref="Release"/>.</summary>
    /// <param name="exists">Whether an answer can still be given.</param>
    /// <exception cref="ApiException">The key belongs to another request, or its request runs.</exception>
    public KeptAnswer? Begin(IdempotencyKey key, string request, Func<KeptAnswer, bool> exists)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            RemoveOld(key.Owner, now - MaxAge);
            if (Find(key) is { } known && (known.Answer is null || exists(known.Answer)))
            {
                return known.Request != request ? throw Reused(DifferenceOf(known.Request, request))
                    : known.Answer ?? throw new ApiException(
                        ErrorCode.IdempotencyKeyInUse, "The request with this Idempotency-Key is still being executed. Repeat it later.")
                    {
                        RetryAfter = TimeSpan.FromSeconds(1),
                    };
            }

            Set(key, new Entry(request, now, null));
            return null;
        }
    }

    /// <param name="difference">What is not as in the first request.</param>
    public static ApiException Reused(string difference)
    {
        var belongs = $"belongs to another request: the {difference} differs.";
        return new ApiException(
            ErrorCode.IdempotencyKeyReused, $"This {ApiHeaders.IdempotencyKey} {belongs} Use a new key for a new request.",
            new Dictionary<string, string[]> { [ApiHeaders.IdempotencyKey] = [belongs] });
    }

    private static string DifferenceOf(string one, string other) =>
        one.Split(Separator).Zip(other.Split(Separator), ["method", "path", "query", "content type"])
            .FirstOrDefault(d => d.First != d.Second).Third ?? "request";

    public async Task KeepAsync(IdempotencyKey key, KeptAnswer answer)
    {
        if (answer.Content.Length > MaxContentLength)
        {
            return;
        }

        lock (_lock)
        {
            Set(key, new Entry(answer.Request, answer.At, answer));
        }

        await store.SaveAsync(key, answer);
    }

    /// <summary>Frees the key of a request that ended without an answer to keep.</summary>
    public void Release(IdempotencyKey key)
    {
        lock (_lock)
        {
            if (Find(key) is { Answer: null })
            {
                Remove(key);
            }
        }
    }

    private Entry? Find(IdempotencyKey key) => _entries.GetValueOrDefault(key.Owner)?.GetValueOrDefault(key.Key);

    /// <summary>Sets an entry. Beyond the bounds, the oldest answer of its caller, or of the caller with most, is removed.</summary>
    private void Set(IdempotencyKey key, Entry entry)
    {
        if (Find(key) is null)
        {
            if (_entries.GetValueOrDefault(key.Owner)?.Count >= MaxPerCaller)
            {
                RemoveOldest(key.Owner);
            }
            else if (_count >= MaxAll)
            {
                RemoveOldest(_entries.MaxBy(e => e.Value.Count).Key);
            }

            _count++;
        }

        (_entries.TryGetValue(key.Owner, out var keys) ? keys : _entries[key.Owner] = [])[key.Key] = entry;
    }

    private void RemoveOldest(string owner)
    {
        if (_entries[owner].Where(e => e.Value.Answer is not null).OrderBy(e => e.Value.At).Select(e => e.Key).FirstOrDefault() is { } oldest)
        {
            Remove(new IdempotencyKey(owner, oldest));
        }
    }

    private void RemoveOld(string owner, DateTimeOffset before)
    {
        var old = _entries.GetValueOrDefault(owner)?.Where(e => e.Value.Answer is not null && e.Value.At < before).Select(e => e.Key).ToList() ?? [];
        old.ForEach(key => Remove(new IdempotencyKey(owner, key)));
    }

    private void Remove(IdempotencyKey key)
    {
        if (!_entries.TryGetValue(key.Owner, out var keys) || !keys.Remove(key.Key, out var removed))
        {
            return;
        }

        _count--;
        if (keys.Count == 0)
        {
            _entries.Remove(key.Owner);
        }

        if (removed.Answer is not null)
        {
            _ = store.DeleteAsync(key);
        }
    }
}
