using ContainerApi.Access;
using ContainerApi.Api;

namespace ContainerApi.Hosting;

/// <summary>
/// Ends a stream when the access of its caller ends: the key or token expires, the key is removed or loses a right, or anonymous requests
/// are no longer accepted. The connection is cut, so that no client takes the end for a complete answer.
/// </summary>
internal sealed partial class StreamAccess(SecuritySettings settings, TimeProvider time, ILogger<StreamAccess> logger)
{
    /// <summary>The longest delay of a timer is 49 days; the access is checked again then.</summary>
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(30);

    public static void Use(WebApplication app)
    {
        var access = ActivatorUtilities.CreateInstance<StreamAccess>(app.Services);
        app.Use(access.RunAsync);
    }

    private async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        if (!http.IsLong())
        {
            await next(http);
            return;
        }

        var client = http.RequestAborted;
        using var done = new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(client);
        var watching = WatchAsync(http, ended, done.Token);
        http.RequestAborted = ended.Token;
        try
        {
            await next(http);
        }
        catch (OperationCanceledException) when (HasEnded())
        {
            if (!http.Response.HasStarted)
            {
                throw new ApiException(ErrorCode.Unauthenticated, "The access of these credentials has ended.")
                {
                    Challenge = BearerChallenge.InvalidToken,
                };
            }
        }
        finally
        {
            http.RequestAborted = client;
            await done.CancelAsync();
            await watching;
            if (HasEnded() && http.Response.HasStarted)
            {
                http.SetOutcome("access_ended");
                http.Abort();
            }
        }

        bool HasEnded() => ended.IsCancellationRequested && !client.IsCancellationRequested;
    }

    private async Task WatchAsync(HttpContext http, CancellationTokenSource ended, CancellationToken done)
    {
        var expires = http.GetExpiry();
        while (!done.IsCancellationRequested)
        {
            var changed = settings.Changed;
            var now = time.GetUtcNow();
            if (!IsStillAllowed(http, now) || expires <= now)
            {
                Log.Ended(logger, VisibleText.ForLog(http.GetClient()));
                await ended.CancelAsync();
                return;
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(changed, done);
            var delay = expires is { } end ? end - now < MaxDelay ? end - now : MaxDelay : Timeout.InfiniteTimeSpan;
            await Task.Delay(delay, time, waiting.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether the settings still give the rights that the request began with.</summary>
    private bool IsStillAllowed(HttpContext http, DateTimeOffset now)
    {
        if (http.User.Identity is not { IsAuthenticated: true })
        {
            return settings.ServesAnonymous;
        }

        // The issuer and its key are read at startup.
        return http.Features.Get<ApiKeyOptions>() is not { } began || settings.Current.ApiKeys.Any(key =>
            key.Name == began.Name && string.Equals(key.Hash, began.Hash, StringComparison.OrdinalIgnoreCase)
            && !(key.ExpiresAt <= now) && began.Scopes.All(key.Scopes.Contains)
            && key.Engines.SequenceEqual(began.Engines) && key.Labels.SequenceEqual(began.Labels));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "A stream of {Caller} was ended because the caller's access ended")]
        public static partial void Ended(ILogger logger, string caller);
    }
}
