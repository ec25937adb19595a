using System.Text.RegularExpressions;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Hosting;

public sealed class WebPageTests
{
    private const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    [Theory]
    [InlineData(Browser, "text/html")]
    [InlineData("text/html", "text/html")]
    [InlineData("application/json;q=0.5, text/html;q=0.5", "text/html")]
    [InlineData("*/*", "application/json")]
    [InlineData("application/json", "application/json")]
    [InlineData("application/json, text/html;q=0.5", "application/json")]
    [InlineData("text/html;q=0, */*", "application/json")]
    [InlineData(null, "application/json")]
    public async Task Root_is_the_page_for_clients_that_prefer_HTML(string? accept, string expected)
    {
        await using var host = new ApiHost(Facts.Engine());

        using var response = await GetAsync(host, "/", accept);

        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("Accept", response.Headers.Vary);
    }

    [Fact]
    public async Task Files_of_the_page_need_no_key_and_are_isolated()
    {
        await using var host = new ApiHost(new Keys().Add("reader", ["containers:read"]), Facts.Engine());

        using var page = await GetAsync(host, "/", Browser);
        var html = await page.Content.ReadAsStringAsync();
        var files = Regex.Matches(html, "(?:href|src)=\"(ui/[^\"]+)\"").Select(m => m.Groups[1].Value).ToList();

        Assert.Contains("ui/app.js", files);
        foreach (var file in files)
        {
            using var response = await GetAsync(host, "/" + file, accept: null);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
            Assert.Equal("same-origin", response.Headers.GetValues("Cross-Origin-Opener-Policy").Single());
            Assert.Equal("require-corp", response.Headers.GetValues("Cross-Origin-Embedder-Policy").Single());
            Assert.Equal("same-origin", response.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; ", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Page_can_be_disabled()
    {
        await using var host = new ApiHost(new Dictionary<string, string?> { ["Security:Page"] = "false" }, Facts.Engine());

        using var root = await GetAsync(host, "/", Browser);
        using var file = await GetAsync(host, "/ui/app.js", accept: null);

        Assert.Equal("application/json", root.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.NotFound, file.StatusCode);
    }

    [Fact]
    public async Task First_view_is_at_most_60_KB_compressed()
    {
        await using var host = new ApiHost(Facts.Engine());
        var html = await (await GetAsync(host, "/", Browser)).Content.ReadAsStringAsync();
        var total = 0L;

        foreach (Match file in Regex.Matches(html, "(?:href|src)=\"(ui/[^\"]+)\""))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/" + file.Groups[1].Value);
            request.Headers.AcceptEncoding.ParseAdd("gzip");
            using var response = await host.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            total += (await response.Content.ReadAsByteArrayAsync()).Length;
        }

        Assert.InRange(total, 1, 60_000);
    }

    [Fact]
    public async Task Root_names_the_caller_and_what_it_may_do()
    {
        await using var host = new ApiHost(
            new Keys().Add("reader", ["containers:read", "containers:write"]).With("Security:ReadOnly", "true"), Facts.Engine());

        var anonymous = await host.GetJsonAsync("/");
        var unknown = await host.With("unknown").GetJsonAsync("/");
        var caller = (await host.With("reader").GetJsonAsync("/")).GetProperty("caller");

        Assert.Equal(JsonValueKind.Null, anonymous.GetProperty("caller").ValueKind);
        Assert.Equal(JsonValueKind.Null, unknown.GetProperty("caller").ValueKind);
        Assert.Equal("key:reader", caller.GetProperty("name").GetString());
        Assert.Equal(["containers:read"], caller.GetProperty("scopes").EnumerateArray().Select(s => s.GetString()));
        Assert.True(caller.GetProperty("readOnly").GetBoolean());
    }

    private static async Task<HttpResponseMessage> GetAsync(ApiHost host, string path, string? accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return await host.Client.SendAsync(request);
    }
}
