using System.Runtime.InteropServices;
using ContainerApi.Benchmarks;

// `make bench` runs all benchmarks; arguments select some by name.
var benchmarks = new Dictionary<string, Func<Report, Task>>
{
    ["twenty"] = ContainerBenchmarks.TwentyAsync,
    ["fifty"] = ContainerBenchmarks.FiftyAsync,
    ["details"] = ContainerBenchmarks.DetailsAsync,
    ["allocation"] = ScaleBenchmarks.AllocationAsync,
    ["memory"] = ScaleBenchmarks.MemoryAsync,
    ["followers"] = FollowerBenchmarks.FollowersAsync,
    ["idle"] = ScaleBenchmarks.IdleAsync,
    ["upload"] = ContextBenchmarks.UploadAsync,
    ["save"] = ImageBenchmarks.SaveAsync,
    ["compressed"] = ImageBenchmarks.CompressedAsync,
    ["logs"] = LogBenchmarks.LogsAsync,
    ["follow"] = LogBenchmarks.FollowAsync,
    ["directory"] = ContextBenchmarks.DirectoryAsync,
    ["cluster"] = ClusterBenchmarks.ClusterAsync,
    ["forwarded"] = ClusterBenchmarks.ForwardedAsync,
    ["build"] = BuildBenchmarks.TwentyStepsAsync,
    ["sync"] = BuildxBenchmarks.SyncAsync,
    ["transfer"] = BuildxBenchmarks.FirstTransferAsync,
    ["archive"] = BuildxBenchmarks.ArchiveAsync,
    ["steps"] = BuildxBenchmarks.StepsAsync,
    ["output"] = BuildxBenchmarks.OutputAsync,
};

if (args is [StubProcess.Argument, var containers])
{
    await StubProcess.ServeAsync(int.Parse(containers, CultureInfo.InvariantCulture));
    return 0;
}

var unknown = args.Where(a => !benchmarks.ContainsKey(a)).ToList();
if (unknown.Count > 0)
{
    Console.Error.WriteLine($"There is no benchmark {string.Join(", ", unknown)}; there are {string.Join(", ", benchmarks.Keys)}.");
    return 2;
}

// An interrupted run cleans up too.
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);

var report = new Report();
var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
report.Circumstances.Add(
    $"{DateTime.UtcNow:yyyy-MM-dd}; {Environment.ProcessorCount} cores; .NET {Environment.Version}; load average before: {load}");
foreach (var (name, run) in benchmarks.Where(b => args.Length == 0 || args.Contains(b.Key)))
{
    Console.Error.WriteLine($"== {name}");
    try
    {
        await run(report);
    }
    catch (Exception e)
    {
        report.Add(name, "failed: " + e.Message, "", "", false);
    }
}

report.Print();
return 0;

static void End(PosixSignalContext context)
{
    context.Cancel = true;
    new EngineUnderTest().RemoveAsync().GetAwaiter().GetResult();
    Environment.Exit(130);
}
