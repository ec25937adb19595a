using ContainerApi.Access;
using ContainerApi.Api;

namespace ContainerApi.Hosting;

/// <summary>
/// Leaves answers with unredacted values uncompressed over TLS: who sees the lengths of compressed answers, and can put texts into them (a
/// label of an own container), could guess a secret that is in the same answer (BREACH).
/// </summary>
internal static class Compression
{
    public static void UseCompressionRules(this WebApplication app) => app.Use((http, next) =>
    {
        if (http.Request.IsHttps && http.GetCaller() is { SeesSecrets: true })
        {
            http.ForbidCompression();
        }

        return next(http);
    });
}
