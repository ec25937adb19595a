using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ContainerApi.Api;

/// <summary>
/// Writes a stream item by item, each flushed as it comes, with heartbeats after silence. The first item is awaited before the status
/// is sent, so that a failure before it keeps its own status.
/// </summary>
internal sealed class StreamResult<T>(IAsyncEnumerable<T> items, StreamFormat format) : IResult, IContentTypeHttpResult
{
    public string ContentType => format switch
    {
        StreamFormat.Sse => MediaTypes.EventStream,
        StreamFormat.Text => MediaTypes.Text + "; charset=utf-8",
        _ => MediaTypes.Ndjson,
    };

    /// <summary>Converts an item to JSON lines, or to the text of a text stream. One JSON line by default.</summary>
    public Func<T, ReadOnlyMemory<byte>> Lines { get; init; } = item => JsonLines.Serialize(item);

    public Heartbeat<T>? Heartbeat { get; init; }

    /// <summary>Returns the outcome for the request log when an item reports a failure, else null.</summary>
    public Func<T, string?>? Outcome { get; init; }

    /// <summary>How long a client may stop reading. It replaces the server's minimum data rate, which a paused terminal would violate.</summary>
    public TimeSpan? WriteTimeout { get; init; }

    /// <summary>Whether the status is sent before the first item.</summary>
    public bool StartsAtOnce { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var stream = Heartbeat is null ? items : items.WithHeartbeats(Heartbeat, httpContext.RequestAborted);
        await using var source = stream.GetAsyncEnumerator(httpContext.RequestAborted);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted);
        if (WriteTimeout is not null && httpContext.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        var response = httpContext.Response;
        if (StartsAtOnce)
        {
            response.SetStream(ContentType);
            // A flush also sends the headers through a test server, which StartAsync does not.
            await response.Body.FlushAsync(writing.Token);
        }

        while (await source.MoveNextAsync())
        {
            if (!response.HasStarted)
            {
                response.SetStream(ContentType);
            }

            await WriteAsync(httpContext, source.Current, writing);
        }
    }

    private async Task WriteAsync(HttpContext context, T item, CancellationTokenSource writing)
    {
        if (Outcome?.Invoke(item) is { } outcome)
        {
            context.SetOutcome(outcome);
        }

        writing.CancelAfter(WriteTimeout ?? Timeout.InfiniteTimeSpan);
        var lines = Lines(item);
        await context.Response.Body.WriteAsync(format == StreamFormat.Sse ? ServerSentEvents.FromLines(lines.Span) : lines, writing.Token);
        await context.Response.Body.FlushAsync(writing.Token);
        writing.CancelAfter(Timeout.InfiniteTimeSpan);
    }
}

internal static class JsonLines
{
    /// <summary>Serializes a value as one line, with the line break.</summary>
    public static byte[] Serialize<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, WireJson.Options), (byte)'\n'];

    /// <summary>Prepares a response that the client reads as it is written.</summary>
    public static void SetStream(this HttpResponse response, string contentType)
    {
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-store";
        // Without it, nginx buffers the response.
        response.Headers["X-Accel-Buffering"] = "no";
    }
}

/// <summary>The media types that this service writes and reads beside plain JSON.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";
    public const string Ndjson = "application/x-ndjson";
    public const string EventStream = "text/event-stream";
    public const string Text = "text/plain";
    public const string Csv = "text/csv";
    public const string Tar = "application/x-tar";
    public const string Form = "multipart/form-data";
    public const string Markdown = "text/markdown; charset=utf-8";
    public const string Problem = "application/problem+json";
}
