using System.Security.Cryptography;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Idempotency;
using ContainerApi.Api.Requests;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Hosting;

/// <summary>
/// Answers a repeated request with the answer to the first one: same caller, same <c>Idempotency-Key</c>, same method, path, query,
/// content type and body, in which the boundary of a form does not count. A key of a request that created nothing is free again.
/// </summary>
internal static class Idempotency
{
    private const int MaxLength = 255;

    public static void UseIdempotency(this WebApplication app)
    {
        var (keys, time) = (app.Services.GetRequiredService<IdempotencyKeys>(), app.Services.GetRequiredService<TimeProvider>());
        app.Use(async (http, next) =>
        {
            if (http.GetEndpoint()?.Metadata.GetMetadata<IdempotentEndpoint>() is not { } endpoint
                || http.Request.Headers[ApiHeaders.IdempotencyKey] is not { Count: > 0 } values)
            {
                await next(http);
                return;
            }

            var key = new IdempotencyKey(OwnerOf(http.GetCaller() ?? Caller.Anonymous), Parse(values.ToString()));
            var (type, boundary) = TypeOf(http.Request);
            var request = DigestOf(http.Request, endpoint.CanonicalPath ?? http.Request.Path, type);
            if (keys.Begin(key, request, answer => endpoint.Exists(http, answer)) is { } kept)
            {
                await ReplayAsync(http, endpoint, kept, boundary);
                return;
            }

            try
            {
                var body = new DigestStream(http.Request.Body, boundary);
                http.Request.Body = body;
                http.Features.Set(new IdempotentRequest(keys, key, request, body, time));
                await next(http);
            }
            finally
            {
                keys.Release(key);
            }
        });
    }

    private static async Task ReplayAsync(HttpContext http, IdempotentEndpoint endpoint, KeptAnswer kept, string? boundary)
    {
        if (endpoint.MaxBodyBytes(http) is { } max)
        {
            RequestBodies.Limit(http, max);
        }

        if (!await DigestStream.MatchesAsync(http.Request.Body, boundary, kept.Body, http.RequestAborted))
        {
            throw IdempotencyKeys.Reused("body");
        }

        // A problem clears the headers that are set before the response starts.
        http.Response.OnStarting(() =>
        {
            http.Response.Headers[ApiHeaders.IdempotencyReplayed] = "true";
            return Task.CompletedTask;
        });
        http.SetOutcome("replayed");
        await endpoint.Replay(http, kept).ExecuteAsync(http);
    }

    private static string Parse(string key) =>
        key.Length is > 0 and <= MaxLength && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new ApiException(
                ErrorCode.InvalidRequest, $"{ApiHeaders.IdempotencyKey} must have 1 to {MaxLength} visible ASCII characters.",
                new Dictionary<string, string[]> { [ApiHeaders.IdempotencyKey] = [$"must have 1 to {MaxLength} visible ASCII characters."] });

    /// <summary>The caller with its present rights: an answer that was given with other rights is not repeated.</summary>
    private static string OwnerOf(Caller caller) =>
        JsonSerializer.Serialize<string?[]>([caller.Owner, caller.Visibility.Key, .. caller.Scopes.Order(StringComparer.Ordinal)]);

    /// <summary>The content type without a form's boundary, and the boundary.</summary>
    private static (string? Type, string? Boundary) TypeOf(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.Type.Equals("multipart", StringComparison.OrdinalIgnoreCase) || type.Boundary.Length == 0)
        {
            return (request.ContentType, null);
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        type.Boundary = null;
        return (type.ToString(), boundary);
    }

    private static string DigestOf(HttpRequest request, string path, string? type) => string.Join(
        IdempotencyKeys.Separator, new[] { request.Method, path, request.QueryString.Value, type }.Select(DigestOf));

    private static string DigestOf(string? text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text ?? "")));
}
