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
    public void Health_check_calls_the_address_that_the_service_listens_on(string? urls, string address) =>
        Assert.Equal(new Uri(address), HealthCheck.AddressOf(urls));

    [Fact]
    public async Task Health_check_fails_if_nothing_answers() =>
        Assert.Equal(1, await HealthCheck.RunAsync(["--urls", "http://127.0.0.1:1"]));
}
