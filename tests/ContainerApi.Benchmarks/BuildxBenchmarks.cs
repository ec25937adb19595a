namespace ContainerApi.Benchmarks;

/// <summary>BuildKit builds compared with buildx on the same engine. The program is the one that <c>BUILDX</c> names.</summary>
internal static class BuildxBenchmarks
{
    private const int Rounds = 5;
    private const long Gigabyte = 1L << 30;

    /// <summary>A directory of 10,000 files, 250 MB, that the engine has: with one changed file, and unchanged.</summary>
    public static Task SyncAsync(Report report) => CompareAsync(report, async (engine, service, root) =>
    {
        foreach (var side in new[] { "ours", "theirs" })
        {
            Write(Path.Combine(root, side), files: 10_000, bytes: 25_000, "FROM scratch\nCOPY . /files/\n");
        }

        var changes = 0;
        await MeasureAsync(
            report, service, "10,000 files (250 MB) by `path`, one changed", 1.0,
            () => service.BuildAsync(ToJson("ours")), () => Commands.BuildxAsync(null, Path.Combine(root, "theirs")),
            side => File.WriteAllText(Path.Combine(root, side, "d5", "file505"), $"{side} {changes++}"));
        await MeasureAsync(
            report, service, "the same, nothing changed", 1.0,
            () => service.BuildAsync(ToJson("ours")), () => Commands.BuildxAsync(null, Path.Combine(root, "theirs")));
    });

    /// <summary>A directory of 50,000 small files that the engine does not have. Each round has another path, and the same files.</summary>
    public static Task FirstTransferAsync(Report report) => CompareAsync(report, async (engine, service, root) =>
    {
        Write(Path.Combine(root, "0"), files: 50_000, bytes: 100, "FROM scratch\nCOPY . /files/\n");
        var number = 0;
        await MeasureAsync(
            report, service, "first transfer of 50,000 small files", 1.0,
            () => service.BuildAsync(ToJson($"{number}")), () => Commands.BuildxAsync(null, Path.Combine(root, $"{number}")),
            _ => Directory.Move(Path.Combine(root, $"{number}"), Path.Combine(root, $"{++number}")));
    });

    /// <summary>An archive of 1 GB.</summary>
    public static Task ArchiveAsync(Report report) => CompareAsync(report, async (engine, service, root) =>
    {
        var archive = Path.Combine(root, "context.tar");
        await ContextBenchmarks.WriteArchiveAsync(archive);
        await MeasureAsync(
            report, service, "1 GB archive", 1 / 0.9,
            () => service.PostFileAsync($"builds?builder=buildkit&label={EngineUnderTest.RunLabel}", archive),
            () => Commands.BuildxAsync(archive, "-"));
    });

    /// <summary>20 steps without cache.</summary>
    public static Task StepsAsync(Report report) => CompareAsync(report, async (engine, service, root) =>
    {
        var dockerfile = Path.Combine(root, "Dockerfile");
        var steps = Enumerable.Range(2, 19).Select(step => $"RUN [\"sleep\", \"0.{step:00}\"]\n");
        await File.WriteAllTextAsync(dockerfile, $"FROM {await engine.ImportShellAsync()}\n{string.Concat(steps)}");
        var request = JsonSerializer.Serialize(new
        {
            dockerfile = await File.ReadAllTextAsync(dockerfile),
            noCache = true,
            builder = "buildkit",
            label = EngineUnderTest.RunLabel,
        });
        await MeasureAsync(
            report, service, "20 steps, uncached", 1.03, () => service.BuildAsync(request),
            () => Commands.BuildxAsync(dockerfile, "--no-cache", "-"));
    });

    /// <summary>A file system of 1 GB as a tar archive.</summary>
    public static Task OutputAsync(Report report) => CompareAsync(report, async (engine, service, root) =>
    {
        var context = Path.Combine(root, "app");
        Write(context, files: 16, bytes: (int)(Gigabyte / 16), "FROM scratch\nCOPY . /\n");
        var image = "containerapi-benchmark/output:1";
        await Commands.BuildxAsync(null, "--tag", image, context);
        try
        {
            var dockerfile = Path.Combine(root, "Dockerfile");
            await File.WriteAllTextAsync(dockerfile, $"FROM {image}\n");
            await MeasureAsync(
                report, service, "`output=tar` of a 1 GB result", 1 / 0.9,
                () => Commands.RunAsync(
                    "curl", "-fsS", "--noproxy", "*", "-o", "/dev/null", "-H", "Content-Type: text/x-dockerfile", "--data-binary", "@" + dockerfile,
                    service.AddressOf("builds?output=tar")),
                () => Commands.BuildxAsync(dockerfile, "--output", "type=tar,dest=-", "-"));
        }
        finally
        {
            using var removed = await service.Http.DeleteAsync($"images/{image}");
        }
    });

    private static async Task CompareAsync(Report report, Func<EngineUnderTest, ServiceUnderTest, string, Task> compare)
    {
        await using var engine = new EngineUnderTest();
        var root = Directory.CreateTempSubdirectory("containerapi-benchmark-").FullName;
        try
        {
            await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off", "--Builds:ContextRoots:0=" + root);
            await compare(engine, service, root);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <param name="limit">How long the service may take, in durations of buildx.</param>
    /// <param name="change">Changes what a side (<c>ours</c>, <c>theirs</c>) builds, before each of its builds.</param>
    private static async Task MeasureAsync(
        Report report, ServiceUnderTest service, string what, double limit, Func<Task> ours, Func<Task> theirs, Action<string>? change = null)
    {
        var times = new Dictionary<string, List<double>> { ["ours"] = [], ["theirs"] = [] };
        await RoundAsync();
        times["ours"].Clear();
        times["theirs"].Clear();
        var before = service.Process.MemoryMegabytes;
        using var done = new CancellationTokenSource();
        var watch = service.Process.MaxMemoryAsync(done.Token);
        for (var round = 0; round < Rounds; round++)
        {
            await RoundAsync();
        }

        await done.CancelAsync();
        var rise = await watch - before;
        report.AddRatio(what + " against buildx", new Sample(times["ours"]), new Sample(times["theirs"]), limit);
        report.Add("the same: rise of the service's memory", $"{before:0} MB before", $"{rise:0} MB", "under 64 MB", rise < 64);

        async Task RoundAsync()
        {
            foreach (var (side, build) in new[] { ("ours", ours), ("theirs", theirs) })
            {
                change?.Invoke(side);
                times[side].Add((await Measure.SideBySideAsync(1, 0, build))[0].Median);
            }
        }
    }

    private static string ToJson(string path) =>
        $$"""{"path":"{{path}}","builder":"buildkit","label":"{{EngineUnderTest.RunLabel}}"}""";

    private static void Write(string root, int files, int bytes, string dockerfile)
    {
        var random = new Random(1);
        var content = new byte[bytes];
        for (var n = 0; n < files; n++)
        {
            var directory = Path.Combine(root, $"d{n / 100}");
            if (n % 100 == 0)
            {
                Directory.CreateDirectory(directory);
            }

            random.NextBytes(content);
            File.WriteAllBytes(Path.Combine(directory, $"file{n}"), content);
        }

        File.WriteAllText(Path.Combine(root, "Dockerfile"), dockerfile);
    }
}
