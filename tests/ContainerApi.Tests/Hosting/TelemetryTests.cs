using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Hosting;

public sealed class TelemetryTests
{
    [Theory]
    [InlineData("/containers/json", "/containers/json")]
    [InlineData("/containers/create", "/containers/create")]
    [InlineData("/containers/0123456789ab/stats", "/containers/{id}/stats")]
    [InlineData("/containers/web", "/containers/{id}")]
    [InlineData("/images/json", "/images/json")]
    [InlineData("/images/registry:5000/team/app:v1/json", "/images/{id}/json")]
    [InlineData("/images/sha256:0123/history", "/images/{id}/history")]
    [InlineData("/build", "/build")]
    [InlineData("/build/prune", "/build/prune")]
    [InlineData("/_ping", "/_ping")]
    public void Operation_has_a_placeholder_for_names_and_ids(string path, string operation) =>
        Assert.Equal(operation, EngineTelemetry.OperationOf(path));

    [Fact]
    public async Task Prometheus_metrics_include_the_service_and_its_requests()
    {
        await using var host = new ApiHost(Facts.Engine());
        await host.GetJsonAsync("/containers");

        var metrics = await host.Client.GetStringAsync("/metrics");

        Assert.Contains("containerapi_sweep_duration_seconds_count", metrics);
        Assert.Contains("http_server_request_duration_seconds_count", metrics);
    }
}
