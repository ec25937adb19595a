using System.Formats.Tar;

namespace ContainerApi.Benchmarks;

/// <summary>Context uploads compared with the engine's API. The Dockerfile has one line, so that the context dominates.</summary>
internal static class ContextBenchmarks
{
    private const int Files = 50_000;
    private const int Patterns = 100;
    private const long UploadMegabytes = 1024;

    /// <summary>A 1 GB archive: curl to the service compared with curl to the engine, classic builder. The first round is a warm-up.</summary>
    public static async Task UploadAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        var archive = Path.GetTempFileName();
        try
        {
            await WriteArchiveAsync(archive);
            var idle = service.Process.MemoryMegabytes;
            using var done = new CancellationTokenSource();
            var watch = service.Process.MaxMemoryAsync(done.Token);
            var times = await Measure.SideBySideAsync(7, 1,
                () => service.PostFileAsync("images/build?builder=classic", archive),
                () => engine.PostFileAsync("build?rm=1&forcerm=1", archive));
            await done.CancelAsync();
            var max = await watch;
            var ratio = times[1].Median / times[0].Median;
            report.Add(
                "1 GB context upload against the engine's own, throughput", $"{times[0]} against {times[1]}", Report.Times(ratio), "at least 0.9 ×",
                ratio >= 0.9);
            report.Add(
                "memory growth during the upload", $"{idle:0} MB to {max:0} MB", $"{max - idle:0} MB", "under 64 MB", max - idle < 64);
        }
        finally
        {
            File.Delete(archive);
        }
    }

    /// <summary>A directory of small files with a long .dockerignore: <c>path</c> compared with <c>docker build</c>, classic builder.</summary>
    public static async Task DirectoryAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        var root = Directory.CreateTempSubdirectory("containerapi-benchmark-").FullName;
        try
        {
            WriteDirectory(Path.Combine(root, "app"));
            await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off", "--Builds:ContextRoots:0=" + root);
            var times = await Measure.SideBySideAsync(3, 0,
                () => service.BuildAsync($$"""{"path":"app","builder":"classic","label":"{{EngineUnderTest.RunLabel}}"}"""),
                () => Commands.DockerBuildAsync(
                    engine.EndpointText, buildKit: false, ["-q", "--label", EngineUnderTest.RunLabel, Path.Combine(root, "app")]));
            report.AddRatio(
                $"a directory of {Files:N0} small files, .dockerignore of {Patterns} patterns, against `docker build`", times[0], times[1], 1.0);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    public static async Task WriteArchiveAsync(string path)
    {
        await using var writer = new TarWriter(File.Create(path), TarEntryFormat.Ustar);
        await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "Dockerfile")
        {
            DataStream = new MemoryStream("FROM scratch\nLABEL containerapi.benchmark=1\n"u8.ToArray()),
        });
        var content = new byte[64 << 20];
        new Random(1).NextBytes(content);
        for (var n = 0; n < UploadMegabytes / 64; n++)
        {
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, $"file{n}") { DataStream = new MemoryStream(content) });
        }
    }

    private static void WriteDirectory(string root)
    {
        for (var n = 0; n < Files; n++)
        {
            var directory = Path.Combine(root, $"d{n / 1000}", $"e{n / 100 % 10}");
            if (n % 100 == 0)
            {
                Directory.CreateDirectory(directory);
            }

            File.WriteAllText(Path.Combine(directory, $"file{n}.{(n % 10 == 0 ? "log" : "txt")}"), $"content {n}\n");
        }

        File.WriteAllText(Path.Combine(root, "Dockerfile"), "FROM scratch\nLABEL containerapi.benchmark=1\n");
        var patterns = Enumerable.Range(0, Patterns).Select(n => (n % 4) switch
        {
            0 => $"**/*.tmp{n}",
            1 => $"d{n}/e?/*.log",
            2 => $"node_modules{n}",
            _ => $"**/cache{n}/**",
        });
        File.WriteAllLines(Path.Combine(root, ".dockerignore"), patterns);
    }
}
