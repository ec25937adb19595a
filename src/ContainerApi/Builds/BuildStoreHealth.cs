using ContainerApi.Builds.History;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ContainerApi.Builds;

/// <summary>Tells <c>/readyz</c> whether builds are kept.</summary>
internal sealed class BuildStoreHealth(BuildStore store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(store.Failure is { } failure ? HealthCheckResult.Degraded(failure) : HealthCheckResult.Healthy());
}
