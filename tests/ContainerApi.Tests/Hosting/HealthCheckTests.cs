using ContainerApi.Hosting;
using Microsoft.Extensions.Configuration;

namespace ContainerApi.Tests.Hosting;

public sealed class HealthCheckTests
{
    [Theory]
    [InlineData("", "http://127.0.0.1:8080/")]
    [InlineData("urls=", "http://127.0.0.1:8080/")]
    [InlineData("Urls=http://0.0.0.0:8080", "http://localhost:8080/")]
    [InlineData("Urls=http://+:80", "http://localhost/")]
    [InlineData("Urls=http://[::]:8080", "http://localhost:8080/")]
    [InlineData("Urls=http://10.0.0.7:8081;http://127.0.0.1:8080", "http://10.0.0.7:8081/")]
    [InlineData("http_ports=8082;8083 https_ports=8084", "http://localhost:8082/")]
    [InlineData("Urls=http://10.0.0.7:8081 http_ports=8082", "http://10.0.0.7:8081/")]
    [InlineData("Urls=http://10.0.0.7:8081 Kestrel:Endpoints:a:Url=http://10.0.0.8:8082", "http://10.0.0.8:8082/")]
    public void Health_check_calls_the_address_that_the_service_listens_on(string settings, string address)
    {
        var arguments = settings.Split(' ', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(new Uri(address), ListenAddresses.First(new ConfigurationBuilder().AddCommandLine(arguments).Build()));
    }

    [Fact]
    public async Task Health_check_fails_if_nothing_answers() =>
        Assert.Equal(1, await HealthCheck.RunAsync(["--urls", "http://127.0.0.1:1"]));
}
