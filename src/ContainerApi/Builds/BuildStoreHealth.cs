using ContainerApi.Builds.History;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ContainerApi.Builds;

/// <summary>Reports to <c>/readyz</c> whether builds are stored.</summary>
internal sealed class BuildStoreHealth(BuildStore store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(store.Failure is { } failure ? HealthCheckResult.Degraded(failure) : HealthCheckResult.Healthy());
}
