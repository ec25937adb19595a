namespace ContainerApi.Hosting;

/// <summary>
/// <c>ContainerApi healthcheck</c>: asks the service that runs beside it, by the same settings, whether it runs. For a
/// container's health check, whose image has no program that could ask.
/// </summary>
internal static class HealthCheck
{
    public const string Command = "healthcheck";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <returns>The exit code: 0 where the service answers, else 1.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var address = AddressOf(builder.Configuration["Urls"]);
        try
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
            using var answer = await client.GetAsync(new Uri(address, "healthz"));
            Console.WriteLine($"{address} answers {(int)answer.StatusCode}");
            // One that does not know the host name that we call it by (AllowedHosts) runs, too.
            return (int)answer.StatusCode < 500 ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Console.WriteLine($"{address} does not answer: {e.Message}");
            return 1;
        }
    }

    /// <summary>The first address that the service listens on, as one that can be called: all addresses are this host's, too.</summary>
    internal static Uri AddressOf(string? urls)
    {
        var address = BindingAddress.Parse((urls is { Length: > 0 } ? urls : "http://127.0.0.1:8080").Split(';')[0]);
        var host = address.Host is "0.0.0.0" or "+" or "*" or "[::]" ? "localhost" : address.Host;
        return new Uri($"{address.Scheme}://{host}:{address.Port}/");
    }
}
