using ContainerApi.Stubs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests.Fuzz;

/// <summary>The service on Kestrel with a stub engine. A response header names the operation.</summary>
internal sealed class FuzzHost : WebApplicationFactory<Program>, IStartupFilter
{
    /// <summary>In every response of the service; Kestrel's own responses lack it.</summary>
    public const string Reached = "Fuzz-Operation";

    private readonly DockerApiStub _engine;

    public FuzzHost(DockerApiStub engine)
    {
        _engine = engine;
        UseKestrel();
        StartServer();
        using var client = CreateClient();
        Http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        })
        {
            BaseAddress = client.BaseAddress,
            Timeout = TimeSpan.FromSeconds(20),
            DefaultRequestHeaders = { { ApiHeaders.ApiKey, FuzzTenants.Operator } },
        };
    }

    public HttpClient Http { get; }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            context.Response.OnStarting(() =>
            {
                // The exception handler resets the endpoint; its feature has the original.
                var endpoint = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint();
                context.Response.Headers[Reached] = endpoint?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "";
                return Task.CompletedTask;
            });
            return rest(context);
        });
        next(app);
    };

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (name, value) in new[]
        {
            ("Urls", "http://127.0.0.1:0"),
            ("Engines:0:Name", "local"), ("Engines:0:Endpoint", _engine.Endpoint), ("Engines:0:HostSource", "off"), ("Builds:StorePath", ""),
            ("Limits:RequestsPerSecond", "0"), ("Serilog:MinimumLevel:Default", "Fatal"),
            ("Serilog:MinimumLevel:Override:Microsoft.AspNetCore", "Fatal"),
        }.Concat(FuzzTenants.Keys.Select(k => (k.Key, k.Value ?? ""))))
        {
            builder.UseSetting(name, value);
        }

        builder.ConfigureTestServices(services => services.AddSingleton<IStartupFilter>(this));
    }

    protected override void Dispose(bool disposing)
    {
        Http.Dispose();
        base.Dispose(disposing);
    }
}
