using ContainerApi.Access;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Hosting;

/// <summary>The limits of the service over HTTP.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task Key_over_its_rate_gets_429_with_Retry_After_and_others_are_served()
    {
        var keys = new Keys().Add("busy", Scopes.All).Add("calm", Scopes.All).With("Limits:RequestsPerSecond", "1");
        await using var host = new ApiHost(keys, Facts.Engine());
        using var client = host.With("busy");

        // The burst is twice the rate.
        HttpResponseMessage last;
        var served = 0;
        while ((last = await client.GetAsync("/containers")).StatusCode == HttpStatusCode.OK && served < 50)
        {
            served++;
        }

        using var other = await host.With("calm").GetAsync("/containers");
        await last.ReadProblemAsync(HttpStatusCode.TooManyRequests, "rate_limited");
        Assert.NotNull(last.Headers.RetryAfter);
        Assert.Equal("\"requests\";q=2;w=2", last.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Equal("\"requests\";r=1;t=1", other.Headers.GetValues("RateLimit").Single());
        Assert.True(served >= 2);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Caller_at_its_stream_limit_gets_429_until_a_stream_ends()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        var keys = new Keys().Add("watcher", Scopes.All).With("Limits:StreamsPerCaller", "1");
        await using var host = new ApiHost(keys, engine);
        using var client = host.With("watcher");

        using (var first = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead))
        {
            using var second = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead);
            using var list = await client.GetAsync("/containers");

            await second.ReadProblemAsync(HttpStatusCode.TooManyRequests, "rate_limited");
            Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        }

        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        HttpStatusCode status;
        do
        {
            using var again = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            status = again.StatusCode;
        }
        while (status != HttpStatusCode.OK);
    }

    [Fact]
    public async Task Watch_ends_at_its_timeout_with_a_result()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        await using var host = new ApiHost(new Keys().With("Limits:StreamTimeout", "00:00:01"), engine);

        var lines = (await host.Client.GetStringAsync("/containers/watch")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var result = JsonSerializer.Deserialize<JsonElement>(lines[^1]);
        Assert.Equal(("result", "interrupted"), (result.GetProperty("type").GetString(), result.GetProperty("state").GetString()));
        Assert.Contains("maximum duration", result.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Request_over_its_timeout_returns_504()
    {
        var engine = Facts.Engine();
        engine.ListContainers = async (_, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return [];
        };
        await using var host = new ApiHost(new Keys().With("Limits:RequestTimeout", "00:00:01"), engine);

        using var response = await host.Client.GetAsync("/containers");

        await response.ReadProblemAsync(HttpStatusCode.GatewayTimeout, "engine_timeout");
    }

    [Fact]
    public async Task Too_large_body_or_headers_are_rejected_by_the_server()
    {
        // Kestrel enforces the sizes.
        var settings = new Keys().With("Urls", "http://127.0.0.1:0").With("Limits:BodyBytes", "1024").With("Limits:HeaderBytes", "2048");
        await using var host = new ApiHost(settings, new FakeEngine());

        using var body = await host.Client.PostAsJsonAsync("/containers", new { image = new string('a', 5000) });
        host.Client.DefaultRequestHeaders.Add("X-Long", new string('x', 4000));
        using var headers = await host.Client.GetAsync("/healthz");

        await body.ReadProblemAsync(HttpStatusCode.RequestEntityTooLarge, "request_too_large");
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, headers.StatusCode);
    }
}
