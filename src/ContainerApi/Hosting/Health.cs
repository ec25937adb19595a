using ContainerApi.Access;
using ContainerApi.Api.OpenApi;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ContainerApi.Hosting;

/// <summary>Whether the service is able to answer.</summary>
/// <param name="State"><c>ok</c>, or <c>degraded</c> while only some engines answer or a part of the service is not well.</param>
/// <param name="Engines">The state of each engine that the caller may see; none for a caller without <c>engines:read</c>.</param>
/// <param name="Parts">The state of the service's own parts: <c>builds</c>, where they are kept. None for a caller without <c>engines:read</c>.</param>
public sealed record Readiness(string State, IReadOnlyList<EngineReadiness> Engines, IReadOnlyList<ComponentReadiness> Parts);

/// <summary>Whether a part of the service is well. None is needed for the service to answer.</summary>
/// <param name="Name">The part.</param>
/// <param name="State"><c>ok</c> or <c>degraded</c>.</param>
/// <param name="Error">Why the state is not <c>ok</c>.</param>
public sealed record ComponentReadiness(string Name, string State, string? Error);

/// <summary>Whether one engine answers.</summary>
/// <param name="Name">The name that the configuration gives it.</param>
/// <param name="State"><c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</param>
/// <param name="Error">Why the state is not <c>ok</c>.</param>
public sealed record EngineReadiness(string Name, string State, string? Error);

internal static class Health
{
    private const string Degraded = "degraded";

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz", () => TypedResults.Text("ok\n"))
            .AllowAnonymous()
            .WithTags("Health").WithName("healthz")
            .WithSummary("Whether the service runs")
            .WithDescription("Says nothing of the engines: a restart of this service does not bring an engine back.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
        app.MapGet("/readyz", ReadyAsync)
            .AllowAnonymous()
            .WithTags("Health").WithName("readyz")
            .WithSummary("Whether at least one engine answers")
            .WithDescription("Needs no key. Which engine it is and why it does not answer is told with the scope `engines:read`.")
            .CanFailWith(ErrorCode.EngineUnavailable);
    }

    private static async Task<Ok<Readiness>> ReadyAsync(ConfiguredEngines directory, HealthCheckService health, HttpContext http, CancellationToken cancellationToken)
    {
        var caller = http.GetCaller() is { } known && known.Scopes.Contains(Scopes.EnginesRead) ? known : null;
        var answers = await Task.WhenAll(directory.All.Select(e => AskAsync(e, cancellationToken)));
        var told = answers.Where(a => caller is not null && (caller.Engines.Count == 0 || caller.Engines.Contains(a.Engine.Name))).ToList();
        if (answers.All(a => a.Failure is not null))
        {
            throw told is [var first, ..]
                ? new EngineException(EngineErrorKind.Unavailable, first.Engine.Name, string.Join(" ", told.Select(a => $"{a.Engine.Name}: {a.Failure!.Message}")), first.Failure)
                : new ApiException(ErrorCode.EngineUnavailable, "No engine answers.");
        }

        var parts = await health.CheckHealthAsync(cancellationToken);
        return TypedResults.Ok(new Readiness(
            answers.All(a => a.Failure is null) && parts.Status == HealthStatus.Healthy ? EngineStates.Ok : Degraded,
            [.. told.Select(a => new EngineReadiness(a.Engine.Name, a.Failure is null ? EngineStates.Ok : EngineStates.Of(a.Failure), a.Failure?.Message))],
            caller is null ? [] : [.. parts.Entries.Select(p => new ComponentReadiness(p.Key, p.Value.Status == HealthStatus.Healthy ? EngineStates.Ok : Degraded, p.Value.Description))]));
    }

    private static async Task<(IEngine Engine, EngineException? Failure)> AskAsync(IEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            await engine.PingAsync(cancellationToken);
            return (engine, null);
        }
        catch (EngineException e)
        {
            return (engine, e);
        }
    }
}
