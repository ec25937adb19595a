using System.Net;
using System.Text;
using ContainerApi.Access;
using ContainerApi.Tests.Containers;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Access;

/// <summary>What a page in somebody's browser can do to a service on that host's loopback: nothing.</summary>
public sealed class BrowserGuardTests
{
    private const string Firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    [Theory]
    // Programs say nothing of a page.
    [InlineData("GET", null, null, null, "curl/8", null, true)]
    [InlineData("POST", null, null, "application/json", "curl/8", null, true)]
    [InlineData("POST", null, null, "multipart/form-data; boundary=x", "curl/8", null, true)]
    [InlineData("POST", null, null, "application/x-www-form-urlencoded", null, null, true)]
    // Our own pages: Swagger UI.
    [InlineData("POST", "http://localhost:8080", "same-origin", "multipart/form-data; boundary=x", Firefox, null, true)]
    [InlineData("GET", null, "same-origin", null, Firefox, null, true)]
    [InlineData("GET", null, "none", null, Firefox, "navigate", true)]
    [InlineData("POST", "https://localhost:8080", "same-origin", "application/json", Firefox, null, true)]
    // Pages that are trusted, and those that are not.
    [InlineData("POST", "https://app.example", "cross-site", "application/json", Firefox, null, true)]
    [InlineData("POST", "https://evil.example", "cross-site", "application/json", Firefox, null, false)]
    [InlineData("GET", "https://evil.example", "cross-site", null, Firefox, null, false)]
    [InlineData("POST", "http://localhost:3000", "same-site", "application/json", Firefox, null, false)]
    [InlineData("POST", "http://localhost", null, "text/plain", Firefox, null, false)]
    [InlineData("POST", "null", "cross-site", "text/plain", Firefox, null, false)]
    [InlineData("DELETE", "https://evil.example", null, null, Firefox, null, false)]
    // What is embedded has no origin.
    [InlineData("GET", null, "cross-site", null, Firefox, "no-cors", false)]
    [InlineData("GET", null, "same-site", null, Firefox, "no-cors", false)]
    // A link may be followed; a form may not be sent.
    [InlineData("GET", null, "cross-site", null, Firefox, "navigate", true)]
    [InlineData("POST", null, "cross-site", "application/x-www-form-urlencoded", Firefox, "navigate", false)]
    // Browsers that tell nothing.
    [InlineData("POST", null, null, "application/x-www-form-urlencoded", Firefox, null, false)]
    [InlineData("POST", null, null, "multipart/form-data; boundary=x", Firefox, null, false)]
    [InlineData("POST", null, null, null, Firefox, null, false)]
    [InlineData("POST", null, null, "application/json", Firefox, null, true)]
    public void Where_a_request_comes_from_decides(string method, string? origin, string? site, string? type, string? agent, string? mode, bool expected)
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

        var fault = BrowserGuard.Fault(request, ["https://app.example"]);

        Assert.Equal(expected, fault is null);
    }

    [Fact]
    public async Task A_page_of_another_origin_is_refused_before_the_engine_is_asked_and_a_key_opens()
    {
        await using var host = new ApiHost(new Keys().Add("good", Scopes.All).AllowingAnonymous(), Facts.Engine(Facts.Container('1', "web")));

        using var page = await SendAsync(host.Client, null);
        using var keyed = await SendAsync(host.Client, "good");

        await page.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(HttpStatusCode.OK, keyed.StatusCode);
        Assert.False(page.Headers.Contains("Access-Control-Allow-Origin"));

        static Task<HttpResponseMessage> SendAsync(HttpClient client, string? key)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/containers");
            request.Headers.Add("Origin", "https://evil.example");
            if (key is not null)
            {
                request.Headers.Add("X-Api-Key", key);
            }

            return client.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_configured_origin_gets_its_headers_and_others_get_none()
    {
        await using var host = new ApiHost(new Dictionary<string, string?> { ["Security:CorsOrigins:0"] = "https://app.example" }, Facts.Engine());

        using var trusted = await PreflightAsync("https://app.example");
        using var other = await PreflightAsync("https://evil.example");

        Assert.Equal("https://app.example", trusted.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));

        Task<HttpResponseMessage> PreflightAsync(string origin)
        {
            var request = new HttpRequestMessage(HttpMethod.Options, "/containers");
            request.Headers.Add("Origin", origin);
            request.Headers.Add("Access-Control-Request-Method", "POST");
            return host.Client.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_name_that_is_not_this_hosts_is_refused_where_it_resolves_here()
    {
        await using var host = new ApiHost(Facts.Engine());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers") { Headers = { Host = "rebound.example" } };

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_form_of_a_page_changes_nothing()
    {
        await using var host = new ApiHost(Facts.Engine(Facts.Container('1', "web")));
        using var form = new HttpRequestMessage(HttpMethod.Post, "/containers/web/stop")
        {
            Content = new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded"),
        };
        form.Headers.TryAddWithoutValidation("User-Agent", Firefox);

        using var response = await host.Client.SendAsync(form);

        await response.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }
}
