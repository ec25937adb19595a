using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Hosting;

public sealed class ResponseHeadersTests
{
    [Theory]
    [InlineData("/containers", "default-src 'none'")]
    [InlineData("/containers/none", "default-src 'none'")]
    [InlineData("/nothing", "default-src 'none'")]
    [InlineData("/healthz", "default-src 'none'")]
    [InlineData("/openapi.json", "default-src 'none'")]
    [InlineData("/swagger/index.html", "script-src 'self'")]
    public async Task Every_response_has_a_policy_and_may_not_be_framed(string address, string policy)
    {
        await using var host = new ApiHost(Facts.Engine());

        using var response = await host.Client.GetAsync(address);

        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        var sent = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains(policy, sent);
        Assert.Contains("frame-ancestors 'none'", sent);
        Assert.Superset(new HashSet<string> { "Accept", "Authorization", "X-Api-Key" }, response.Headers.Vary.ToHashSet());
    }

    [Theory]
    [InlineData("/containers")]
    [InlineData("/nothing")]
    [InlineData("/healthz")]
    public async Task Every_response_has_the_id_of_its_request(string address)
    {
        await using var host = new ApiHost(Facts.Engine());

        using var response = await host.Client.GetAsync(address);

        var id = response.Headers.GetValues("Trace-Id").Single();
        Assert.Matches("^[0-9a-f]{32}$", id);
        if (!response.IsSuccessStatusCode)
        {
            Assert.Equal(id, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("traceId").GetString());
        }
    }

    [Fact]
    public async Task OpenAPI_document_that_the_client_has_is_not_sent_again()
    {
        await using var host = new ApiHost(Facts.Engine());

        using var first = await host.Client.GetAsync("/openapi.json");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi.json");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await host.Client.SendAsync(request);

        Assert.Equal(System.Net.HttpStatusCode.NotModified, second.StatusCode);
    }
}
