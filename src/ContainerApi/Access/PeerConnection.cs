using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ContainerApi.Access;

/// <summary>
/// A feature of connections of other replicas, which their certificates have authenticated. The replica that the client called has
/// checked the host and the origin of a request; its credentials are authenticated again here.
/// </summary>
internal sealed class PeerConnection
{
    public static bool Has(HttpContext http) => http.Features.Get<PeerConnection>() is not null;
}

/// <summary>The listener for other replicas. Callers are authenticated behind it, too, so it needs credentials as every listener does.</summary>
internal sealed record PeerListener(IPEndPoint Endpoint, Action<ListenOptions> Configure);
