using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ContainerApi.Hosting;

/// <summary>
/// The service's metrics for Prometheus at <c>/metrics</c>, and metrics and traces by OTLP if <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.
/// The name of every meter and activity source begins with <c>ContainerApi</c>.
/// </summary>
internal static class Telemetry
{
    private const string Sources = "ContainerApi.*";
    private const string CollectorSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddHostedService<UnobservedExceptions>();
        var exports = !string.IsNullOrEmpty(builder.Configuration[CollectorSetting]);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("containerapi"))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Sources, "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
                    .AddPrometheusExporter();
                if (exports)
                {
                    metrics.AddOtlpExporter();
                }
            });
        if (exports)
        {
            telemetry.WithTracing(traces => traces.AddSource(Sources).AddAspNetCoreInstrumentation().AddOtlpExporter());
        }
    }

    /// <summary>The exporter's endpoint would answer every method.</summary>
    public static IEndpointConventionBuilder MapTelemetry(this IEndpointRouteBuilder app) =>
        app.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
}
