using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ContainerApi.Hosting;

/// <summary>
/// What is seen of the service from outside: its own figures for Prometheus at <c>/metrics</c>, and, where
/// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector, metrics and traces by OTLP. Every room has a meter and a source
/// whose name begins with <c>ContainerApi</c>.
/// </summary>
internal static class Telemetry
{
    private const string Rooms = "ContainerApi.*";
    private const string Collector = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var exports = !string.IsNullOrEmpty(builder.Configuration[Collector]);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("containerapi"))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Rooms, "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
                    .AddPrometheusExporter();
                if (exports)
                {
                    metrics.AddOtlpExporter();
                }
            });
        if (exports)
        {
            telemetry.WithTracing(traces => traces.AddSource(Rooms).AddAspNetCoreInstrumentation().AddOtlpExporter());
        }
    }

    public static IEndpointConventionBuilder MapTelemetry(this WebApplication app) => app.MapPrometheusScrapingEndpoint("/metrics");
}
