using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Builds;
using ContainerApi.Builds.CreateImage;
using ContainerApi.Cluster;
using ContainerApi.Containers;
using ContainerApi.Engine;
using ContainerApi.Engines;
using ContainerApi.Hosting;
using ContainerApi.Images;

if (args is [HealthCheck.Command, .. var settings])
{
    return await HealthCheck.RunAsync(settings);
}

if (CommandLine.Answer(args) is { } answer)
{
    Console.WriteLine(answer);
    return 0;
}

if (FileDescriptors.FindShortage(FileDescriptors.ReadLimit()) is { } shortage)
{
    Console.Error.WriteLine($"ContainerApi cannot start. {shortage}");
    return 1;
}

try
{
    CommandLine.Validate(args);

    // appsettings.json is next to the program, whatever the working directory is.
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

    builder.AddAddresses();
    builder.AddLogging();
    builder.AddWebPage();
    builder.AddTelemetry();
    builder.AddLimits();
    builder.AddHealth();
    builder.AddSecurity();
    builder.AddEngines();
    builder.AddCluster();
    builder.Services.AddHttpServices();
    builder.Services.AddLists();
    builder.Services.AddOpenApiDocument();
    builder.AddContainers();
    builder.Services.AddImages();
    builder.Services.AddEngineQueries();
    builder.AddBuilds();

    var app = builder.Build();

    app.UsePeers();
    app.UseBodyDrain();
    app.UseWebPage();
    app.UseVersionPrefix();
    app.UseRequestLogging();
    app.UseResponseHeaders();
    app.UseAudit();
    app.UseProblems();
    app.UseAllowedMethods();
    app.UseAllowedHosts();
    app.UseRequestTimeouts();
    app.UseCallers();
    app.UseCompressionRules();
    app.UseRateLimits();
    app.UseAuthorization();
    app.UseJsonOnly();
    StreamAccess.Use(app);
    app.UseForwarding();
    app.UseIdempotency();

    app.MapWebPage();
    var api = app.MapGroup("").WithHead().WithJsonOnly();
    api.MapServiceIndex();
    api.MapOpenApiDocument();
    api.MapSwaggerPages();
    api.MapHealth();
    api.MapTelemetry().RequireScope(Scopes.MetricsRead);
    api.MapContainers();
    api.MapImages();
    api.MapBuilds();
    api.MapImageSources();
    api.MapEngines();
    api.MapBuildCache();

    app.Run();
    return 0;
}
catch (Exception e) when (StartupErrors.IsConfigurationError(e))
{
    return StartupErrors.Report(e);
}
