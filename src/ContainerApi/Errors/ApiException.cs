namespace ContainerApi.Errors;

/// <summary>A request that cannot be met for a reason on the caller's side; becomes the problem it names.</summary>
/// <param name="detail">A sentence for the caller: no host path, no credential.</param>
/// <param name="errors">Messages by field, where fields are to blame.</param>
internal sealed class ApiException(
    ErrorCode code, string detail, IDictionary<string, string[]>? errors = null, Exception? inner = null)
    : Exception(detail, inner)
{
    public ErrorCode Code { get; } = code;

    public IDictionary<string, string[]>? Errors { get; } = errors;

    /// <summary>When to ask again; becomes <c>Retry-After</c>.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Further members of the problem.</summary>
    public IReadOnlyDictionary<string, object?> Extensions { get; init; } = new Dictionary<string, object?>();
}
