using System.Text.Json.Serialization;

namespace ContainerApi.Containers.Summaries;

/// <summary>The answer of <c>GET /summary</c>.</summary>
/// <param name="By">What the containers are grouped by, in the order of the request.</param>
/// <param name="Groups">One entry for each group, in the order of <c>sort</c>.</param>
/// <param name="Total">The sums of all groups.</param>
/// <param name="Engines">One entry for each requested engine, including engines that did not answer.</param>
/// <param name="Complete">Whether every engine answered.</param>
public sealed record ContainerSummary(
    IReadOnlyList<SummaryDimension> By, IReadOnlyList<SummaryGroup> Groups, SummaryFigures Total, IReadOnlyList<EngineReport> Engines, bool Complete);

/// <summary>What containers are grouped by.</summary>
public enum SummaryDimension
{
    /// <summary>The Compose project or Swarm stack.</summary>
    Project,

    /// <summary>The Compose or Swarm service.</summary>
    Service,

    /// <summary>The engine.</summary>
    Engine,

    /// <summary>The image reference.</summary>
    Image,
}

/// <summary>The sums of a group of containers. A sum is null where a container runs and no value of it is known; stopped containers use
/// nothing.</summary>
/// <param name="Containers">The number of containers.</param>
/// <param name="Processes">The number of processes.</param>
/// <param name="Usage">The sums of the resource usage.</param>
/// <param name="Network">The sums of the traffic. Each network namespace counts once, for the container that owns it.</param>
/// <param name="Missing">
/// The number of running containers that the sums lack a value of: processes, CPU, memory or traffic. Containers on the host's network
/// have no traffic of their own and do not count.
/// </param>
public record SummaryFigures(
    SummaryCounts Containers, [property: JsonRequired] long? Processes, SummaryUsage Usage, SummaryTraffic Network, int Missing);

/// <summary>One group of containers.</summary>
/// <param name="Key">The value of each dimension; null for containers without one.</param>
/// <param name="Containers">The number of containers.</param>
/// <param name="Processes">The number of processes.</param>
/// <param name="Usage">The sums of the resource usage.</param>
/// <param name="Network">The sums of the traffic.</param>
/// <param name="Missing">The number of running containers that the sums lack a value of.</param>
public sealed record SummaryGroup(
    IReadOnlyDictionary<string, string?> Key, SummaryCounts Containers, long? Processes, SummaryUsage Usage, SummaryTraffic Network,
    int Missing)
    : SummaryFigures(Containers, Processes, Usage, Network, Missing);

/// <summary>Numbers of containers by state.</summary>
/// <param name="Total">All containers that match the filters. Without <c>all=true</c> stopped ones do not.</param>
/// <param name="Created">Containers that were never started.</param>
/// <param name="Running">Running containers.</param>
/// <param name="Paused">Paused containers.</param>
/// <param name="Restarting">Containers that wait for their next start.</param>
/// <param name="Removing">Containers that are being removed.</param>
/// <param name="Exited">Stopped containers.</param>
/// <param name="Dead">Containers that the engine could not remove.</param>
/// <param name="Unhealthy">Containers whose health check fails, in any state.</param>
public sealed record SummaryCounts(
    int Total, int Created, int Running, int Paused, int Restarting, int Removing, int Exited, int Dead, int Unhealthy);

/// <summary>Sums of the resource usage.</summary>
/// <param name="CpuPercent">CPU usage: 100 is one full core.</param>
/// <param name="MemoryBytes">Memory usage without the inactive file cache.</param>
/// <param name="Pids">The number of processes and threads.</param>
/// <param name="BlockReadBytes">Bytes read from block devices since the containers started.</param>
/// <param name="BlockWriteBytes">Bytes written to block devices since the containers started.</param>
/// <param name="BlockReadBytesPerSecond">Bytes read from block devices per second.</param>
/// <param name="BlockWriteBytesPerSecond">Bytes written to block devices per second.</param>
public sealed record SummaryUsage(
    [property: JsonRequired] double? CpuPercent, [property: JsonRequired] long? MemoryBytes, [property: JsonRequired] long? Pids,
    [property: JsonRequired] long? BlockReadBytes, [property: JsonRequired] long? BlockWriteBytes,
    [property: JsonRequired] double? BlockReadBytesPerSecond, [property: JsonRequired] double? BlockWriteBytesPerSecond);

/// <summary>Sums of the network traffic.</summary>
/// <param name="RxBytes">Bytes received since the containers started.</param>
/// <param name="TxBytes">Bytes sent since the containers started.</param>
/// <param name="RxBytesPerSecond">Bytes received per second.</param>
/// <param name="TxBytesPerSecond">Bytes sent per second.</param>
public sealed record SummaryTraffic(
    [property: JsonRequired] long? RxBytes, [property: JsonRequired] long? TxBytes,
    [property: JsonRequired] double? RxBytesPerSecond, [property: JsonRequired] double? TxBytesPerSecond);
