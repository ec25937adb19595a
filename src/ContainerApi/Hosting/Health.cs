using ContainerApi.Access;
using ContainerApi.Api.OpenApi;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ContainerApi.Hosting;

/// <summary>The readiness of the service.</summary>
/// <param name="State"><c>ok</c>, or <c>degraded</c> while an engine does not answer or a component is degraded.</param>
/// <param name="Engines">The engines that the caller may see; empty without the scope <c>engines:read</c>.</param>
/// <param name="Parts">The components of the service: <c>builds</c> is the build history. Empty without the scope <c>engines:read</c>.</param>
public sealed record Readiness(string State, IReadOnlyList<EngineReadiness> Engines, IReadOnlyList<ComponentReadiness> Parts);

/// <summary>The state of a component of the service. The service answers without it.</summary>
/// <param name="Name">The component's name.</param>
/// <param name="State"><c>ok</c> or <c>degraded</c>.</param>
/// <param name="Error">The reason of a state that is not <c>ok</c>, else null.</param>
public sealed record ComponentReadiness(string Name, string State, ErrorInfo? Error);

/// <summary>The state of one engine.</summary>
/// <param name="Name">The engine's name in the configuration.</param>
/// <param name="State"><c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</param>
/// <param name="Error">The reason of a state that is not <c>ok</c>, else null.</param>
public sealed record EngineReadiness(string Name, string State, ErrorInfo? Error);

/// <summary>Liveness and readiness endpoints on ASP.NET Core's health checks; each engine is one check.</summary>
internal static class Health
{
    private const string Degraded = "degraded";
    private const string EngineTag = "engine";

    public static void AddHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks();
        builder.Services.AddOptions<HealthCheckServiceOptions>().Configure<ConfiguredEngines>((health, engines) =>
        {
            foreach (var engine in engines.All)
            {
                health.Registrations.Add(new HealthCheckRegistration(
                    $"{EngineTag}:{engine.Name}", _ => new EngineHealthCheck(engine), HealthStatus.Unhealthy, [EngineTag]));
            }
        });
    }

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => TypedResults.Text("ok\n"))
            .AllowAnonymous()
            .WithTags("Health").WithName("getHealth")
            .WithSummary("Check liveness")
            .WithDescription("Returns 200 while the service runs. The engines are not checked: a restart of this service does not repair an engine.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
        app.MapGet("/readyz", ReadyAsync)
            .AllowAnonymous()
            .WithTags("Health").WithName("getReadiness")
            .WithSummary("Check readiness")
            .WithDescription("Returns 200 while at least one engine answers. Needs no key; the state of each engine needs the scope `engines:read`.")
            .CanFailWith(ErrorCode.EngineUnavailable);
    }

    private static async Task<Ok<Readiness>> ReadyAsync(
        ConfiguredEngines directory, HealthCheckService health, HttpContext http, CancellationToken cancellationToken)
    {
        var caller = http.GetCaller() is { } known && known.Scopes.Contains(Scopes.EnginesRead) ? known : null;
        var report = await health.CheckHealthAsync(cancellationToken);
        var engines = directory.All.Select(e => (e.Name, Failure: FailureOf(report.Entries[$"{EngineTag}:{e.Name}"]))).ToList();
        var visible = engines.Where(e => caller is not null && caller.Visibility.IncludesEngine(e.Name)).ToList();
        if (engines.All(e => e.Failure is not null))
        {
            throw visible is [var first, ..]
                ? new EngineException(
                    ErrorCode.EngineUnavailable, first.Name, string.Join(" ", visible.Select(e => $"{e.Name}: {e.Failure!.Message}")), first.Failure)
                : new ApiException(ErrorCode.EngineUnavailable, "No engine answers.");
        }

        var components = report.Entries.Where(e => !e.Value.Tags.Contains(EngineTag));
        return TypedResults.Ok(new Readiness(
            report.Status == HealthStatus.Healthy ? EngineStates.Ok : Degraded,
            [.. visible.Select(e => new EngineReadiness(e.Name, StateOf(e.Failure), e.Failure is { } failure ? ErrorInfo.Of(failure) : null))],
            caller is null ? [] : [.. components.Select(c => ReadinessOf(c.Key, c.Value))]));
    }

    private static string StateOf(EngineException? failure) => failure is null ? EngineStates.Ok : EngineStates.Of(failure);

    private static ComponentReadiness ReadinessOf(string component, HealthReportEntry entry) => entry.Status == HealthStatus.Healthy
        ? new(component, EngineStates.Ok, null)
        : new(component, Degraded, new ErrorInfo($"{component}_{Degraded}", entry.Description ?? "The component is degraded."));

    /// <summary>Returns null for a healthy engine. Rethrows what is no failure of the engine.</summary>
    private static EngineException? FailureOf(HealthReportEntry entry) => entry.Exception switch
    {
        null => null,
        EngineException failure => failure,
        { } unexpected => throw unexpected,
    };

    private sealed class EngineHealthCheck(IEngine engine) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await engine.PingAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }
}
