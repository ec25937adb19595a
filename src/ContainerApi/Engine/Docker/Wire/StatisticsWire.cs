using System.Text.Json.Serialization;

namespace ContainerApi.Engine.Docker.Wire;

/// <summary>JSON of <c>GET /containers/{id}/stats</c>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ContainerStatistics))]
internal sealed partial class StatisticsWire : JsonSerializerContext;

internal sealed record ContainerStatistics
{
    /// <summary>Engine 28.5 returns it alone, with status 200, where it cannot read the container.</summary>
    public string? Message { get; init; }
    public DateTimeOffset Read { get; init; }
    public IReadOnlyDictionary<string, WireInterface>? Networks { get; init; }
    public WireCpu? CpuStats { get; init; }
    public WireMemory? MemoryStats { get; init; }
    public WirePids? PidsStats { get; init; }
    public WireBlockIo? BlkioStats { get; init; }
}

internal sealed record WireInterface(
    ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped);

internal sealed record WireCpu(WireCpuUsage? CpuUsage);

internal sealed record WireCpuUsage(ulong TotalUsage);

internal sealed record WireMemory(ulong? Usage, ulong? Limit, IReadOnlyDictionary<string, ulong>? Stats);

internal sealed record WirePids(ulong? Current);

internal sealed record WireBlockIo(IReadOnlyList<WireBlockIoEntry>? IoServiceBytesRecursive);

internal sealed record WireBlockIoEntry(string? Op, ulong Value);
