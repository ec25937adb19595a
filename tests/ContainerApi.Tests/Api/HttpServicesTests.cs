using System.Net;
using System.Net.Http.Headers;

namespace ContainerApi.Tests.Api;

/// <summary>What holds for every address: unknown ones, wrong methods, hosts that are not ours, failures nobody foresaw.</summary>
public sealed class HttpServicesTests
{
    [Fact]
    public async Task An_unknown_address_is_a_problem()
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.GetAsync("/nothing/here");

        await response.ReadProblemAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_method_that_an_address_does_not_take_is_a_problem_that_says_which_it_takes()
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync("/engines", null);

        await response.ReadProblemAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Equal(["GET"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task A_host_name_that_is_not_ours_is_refused()
    {
        // DNS rebinding: a page that resolves its own name to 127.0.0.1 still says that name.
        await using var host = new ApiHost(new FakeEngine());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz") { Headers = { Host = "evil.example" } };

        using var response = await host.Client.SendAsync(request);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains("AllowedHosts", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_failure_nobody_foresaw_tells_nothing_of_the_inside()
    {
        await using var host = new ApiHost(new FakeEngine { Ping = _ => throw new InvalidOperationException("secret /var/lib/path") });

        using var response = await host.Client.GetAsync("/readyz");

        await response.ReadProblemAsync(HttpStatusCode.InternalServerError, "internal_error");
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("engine_not_found", HttpStatusCode.NotFound, "engine_not_found")]
    [InlineData("container_not_found", HttpStatusCode.NotFound, "container_not_found")]
    [InlineData("image_not_found", HttpStatusCode.NotFound, "image_not_found")]
    [InlineData("not_found", HttpStatusCode.NotFound, "not_found")]
    [InlineData("name_in_use", HttpStatusCode.Conflict, "name_in_use")]
    [InlineData("container_not_running", HttpStatusCode.Conflict, "container_not_running")]
    [InlineData("conflict", HttpStatusCode.Conflict, "conflict")]
    [InlineData("invalid_request", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("forbidden", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("feature_unsupported", HttpStatusCode.UnprocessableEntity, "feature_unsupported")]
    [InlineData("engine_unavailable", HttpStatusCode.ServiceUnavailable, "engine_unavailable")]
    [InlineData("engine_timeout", HttpStatusCode.GatewayTimeout, "engine_timeout")]
    [InlineData("engine_error", HttpStatusCode.BadGateway, "engine_error")]
    public void Each_kind_of_engine_failure_is_one_problem(string kind, HttpStatusCode status, string code)
    {
        var problem = ContainerApi.Api.Problems.From(new EngineException(ErrorCode.Find(kind)!, "local", "So it is."));

        Assert.Equal(((int)status, code, "local", "So it is."),
            (problem.Status!.Value, (string)problem.Extensions["code"]!, (string)problem.Extensions["engine"]!, problem.Detail));
    }

    [Fact]
    public void Every_code_is_listed_once()
    {
        Assert.Equal(ErrorCode.All.Count, ErrorCode.All.Select(c => c.Code).Distinct().Count());
        Assert.Equal(
            typeof(ErrorCode).GetFields().Count(f => f.FieldType == typeof(ErrorCode)), ErrorCode.All.Count);
    }

    [Fact]
    public async Task Swagger_ui_is_served()
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.GetAsync("/swagger/index.html");

        response.EnsureSuccessStatusCode();
        Assert.Equal(new MediaTypeHeaderValue("text/html", "utf-8"), response.Content.Headers.ContentType);
    }
}
