using System.Net;
using Microsoft.Extensions.Options;

namespace ContainerApi.Access;

/// <summary>
/// Whoever reaches this service rules the engine's host, so it listens on loopback only. It refuses to start on any other
/// address unless there are credentials, or <c>Security:AllowAnonymous</c> says that this is wanted.
/// </summary>
internal static partial class ExposureGuard
{
    private const string Setting = "Security:AllowAnonymous";

    public static void AddExposureGuard(this WebApplicationBuilder builder)
    {
        // Kestrel calls this for every endpoint, from wherever it was configured, before it binds it.
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen =>
        {
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
                    [$"{Setting}: refusing to listen on {endpoint} without credentials: whoever reaches it rules the engine's host. Configure Security:ApiKeys or Security:Jwt, or listen on 127.0.0.1, or set {Setting}=true if something in front of this service decides who may pass."]);
            }
        }));
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Warning, "Listening on {Endpoint} WITHOUT CREDENTIALS (Security:AllowAnonymous=true): whoever reaches it rules the engine's host")]
        public static partial void Exposed(ILogger logger, IPEndPoint endpoint);
    }
}
