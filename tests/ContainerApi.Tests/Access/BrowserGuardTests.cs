using ContainerApi.Access;
using ContainerApi.Tests.Containers;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Access;

/// <summary>A web page must not reach a service on the loopback of its browser's host.</summary>
public sealed class BrowserGuardTests
{
    private const string Firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    [Theory]
    // Programs send no browser headers.
    [InlineData("GET", null, null, null, "curl/8", null, true)]
    [InlineData("POST", null, null, "application/json", "curl/8", null, true)]
    [InlineData("POST", null, null, "multipart/form-data; boundary=x", "curl/8", null, true)]
    [InlineData("POST", null, null, "application/x-www-form-urlencoded", null, null, true)]
    // Pages of this service: Swagger UI.
    [InlineData("POST", "http://localhost:8080", "same-origin", "multipart/form-data; boundary=x", Firefox, null, true)]
    [InlineData("GET", null, "same-origin", null, Firefox, null, true)]
    [InlineData("GET", null, "none", null, Firefox, "navigate", true)]
    [InlineData("POST", "https://localhost:8080", "same-origin", "application/json", Firefox, null, true)]
    // Pages of trusted and of other origins.
    [InlineData("POST", "https://app.example", "cross-site", "application/json", Firefox, null, true)]
    [InlineData("POST", "https://evil.example", "cross-site", "application/json", Firefox, null, false)]
    [InlineData("GET", "https://evil.example", "cross-site", null, Firefox, null, false)]
    [InlineData("POST", "http://localhost:3000", "same-site", "application/json", Firefox, null, false)]
    [InlineData("POST", "http://localhost", null, "text/plain", Firefox, null, false)]
    [InlineData("POST", "null", "cross-site", "text/plain", Firefox, null, false)]
    [InlineData("DELETE", "https://evil.example", null, null, Firefox, null, false)]
    // Embedded content has no origin.
    [InlineData("GET", null, "cross-site", null, Firefox, "no-cors", false)]
    [InlineData("GET", null, "same-site", null, Firefox, "no-cors", false)]
    // Following a link is allowed, sending a form is not.
    [InlineData("GET", null, "cross-site", null, Firefox, "navigate", true)]
    [InlineData("POST", null, "cross-site", "application/x-www-form-urlencoded", Firefox, "navigate", false)]
    // Old browsers send neither header.
    [InlineData("POST", null, null, "application/x-www-form-urlencoded", Firefox, null, false)]
    [InlineData("POST", null, null, "multipart/form-data; boundary=x", Firefox, null, false)]
    [InlineData("POST", null, null, null, Firefox, null, false)]
    [InlineData("POST", null, null, "application/json", Firefox, null, true)]
    public void Request_is_allowed_or_refused_by_its_browser_headers(
        string method, string? origin, string? site, string? type, string? agent, string? mode, bool expected)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = method;
        request.Host = new HostString("localhost:8080");
        request.ContentType = type;
        request.Headers.Origin = origin;
        request.Headers["Sec-Fetch-Site"] = site;
        request.Headers["Sec-Fetch-Mode"] = mode;
        request.Headers["Sec-Fetch-Dest"] = mode == "navigate" ? "document" : "image";
        request.Headers.UserAgent = agent;

        Assert.Equal(expected, BrowserGuard.Fault(request, ["https://app.example"]) is null);
    }

    [Fact]
    public async Task Page_of_another_origin_is_refused_without_a_key_and_served_with_one()
    {
        await using var host = new ApiHost(new Keys().Add("good", Scopes.All).AllowAnonymous(), Facts.Engine(Facts.Container('1', "web")));

        using var page = await SendAsync(host.Client, HttpMethod.Get, "/containers", ("Origin", "https://evil.example"));
        using var keyed = await SendAsync(host.With("good"), HttpMethod.Get, "/containers", ("Origin", "https://evil.example"));

        await page.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(HttpStatusCode.OK, keyed.StatusCode);
        Assert.False(page.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("https://app.example", true)]
    [InlineData("https://evil.example", false)]
    public async Task Preflight_request_allows_only_a_configured_origin(string origin, bool isAllowed)
    {
        await using var host = new ApiHost(new Keys().With("Security:CorsOrigins:0", "https://app.example"), Facts.Engine());

        using var response = await SendAsync(
            host.Client, HttpMethod.Options, "/containers", ("Origin", origin), ("Access-Control-Request-Method", "POST"));

        Assert.Equal(isAllowed, response.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed) && allowed.Single() == origin);
    }

    [Fact]
    public async Task Html_form_without_an_origin_is_refused()
    {
        await using var host = new ApiHost(Facts.Engine(Facts.Container('1', "web")));
        host.Client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", Firefox);

        using var response = await host.Client.PostTextAsync("/containers/web/stop", "a=b", "application/x-www-form-urlencoded");

        await response.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, HttpMethod method, string path, params IReadOnlyList<(string Name, string Value)> headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await client.SendAsync(request);
    }
}
