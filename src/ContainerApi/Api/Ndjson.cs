using System.Text.Json;

namespace ContainerApi.Api;

/// <summary>
/// Writes a stream as <c>application/x-ndjson</c>: one object per line, flushed as it comes. The first item is awaited
/// before the status is set, so a failure before it keeps its own status.
/// </summary>
/// <param name="failure">What the log says of a stream with this item, where it is one that tells of a failure; else null.</param>
internal sealed class NdjsonResult<T>(IAsyncEnumerable<T> items, Func<T, string?>? failure = null) : IResult
{
    private static readonly byte[] NewLine = [(byte)'\n'];

    public async Task ExecuteAsync(HttpContext context)
    {
        await using var source = items.GetAsyncEnumerator(context.RequestAborted);
        if (!await source.MoveNextAsync())
        {
            throw new InvalidOperationException("A stream ends with a result line; this one had none.");
        }

        var response = context.Response;
        response.SetStream(MediaTypes.Ndjson);
        do
        {
            if (failure?.Invoke(source.Current) is { } failed)
            {
                context.SetOutcome(failed);
            }

            await JsonSerializer.SerializeAsync(response.Body, source.Current, WireJson.Options, context.RequestAborted);
            await response.Body.WriteAsync(NewLine, context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
        }
        while (await source.MoveNextAsync());
    }
}

internal static class StreamedAnswers
{
    /// <summary>An answer that is to be read as it comes.</summary>
    public static void SetStream(this HttpResponse response, string contentType)
    {
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-store";
        // Nginx buffers answers unless told not to; a log that arrives at the end is no log.
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
    public const string Problem = "application/problem+json";
}
