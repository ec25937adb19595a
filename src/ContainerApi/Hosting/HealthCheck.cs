namespace ContainerApi.Hosting;

/// <summary>
/// The command <c>ContainerApi healthcheck</c>: calls <c>/healthz</c> of the service with the same settings. The image's health check
/// uses it, because the image has no HTTP client.
/// </summary>
internal static class HealthCheck
{
    public const string Command = "healthcheck";

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(4);

    /// <returns>The exit code: 0 if the service answers, else 1.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var address = ListenAddresses.First(builder.Configuration);
        try
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = CallTimeout };
            using var response = await client.GetAsync(new Uri(address, "healthz"));
            Console.WriteLine($"{address} answers {(int)response.StatusCode}");
            // A service whose AllowedHosts does not include this host name answers 400, and runs.
            return (int)response.StatusCode < 500 ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Console.WriteLine($"{address} does not answer: {e.Message}");
            return 1;
        }
    }
}
