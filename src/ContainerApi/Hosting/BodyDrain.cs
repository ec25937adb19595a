using System.Buffers;
using ContainerApi.Api.Requests;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Hosting;

/// <summary>
/// Reads what is left of a request's body after the response, and drops it. Clients that read only after they have sent everything
/// (.NET's HttpClient, Python's http.client) would otherwise get a broken pipe in place of the response. HTTP/2 needs no drain.
/// </summary>
internal static class BodyDrain
{
    /// <summary>As long as an idle connection may stay open, roughly.</summary>
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(1);

    private const int BufferBytes = 64 * 1024;

    public static void UseBodyDrain(this WebApplication app)
    {
        var (time, stopping) = (app.Services.GetRequiredService<TimeProvider>(), app.Lifetime.ApplicationStopping);
        app.Use(async (http, next) =>
        {
            var body = http.Request.Body;
            await next(http);
            if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true } || HttpProtocol.IsHttp2(http.Request.Protocol)
                || http.RequestAborted.IsCancellationRequested || http.Response.StatusCode == StatusCodes.Status408RequestTimeout)
            {
                return;
            }

            await http.Response.CompleteAsync();
            RequestBodies.Limit(http, 0);
            using var timeout = new CancellationTokenSource(DrainTimeout, time);
            // A body that has arrived must not be taken for an unfinished one: the client may not have read the response yet.
            using var stop = stopping.Register(() => timeout.CancelAfter(StopTimeout));
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted);
            if (!await DrainAsync(body, ended.Token))
            {
                http.Features.Get<IConnectionLifetimeFeature>()?.Abort();
            }
        });
    }

    /// <summary>Returns whether the body ended within the limits.</summary>
    private static async Task<bool> DrainAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (long drained = 0; drained <= RequestBodies.MaxDrainedBytes;)
            {
                var read = await body.ReadAsync(buffer, cancellationToken);
                if (read == 0)
                {
                    return true;
                }

                drained += read;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client left, is too slow, or sends more than the limit.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return false;
    }
}
