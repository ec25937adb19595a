using ContainerApi.Access;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Containers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests.Hosting;

/// <summary>Streams end when the access of their caller ends.</summary>
public sealed class StreamAccessTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("Security:ApiKeys:0:Scopes:0", Scopes.ImagesRead)]
    [InlineData("Security:ApiKeys:0:Labels:0", "team=b")]
    [InlineData("Security:ApiKeys:0:Name", "other")]
    [InlineData("Security:ApiKeys:0:ExpiresAt", "2020-01-01T00:00:00Z")]
    public async Task Stream_ends_when_its_key_changes(string setting, string value)
    {
        await using var host = Host(new Keys().Add("reader", [Scopes.ContainersRead]));
        using var reader = await WatchAsync(host.With("reader"));

        Change(host, setting, value);

        await AssertEndsAsync(reader);
    }

    [Fact]
    public async Task Stream_ends_when_its_key_expires()
    {
        var clock = new TestClock();
        await using var host = Host(new Keys().Add("reader", [Scopes.ContainersRead], expires: clock.GetUtcNow().AddHours(1)), clock);
        using var client = host.With("reader");
        using var reader = await WatchAsync(client);

        clock.Advance(TimeSpan.FromHours(1));

        await AssertEndsAsync(reader);

        using var later = await client.GetAsync("/containers");
        await later.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Stream_of_an_unchanged_key_goes_on()
    {
        await using var host = Host(new Keys().Add("reader", [Scopes.ContainersRead]).Add("other", [Scopes.ContainersRead]));
        using var reader = await WatchAsync(host.With("reader"));
        using var other = await WatchAsync(host.With("other"));

        Change(host, "Security:ApiKeys:1:Name", "renamed");

        await AssertEndsAsync(other);
        var next = reader.ReadLineAsync();
        Assert.False(next.IsCompleted);
    }

    private static ApiHost Host(Keys keys, TimeProvider? time = null)
    {
        var engine = Facts.Engine(Facts.Container('1', "web"));
        engine.WatchContainers = _ => Subscribed();
        return new ApiHost(null, time ?? TimeProvider.System, keys, engine);
    }

    private static void Change(ApiHost host, string setting, string value)
    {
        var configuration = (IConfigurationRoot)host.Services.GetRequiredService<IConfiguration>();
        configuration[setting] = value;
        configuration.Reload();
    }

    private static async Task<StreamReader> WatchAsync(HttpClient client)
    {
        var response = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Contains("snapshot", await reader.ReadLineAsync());
        return reader;
    }

    private static async Task AssertEndsAsync(StreamReader reader)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            while (await reader.ReadLineAsync(deadline.Token) is not null)
            {
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The connection is cut.
        }
    }

    private static async IAsyncEnumerable<ContainerEvent> Subscribed()
    {
        yield return ContainerEvent.Subscribed;
        await Task.Delay(Timeout.Infinite);
    }
}
