using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ContainerApi.Access;
using ContainerApi.Engine;
using ContainerApi.Hosting;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Containers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Hosting;

/// <summary>How much may be asked of the service, and what is said to who asks more.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task A_key_that_asks_too_often_is_told_when_to_come_again_and_others_are_served()
    {
        var keys = new Keys().Add("busy", Scopes.All).Add("calm", Scopes.All);
        keys["Limits:RequestsPerSecond"] = "1";
        await using var host = new ApiHost(keys, Facts.Engine());
        using var client = host.With("busy");

        // Twice the rate may come at once.
        HttpResponseMessage last;
        var served = 0;
        while ((last = await client.GetAsync("/containers")).StatusCode == HttpStatusCode.OK && served < 50)
        {
            served++;
        }

        using var other = await host.With("calm").GetAsync("/containers");
        await last.ReadProblemAsync(HttpStatusCode.TooManyRequests, "rate_limited");
        Assert.NotNull(last.Headers.RetryAfter);
        Assert.True(served >= 2);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task A_caller_has_so_many_streams_open_and_no_more_until_one_ends()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.WatchContainers = _ => Subscribed();
        var keys = new Keys().Add("watcher", Scopes.All);
        keys["Limits:StreamsPerCaller"] = "1";
        await using var host = new ApiHost(keys, engine);
        using var client = host.With("watcher");

        using (var first = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead))
        {
            using var second = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead);
            using var list = await client.GetAsync("/containers");

            await second.ReadProblemAsync(HttpStatusCode.TooManyRequests, "rate_limited");
            Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        }

        HttpResponseMessage again;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((again = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead, patience.Token)).StatusCode != HttpStatusCode.OK)
        {
            again.Dispose();
        }

        again.Dispose();
    }

    [Fact]
    public async Task A_watch_ends_at_its_deadline_with_a_result()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.WatchContainers = _ => Subscribed();
        await using var host = new ApiHost(new Dictionary<string, string?> { ["Limits:StreamTimeout"] = "00:00:01" }, engine);

        var lines = (await host.Client.GetStringAsync("/containers/watch")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var result = JsonSerializer.Deserialize<JsonElement>(lines[^1]);
        Assert.Equal(("result", "ended"), (result.GetProperty("type").GetString(), result.GetProperty("state").GetString()));
        Assert.Contains("as long as it may", result.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_a_problem()
    {
        var engine = Facts.Engine();
        engine.ListContainers = async (_, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return [];
        };
        await using var host = new ApiHost(new Dictionary<string, string?> { ["Limits:RequestTimeout"] = "00:00:01" }, engine);

        using var response = await host.Client.GetAsync("/containers");

        await response.ReadProblemAsync(HttpStatusCode.GatewayTimeout, "engine_timeout");
    }

    [Fact]
    public async Task What_is_too_large_is_refused_by_the_server_itself()
    {
        await using var service = new Service(new() { ["Limits:BodyBytes"] = "1024", ["Limits:HeaderBytes"] = "2048" });
        service.StartServer();
        using var client = service.CreateClient();

        using var body = await client.PostAsync("/containers", new StringContent(JsonSerializer.Serialize(new { image = new string('a', 5000) }), Encoding.UTF8, "application/json"));
        client.DefaultRequestHeaders.Add("X-Long", new string('x', 4000));
        using var headers = await client.GetAsync("/healthz");

        await body.ReadProblemAsync(HttpStatusCode.RequestEntityTooLarge, "request_too_large");
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, headers.StatusCode);
    }

    [Theory]
    [InlineData("Limits:Connections", "0", "Limits:Connections: must be from 1 to 1000000.")]
    [InlineData("Limits:RequestTimeout", "soon", "Limits:RequestTimeout")]
    [InlineData("Limits:ShutdownTimeout", "00:00:00", "Limits:ShutdownTimeout: must be")]
    [InlineData("Limits:BodyByte", "1", "Limits: there is no setting 'BodyByte' here.")]
    public void A_limit_that_makes_no_sense_is_named(string name, string value, string told)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(name, (string?)value)]).Build();

        var refusal = Assert.Throws<OptionsValidationException>(() => LimitOptions.From(configuration));

        Assert.Contains(told, refusal.Message);
        Assert.Equal(string.Join(" ", refusal.Failures), StartupErrors.Reason(refusal));
    }

    [Fact]
    public void A_start_that_fails_for_what_was_configured_has_a_reason_and_a_crash_has_none()
    {
        Assert.Contains("already in use", StartupErrors.Reason(new IOException("Failed to bind to address http://127.0.0.1:1: address already in use.", new AddressInUseException("x"))));
        Assert.NotNull(StartupErrors.Reason(new SocketException((int)SocketError.AddressNotAvailable)));
        Assert.Null(StartupErrors.Reason(new InvalidOperationException("A fault of ours.")));
    }

    private static async IAsyncEnumerable<ContainerEvent> Subscribed()
    {
        yield return ContainerEvent.Subscribed;
        await Task.Delay(Timeout.Infinite);
    }

    /// <summary>On a real Kestrel, which keeps sizes.</summary>
    private sealed class Service : WebApplicationFactory<Program>
    {
        private readonly Dictionary<string, string?> _settings;

        public Service(Dictionary<string, string?> settings)
        {
            _settings = settings;
            UseKestrel(0);
        }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseSetting("Builds:StorePath", "");
            foreach (var (name, value) in _settings)
            {
                builder.UseSetting(name, value);
            }

            builder.ConfigureTestServices(services => services.AddSingleton(new ConfiguredEngines(new EngineDirectory([new FakeEngine()]))));
        }
    }
}
