using System.Net;
using Microsoft.Extensions.Options;

namespace ContainerApi.Access;

/// <summary>
/// Stops the start on a non-loopback address without credentials, unless <c>Security:AllowAnonymous</c> is set: access to this
/// service is root access to the engine's host.
/// </summary>
internal static partial class ExposureGuard
{
    private const string Setting = "Security:AllowAnonymous";

    public static void AddExposureGuard(this WebApplicationBuilder builder)
    {
        // Kestrel calls this for every endpoint before it binds it.
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen =>
        {
            if (kestrel.ApplicationServices.GetService<PeerListener>() is { } peers && peers.Endpoint.Equals(listen.IPEndPoint))
            {
                peers.Configure(listen);
            }

            if (listen.IPEndPoint is not { } endpoint || IPAddress.IsLoopback(endpoint.Address))
            {
                return;
            }

            var options = kestrel.ApplicationServices.GetRequiredService<SecurityOptions>();
            if (options.AllowAnonymous)
            {
                Log.Exposed(kestrel.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ExposureGuard)), endpoint);
            }
            else if (!options.HasCredentials)
            {
                throw new OptionsValidationException(Setting, typeof(bool),
                [
                    $"{Setting}: refusing to listen on {endpoint} without credentials: access to this service is root access to the engine's "
                    + $"host. Configure Security:ApiKeys or Security:Jwt, listen on 127.0.0.1, or set {Setting}=true behind an authenticating proxy.",
                ]);
            }
        }));
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Warning,
            "Listening on {Endpoint} WITHOUT CREDENTIALS (Security:AllowAnonymous=true): access to it is root access to the engine's host")]
        public static partial void Exposed(ILogger logger, IPEndPoint endpoint);
    }
}
