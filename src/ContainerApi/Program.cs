using ContainerApi.Builds;
using ContainerApi.Containers;
using ContainerApi.Engine;
using ContainerApi.Engines;
using ContainerApi.Hosting;
using ContainerApi.Http;
using ContainerApi.Http.OpenApi;
using ContainerApi.Images;
using ContainerApi.Security;

if (args is [HealthCheck.Command, .. var settings])
{
    return await HealthCheck.RunAsync(settings);
}

try
{
    // The settings lie beside the program, so it finds them from whatever directory it is started in.
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

    builder.AddLogging();
    builder.AddTelemetry();
    builder.AddLimits();
    builder.AddSecurity();
    builder.AddEngines();
    builder.Services.AddHttpRoom();
    builder.Services.AddOpenApiDocument();
    builder.AddContainers();
    builder.Services.AddImages();
    builder.AddBuilds();

    var app = builder.Build();

    app.UseRequestLogging();
    app.UseAudit();
    app.UseProblems();
    app.UseRequestTimeouts();
    app.MapOpenApiDocument();
    app.UseCallers();
    app.UseRates();
    app.UseAuthorization();
    app.MapHealth();
    app.MapTelemetry().Needs(Scopes.MetricsRead);
    app.MapContainers();
    app.MapImages();
    app.MapBuilds();
    app.MapImageSources();
    app.MapEngines();

    app.Run();
    return 0;
}
catch (Exception e) when (StartFailure.Explains(e))
{
    return StartFailure.Tell(e);
}
