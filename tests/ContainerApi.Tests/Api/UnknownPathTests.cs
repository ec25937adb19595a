using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Api;

public sealed class UnknownPathTests
{
    [Theory]
    [InlineData("/container", "Did you mean /containers?")]
    [InlineData("/Contaners", "Did you mean /containers?")]
    [InlineData("/v1/image", "Did you mean /v1/images?")]
    [InlineData("/containers/web/stat", "Did you mean /containers/web/stats?")]
    [InlineData("/containers/web/procesess", "Did you mean /containers/web/processes?")]
    [InlineData("/helthz", "Did you mean /healthz?")]
    [InlineData("/containers/web/top", "Did you mean /containers/web/processes?")]
    [InlineData("/containers/web/stopp", "There is no such path. GET / lists the resources.")]
    [InlineData("/v1/builds/b1/logs", "Did you mean /v1/builds/b1/events?")]
    [InlineData("/v1/healthz", "Did you mean /healthz?")]
    [InlineData("/v1/swagger", "Did you mean /swagger?")]
    [InlineData("/volumes", "There is no such path. GET / lists the resources.")]
    [InlineData("/v1/networks/a", "There is no such path. GET /v1/ lists the resources.")]
    public async Task Unknown_path_names_a_path_that_is_near(string path, string expected)
    {
        await using var host = new ApiHost(Facts.Engine());

        using var response = await host.Client.GetAsync(path);

        var problem = await response.ReadProblemAsync(HttpStatusCode.NotFound, "not_found");
        Assert.Contains(expected, problem.GetProperty("detail").GetString());
    }
}
