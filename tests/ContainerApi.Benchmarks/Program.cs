using System.Globalization;
using ContainerApi.Benchmarks;

// `make bench` runs all; arguments choose some by name.
var benchmarks = new Dictionary<string, Func<Report, Task>>
{
    ["twenty"] = PictureBenchmarks.TwentyAsync,
    ["fifty"] = PictureBenchmarks.FiftyAsync,
    ["allocation"] = ScaleBenchmarks.AllocationAsync,
    ["memory"] = ScaleBenchmarks.MemoryAsync,
    ["idle"] = ScaleBenchmarks.IdleAsync,
    ["build"] = BuildBenchmarks.TwentyStepsAsync,
};

if (args is [StandInProcess.Argument, var containers])
{
    await StandInProcess.ServeAsync(int.Parse(containers, CultureInfo.InvariantCulture));
    return 0;
}

var unknown = args.Where(a => !benchmarks.ContainsKey(a)).ToList();
if (unknown.Count > 0)
{
    Console.Error.WriteLine($"There is no benchmark {string.Join(", ", unknown)}; there are {string.Join(", ", benchmarks.Keys)}.");
    return 2;
}

var report = new Report();
foreach (var (name, run) in benchmarks.Where(b => args.Length == 0 || args.Contains(b.Key)))
{
    Console.Error.WriteLine($"== {name}");
    await run(report);
}

report.Print();
return 0;
