using System.Runtime.CompilerServices;
using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Api.Idempotency;

/// <summary>A running request with a key. Its endpoint keeps the answer; without one, the key is free again.</summary>
internal sealed class IdempotentRequest(IdempotencyKeys keys, IdempotencyKey key, string request, DigestStream body, TimeProvider time)
{
    /// <param name="status">0 for a build.</param>
    public Task KeepAsync(int status, string? contentType, string? location, string content) =>
        keys.KeepAsync(key, new KeptAnswer(request, body.Digest, time.GetUtcNow(), status, contentType, location, content));
}

/// <summary>Metadata of an endpoint that takes keys: how a kept answer is given again.</summary>
internal class IdempotentEndpoint
{
    /// <summary>The path that stands for all paths of the endpoint; null for that of the request.</summary>
    public virtual string? CanonicalPath => null;

    /// <summary>Maximum size of a body; null for the server's limit.</summary>
    public virtual long? MaxBodyBytes(HttpContext http) => null;

    /// <summary>Whether the answer can still be given.</summary>
    public virtual bool Exists(HttpContext http, KeptAnswer answer) => true;

    public virtual IResult Replay(HttpContext http, KeptAnswer answer) => new Replayed(answer);

    private sealed class Replayed(KeptAnswer answer) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            if (answer.Location is null)
            {
                response.SetStream(answer.ContentType!);
            }
            else
            {
                response.ContentType = answer.ContentType;
                response.Headers.Location = answer.Location;
            }

            response.StatusCode = answer.Status;
            return response.WriteAsync(answer.Content, httpContext.RequestAborted);
        }
    }
}

internal static class IdempotentRequestExtensions
{
    /// <summary>Lets requests to an endpoint be repeated with <c>Idempotency-Key</c>.</summary>
    public static RouteHandlerBuilder WithIdempotency(this RouteHandlerBuilder builder, IdempotentEndpoint? endpoint = null) => builder
        .WithMetadata(endpoint ?? new IdempotentEndpoint())
        .CanFailWith(ErrorCode.IdempotencyKeyInUse, ErrorCode.IdempotencyKeyReused);

    /// <summary>Returns a 201, and keeps it if the request has a key.</summary>
    public static async Task<Created<T>> CreatedAsync<T>(this HttpContext http, string location, T value)
    {
        if (http.Features.Get<IdempotentRequest>() is { } request)
        {
            await request.KeepAsync(
                StatusCodes.Status201Created, MediaTypes.Json + "; charset=utf-8", location, JsonSerializer.Serialize(value, WireJson.Options));
        }

        return TypedResults.Created(location, value);
    }

    /// <summary>Keeps events of a stream that succeeds, if the request has a key.</summary>
    /// <param name="isKept">Whether an event is repeated.</param>
    /// <param name="succeeds">Whether an event is the result of a success.</param>
    public static async IAsyncEnumerable<T> KeepAsync<T>(
        this IAsyncEnumerable<T> events, HttpContext http, StreamFormat format, Func<T, bool> isKept, Func<T, bool> succeeds,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : StreamEvent
    {
        var request = http.Features.Get<IdempotentRequest>();
        var content = new StringBuilder();
        await foreach (var happened in events.WithCancellation(cancellationToken))
        {
            if (request is not null && isKept(happened))
            {
                var line = JsonLines.Serialize(happened);
                content.Append(Encoding.UTF8.GetString(format == StreamFormat.Sse ? ServerSentEvents.FromLines(line).Span : line));
                if (succeeds(happened))
                {
                    var contentType = format == StreamFormat.Sse ? MediaTypes.EventStream : MediaTypes.Ndjson;
                    await request.KeepAsync(StatusCodes.Status200OK, contentType, null, content.ToString());
                }
            }

            yield return happened;
        }
    }
}
