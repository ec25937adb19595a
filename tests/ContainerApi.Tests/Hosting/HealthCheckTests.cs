using ContainerApi.Hosting;

namespace ContainerApi.Tests.Hosting;

public sealed class HealthCheckTests
{
    [Theory]
    [InlineData(null, "http://127.0.0.1:8080/")]
    [InlineData("", "http://127.0.0.1:8080/")]
    [InlineData("http://0.0.0.0:8080", "http://localhost:8080/")]
    [InlineData("http://+:80", "http://localhost/")]
    [InlineData("http://[::]:8080", "http://localhost:8080/")]
    [InlineData("http://10.0.0.7:8081;http://127.0.0.1:8080", "http://10.0.0.7:8081/")]
    public void The_service_is_asked_where_it_listens(string? urls, string address) =>
        Assert.Equal(new Uri(address), HealthCheck.AddressOf(urls));

    [Fact]
    public async Task Where_nothing_answers_the_check_fails() =>
        Assert.Equal(1, await HealthCheck.RunAsync(["--urls", "http://127.0.0.1:1"]));
}
