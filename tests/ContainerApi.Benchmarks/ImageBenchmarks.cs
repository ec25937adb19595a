namespace ContainerApi.Benchmarks;

/// <summary>Archives of images, and compressed lists, compared with the engine.</summary>
internal static class ImageBenchmarks
{
    private const int Clients = 64;
    private const int LoadRounds = 3;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(4);

    /// <summary>An image of 1 GB: curl to the service compared with <c>docker save</c>. The first round is a warm-up.</summary>
    public static async Task SaveAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        var archive = Path.GetTempFileName();
        var image = $"containerapi-benchmark/save:{Guid.NewGuid():n}";
        try
        {
            await ContextBenchmarks.WriteArchiveAsync(archive);
            await Commands.RunAsync(
                "curl", "-fsS", "-o", "/dev/null", "-X", "POST", "-H", "Content-Type: application/x-tar", "--noproxy", "*", "-T", archive,
                service.AddressOf($"images/import?tag={image}&change=LABEL%20{Uri.EscapeDataString(EngineUnderTest.RunLabel)}"));
            var idle = service.Process.MemoryMegabytes;
            using var done = new CancellationTokenSource();
            var watch = service.Process.MaxMemoryAsync(done.Token);
            var times = await Measure.SideBySideAsync(5, 1,
                () => Commands.RunAsync("curl", "-fsS", "--noproxy", "*", "-o", "/dev/null", service.AddressOf($"images/{image}?format=tar")),
                () => Commands.RunAsync("sh", "-c", "exec docker -H \"$1\" save \"$2\" >/dev/null", "sh", engine.EndpointText, image));
            await done.CancelAsync();
            var max = await watch;
            var ratio = times[1].Median / times[0].Median;
            report.Add(
                "save of a 1 GB image against `docker save`, throughput", $"{times[0]} against {times[1]}", Report.Times(ratio), "at least 0.9 ×",
                ratio >= 0.9);
            report.Add(
                "memory growth during the save", $"{idle:0} MB to {max:0} MB", $"{max - idle:0} MB", "under 64 MB", max - idle < 64);
        }
        finally
        {
            File.Delete(archive);
            using var removed = await service.Http.DeleteAsync($"images/{image}");
        }
    }

    /// <summary>Clients that poll a compressed list compared with clients of the engine's list.</summary>
    public static async Task CompressedAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "auto");
        await engine.StartContainersAsync(50);
        var plain = await service.ReadLengthAsync("containers?maxAge=1", "identity");
        var gzip = await service.ReadLengthAsync("containers?maxAge=1", "gzip");
        var (raw, compressed) = (new List<double>(), new List<double>());
        for (var round = 0; round < LoadRounds; round++)
        {
            raw.Add((await Measure.LoadAsync(Clients, Load, engine.ListAsync)).PerSecond);
            compressed.Add((await Measure.LoadAsync(Clients, Load, () => service.ReadLengthAsync("containers?maxAge=1", "gzip"))).PerSecond);
        }

        var ratio = compressed.Average() / raw.Average();
        report.Add(
            $"{Clients} clients polling the list with `maxAge=1` and `Accept-Encoding: gzip` against {Clients} on the engine's list",
            $"{compressed.Average():0} against {raw.Average():0} per second", Report.Times(ratio), "at least 60 ×", ratio >= 60);
        report.Add("bytes of the compressed list", $"{gzip} of {plain}", $"{100.0 * gzip / plain:0.0} %", "at most 12 %", gzip <= 0.12 * plain);
    }
}
