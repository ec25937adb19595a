using ContainerApi.Containers;
using ContainerApi.Engine.Docker;
using ContainerApi.Stubs;
using Microsoft.Extensions.Logging.Abstractions;

namespace ContainerApi.Benchmarks;

/// <summary>1,000 containers on a stub engine, and a service without clients.</summary>
internal static class ScaleBenchmarks
{
    private const int Containers = 1000;

    /// <summary>
    /// The stub is a separate process (<c>stub</c> as the only argument), so that allocations are those of the service: list,
    /// sections, projection and JSON of one collection.
    /// </summary>
    public static async Task AllocationAsync(Report report)
    {
        using var stub = StubProcess.Start(Containers);
        using var engine = new DockerEngine(
            new EngineOptions { Name = "local", Endpoint = stub.Endpoint, HostSource = EngineOptions.HostSourceOff }, TimeProvider.System);
        var limits = new CollectionLimits();
        var collector = new ContainerCollector(
            new SectionReader(TimeProvider.System, limits), new RateHistory(TimeProvider.System), NullLogger<ContainerCollector>.Instance);
        for (var n = 0; n < 3; n++)
        {
            await CollectAsync();
        }

        const int Collections = 10;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var n = 0; n < Collections; n++)
        {
            await CollectAsync();
        }

        var each = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Collections / Containers / 1024;
        report.Add(
            $"{Containers} containers (stub engine, host source off): allocation per container and collection", $"{each:0.0} KB", "", "under 40 KB",
            each < 40);

        async Task CollectAsync()
        {
            var everything = new ContainerRequest(ContainerSelection.Everything, ContainerSections.Default);
            var list = await collector.RunAsync(new EngineDirectory([engine]), everything, default);
            if (list.Rows.Count != Containers || list.Rows.Any(c => c.Usage?.State != SectionState.Ok))
            {
                throw new InvalidOperationException("The collection is incomplete.");
            }

            await System.Text.Json.JsonSerializer.SerializeAsync(Stream.Null, ContainerProjection.ToList(list), Api.WireJson.Options);
        }
    }

    /// <summary>Resident memory after 1,000 collections of 1,000 containers compared with that after the first third.</summary>
    public static async Task MemoryAsync(Report report)
    {
        const int Collections = 1000;
        using var stub = StubProcess.Start(Containers);
        await using var service = await ServiceUnderTest.StartAsync(stub.Endpoint, "off");
        var memory = new List<double>();
        for (var n = 0; n < Collections; n++)
        {
            await service.GetAsync("containers");
            memory.Add(service.Process.MemoryMegabytes);
        }

        var second = memory[(Collections / 3)..(2 * Collections / 3)].Average();
        var last = memory[(2 * Collections / 3)..].Average();
        report.Add(
            $"{Containers} containers: resident memory over {Collections} collections, last third against the second",
            $"{last:0} MB against {second:0} MB",
            Report.Times(last / second), "flat (within 1.05 ×)", last <= 1.05 * second);
    }

    /// <summary>20 seconds without clients, after one call.</summary>
    public static async Task IdleAsync(Report report)
    {
        await using var stub = await DockerApiStub.StartAsync();
        await using var service = await ServiceUnderTest.StartAsync(stub.Endpoint, "off");
        await service.GetAsync("containers");
        await Task.Delay(TimeSpan.FromSeconds(5));
        var calls = stub.Calls.All.Count;
        var cpu = service.Process.CpuTime;
        var span = TimeSpan.FromSeconds(20);
        await Task.Delay(span);
        var used = (service.Process.CpuTime - cpu) / span * 100;
        var made = stub.Calls.All.Count - calls;
        report.Add("idle, no client", $"{made} engine calls, {used:0.00} % of a core", "", "none, under 0.2 %", made == 0 && used < 0.2);
    }
}
