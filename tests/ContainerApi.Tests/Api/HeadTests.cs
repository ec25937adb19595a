using ContainerApi.Tests.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Api;

public sealed class HeadTests
{
    [Theory]
    [InlineData("/containers")]
    [InlineData("/containers?format=csv")]
    [InlineData("/containers/gone")]
    [InlineData("/containers?colour=red")]
    [InlineData("/containers/watch")]
    [InlineData("/containers/watch?format=sse")]
    [InlineData("/logs?follow=true")]
    [InlineData("/containers/c1/logs?format=text")]
    [InlineData("/containers/missing/logs")]
    [InlineData("/builds")]
    [InlineData("/healthz")]
    [InlineData("/metrics")]
    [InlineData("/metrics/containers")]
    [InlineData("/")]
    [InlineData("/v1/builds")]
    [InlineData("/openapi.json")]
    public async Task Head_returns_the_status_and_headers_of_get_without_a_body(string address)
    {
        // Kestrel leaves out the body.
        var engine = Facts.Engine(Facts.Container('1'));
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        await using var host = new ApiHost(new Keys().With("Urls", "http://127.0.0.1:0"), engine);

        using var get = await host.Client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead);
        using var head = await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, address));

        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }
}
