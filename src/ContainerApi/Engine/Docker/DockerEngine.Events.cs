using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>
    /// Named one by one, because the engine can only be told which events it should send: its <c>top</c> and <c>exec</c>
    /// events would answer our own looking with more work.
    /// </summary>
    private static readonly string EventFilters = Uri.EscapeDataString(
        """
        {"type":["container","network"],"event":["create","start","restart","stop","kill","die","oom","pause","unpause","rename","update","destroy","health_status","connect","disconnect"]}
        """);

    public async IAsyncEnumerable<ContainerEvent> WatchContainersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The engine sends its headers just before the subscription stands (moby 20.10 api/server/router/system). What falls
        // between is replayed when we ask from a little earlier on; that some events come twice does no harm.
        var since = await WithinAsync(_callTimeout, EngineTimeAsync, cancellationToken) - TimeSpan.FromSeconds(1);
        using var request = new HttpRequestMessage(HttpMethod.Get,
            string.Create(CultureInfo.InvariantCulture, $"events?since={since.ToUnixTimeSeconds()}&filters={EventFilters}"));
        using var response = await WithinAsync(_callTimeout, token => SendStreamAsync(request, token), cancellationToken);
        yield return ContainerEvent.Subscribed;

        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var messages = JsonSerializer
            .DeserializeAsyncEnumerable(body, EngineWire.Default.WireEvent, topLevelValues: true, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(messages))
        {
            if (messages.Current is { } message && DockerTranslation.ToEvent(message) is { } happened)
            {
                yield return happened;
            }
        }
    }

    /// <summary>The time by the engine's own clock, to the second.</summary>
    private async Task<DateTimeOffset> EngineTimeAsync(CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync("_ping", cancellationToken);
        return response.Headers.Date ?? _time.GetUtcNow();
    }
}
