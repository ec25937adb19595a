using ContainerApi.Api;
using ContainerApi.Tests.Containers;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests.Api;

/// <summary>The responses that do not depend on an endpoint.</summary>
public sealed class HttpServicesTests
{
    [Fact]
    public async Task Unknown_path_is_a_problem()
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.GetAsync("/nothing/here");

        await response.ReadProblemAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("GET", "/engines/local")]
    [InlineData("GET", "/containers/web/stats")]
    [InlineData("POST", "/containers")]
    [InlineData("POST", "/images/commit")]
    public async Task Request_that_does_not_accept_the_only_media_type_changes_nothing(string method, string path)
    {
        // Every call of this engine fails the test.
        await using var host = new ApiHost(new FakeEngine());
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "Accept", "text/csv, application/json;q=0" } } };

        using var response = await host.Client.SendAsync(request);

        var problem = await response.ReadProblemAsync(HttpStatusCode.NotAcceptable, "not_acceptable");
        Assert.Equal("Available media types: application/json.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Case_of_names_and_fixed_values_does_not_matter()
    {
        await using var host = new ApiHost(Facts.Engine(Facts.Container('1')));
        foreach (var path in (string[])[
            "/containers?Format=TABLE", "/containers?FIELDS=Name,NETWORK&Include=Network&sort=-NAME&state=RUNNING",
            "/containers?include=NONE&format=Csv&port=80/TCP", "/summary?BY=Project&sort=-Usage.CpuPercent&format=CSV"])
        {
            using var expected = await host.Client.GetAsync(path.ToLowerInvariant());
            using var response = await host.Client.GetAsync(path);

            Assert.Equal((path, HttpStatusCode.OK), (path, response.StatusCode));
            Assert.Equal(expected.Content.Headers.ContentType, response.Content.Headers.ContentType);
        }
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/")]
    public async Task Probes_answer_whatever_is_accepted(string path)
    {
        await using var host = new ApiHost(new FakeEngine { Ping = _ => Task.FromResult("1.41") });
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", "image/png" } } };

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("POST", 405)]
    [InlineData("OPTIONS", 204)]
    [InlineData("HEAD", 200)]
    public async Task Metrics_are_only_read(string method, int status)
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/metrics"));

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("localhost:8080", true)]
    [InlineData("[::1]:8080", true)]
    public async Task Host_name_outside_AllowedHosts_is_a_problem(string name, bool isAllowed)
    {
        await using var host = new ApiHost(new FakeEngine());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz") { Headers = { Host = name } };

        using var response = await host.Client.SendAsync(request);

        if (isAllowed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return;
        }

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains("AllowedHosts", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Unexpected_failure_reveals_no_details()
    {
        await using var host = new ApiHost(new FakeEngine { Ping = _ => throw new InvalidOperationException("secret /var/lib/path") });

        using var response = await host.Client.GetAsync("/readyz");

        await response.ReadProblemAsync(HttpStatusCode.InternalServerError, "internal_error");
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("engine_not_found", HttpStatusCode.NotFound)]
    [InlineData("container_not_found", HttpStatusCode.NotFound)]
    [InlineData("image_not_found", HttpStatusCode.NotFound)]
    [InlineData("not_found", HttpStatusCode.NotFound)]
    [InlineData("name_in_use", HttpStatusCode.Conflict)]
    [InlineData("container_not_running", HttpStatusCode.Conflict)]
    [InlineData("conflict", HttpStatusCode.Conflict)]
    [InlineData("invalid_request", HttpStatusCode.BadRequest)]
    [InlineData("forbidden", HttpStatusCode.Forbidden)]
    [InlineData("feature_unsupported", HttpStatusCode.UnprocessableEntity)]
    [InlineData("engine_unavailable", HttpStatusCode.ServiceUnavailable)]
    [InlineData("engine_timeout", HttpStatusCode.GatewayTimeout)]
    [InlineData("engine_error", HttpStatusCode.BadGateway)]
    public void Engine_failure_has_the_status_of_its_code(string code, HttpStatusCode status)
    {
        var problem = Problems.From(new EngineException(ErrorCode.Find(code)!, "local", "The reason."));

        Assert.Equal(((int)status, code, "local", "The reason."),
            (problem.Status!.Value, (string)problem.Extensions["code"]!, (string)problem.Extensions["engine"]!, problem.Detail));
    }

    [Fact]
    public void Every_code_is_unique_and_has_a_status()
    {
        Assert.Equal(ErrorCode.All.Count, ErrorCode.All.Select(c => c.Code).Distinct().Count());
        Assert.All(ErrorCode.All, c => Assert.InRange(c.Status, 400, 599));
    }

    [Fact]
    public async Task Swagger_ui_is_served()
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.GetAsync("/swagger/index.html");

        response.EnsureSuccessStatusCode();
        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Data_protection_is_not_registered_so_no_keys_are_stored()
    {
        await using var host = new ApiHost(new FakeEngine());

        Assert.Null(host.Services.GetService<IDataProtectionProvider>());
    }
}
