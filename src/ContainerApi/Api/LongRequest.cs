namespace ContainerApi.Api;

/// <summary>Says that a request to an endpoint may last: a stream, a transfer, what the engine takes its time for. It has limits of its
/// own.</summary>
internal sealed class LongRequest
{
    /// <summary>The name of the deadline that these have.</summary>
    public const string Deadline = "long";

    public static readonly LongRequest Mark = new();
}

/// <summary>How long a stream without an end of its own may be open.</summary>
internal sealed record StreamTimeout(TimeSpan After);

internal static class LongRequestExtensions
{
    /// <summary>A request that lasts, and is cut at the deadline of those.</summary>
    public static RouteHandlerBuilder WithLongTimeout(this RouteHandlerBuilder builder)
    {
        builder.WithRequestTimeout(LongRequest.Deadline);
        return builder.WithMetadata(LongRequest.Mark);
    }

    /// <summary>A request that lasts and knows its end by itself: cut, it could not say its last line.</summary>
    public static RouteHandlerBuilder WithStreamLimits(this RouteHandlerBuilder builder)
    {
        builder.DisableRequestTimeout();
        return builder.WithMetadata(LongRequest.Mark);
    }
}
