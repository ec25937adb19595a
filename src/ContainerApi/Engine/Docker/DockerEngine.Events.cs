using System.Runtime.CompilerServices;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>
    /// Lists every event, because the engine has no exclusion. This service's own calls cause the events <c>top</c> and <c>exec</c>.
    /// </summary>
    private static readonly string EventFilters = Uri.EscapeDataString(
        """
        {"type":["container","network"],"event":["create","start","restart","stop","kill","die","oom","pause","unpause",
        "rename","update","destroy","health_status","connect","disconnect"]}
        """);

    public async IAsyncEnumerable<ContainerEvent> WatchContainersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The engine sends its headers just before it subscribes (moby 20.10 api/server/router/system). Starting one second earlier
        // replays the events between; duplicates do no harm.
        var since = await WithinAsync(_callTimeout, EngineTimeAsync, cancellationToken) - 1;
        using var request = new HttpRequestMessage(HttpMethod.Get,
            string.Create(CultureInfo.InvariantCulture, $"events?since={since}&filters={EventFilters}"));
        using var response = await WithinAsync(_callTimeout, token => SendStreamAsync(request, token), cancellationToken);
        yield return ContainerEvent.Subscribed;

        await foreach (var message in ReadStreamAsync(response, EngineWire.Default.WireEvent, cancellationToken))
        {
            if (ContainerTranslation.ToEvent(message) is { } happened)
            {
                yield return happened;
            }
        }
    }

    /// <summary>The engine's time in Unix seconds.</summary>
    private async Task<long> EngineTimeAsync(CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync("_ping", cancellationToken);
        return (response.Headers.Date ?? _time.GetUtcNow()).ToUnixTimeSeconds();
    }
}
