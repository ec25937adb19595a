namespace ContainerApi.Errors;

/// <summary>A request failed for a reason that is reported to the caller as the problem <paramref name="code"/>.</summary>
/// <param name="detail">A sentence for the caller, without host paths and credentials.</param>
/// <param name="errors">Messages by field, if fields are to blame.</param>
internal class ApiException(ErrorCode code, string detail, IDictionary<string, string[]>? errors = null, Exception? inner = null)
    : Exception(detail, inner)
{
    public ErrorCode Code { get; } = code;

    public IDictionary<string, string[]>? Errors { get; } = errors;

    /// <summary>The parameters that can be to blame, where there are no messages by field. The first one in the request counts.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>When the caller may try again; becomes <c>Retry-After</c>.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The value of <c>WWW-Authenticate</c>: which credentials would be accepted (RFC 6750).</summary>
    public string? Challenge { get; init; }

    /// <summary>Further members of the problem.</summary>
    public Dictionary<string, object?> Extensions { get; init; } = [];
}

/// <summary>An engine call failed. The only exception that leaves <c>Engine</c>; its message contains no path and no credential.</summary>
/// <param name="engine">The name of the engine.</param>
internal sealed class EngineException(ErrorCode code, string engine, string message, Exception? inner = null)
    : ApiException(code, message, null, inner)
{
    public string Engine { get; } = engine;

    /// <summary>One failure for several engines, of which none answered: their common code, else unavailable.</summary>
    public static EngineException OfAll(IReadOnlyList<EngineException> failures) => failures.Count == 1
        ? failures[0]
        : new EngineException(
            failures.All(f => f.Code == failures[0].Code) ? failures[0].Code : ErrorCode.EngineUnavailable,
            string.Join(", ", failures.Select(f => f.Engine)),
            "No engine answered. " + string.Join(" ", failures.Select(f => $"{f.Engine}: {f.Message}")),
            failures[0]);
}
