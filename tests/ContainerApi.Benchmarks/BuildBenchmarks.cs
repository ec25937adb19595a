using System.Formats.Tar;

namespace ContainerApi.Benchmarks;

/// <summary>Builds through the service compared with the engine's API and the same builder.</summary>
internal static class BuildBenchmarks
{
    private const int Rounds = 5;

    /// <summary>20 steps without cache: through the service, through the engine's API and with <c>docker build</c>, whose ratio counts.</summary>
    public static async Task TwentyStepsAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        var context = Context(await engine.ImportShellAsync());
        var label = EngineUnderTest.RunLabel.Split('=');
        var labels = Uri.EscapeDataString(JsonSerializer.Serialize(new Dictionary<string, string> { [label[0]] = label[1] }));
        foreach (var (builder, version) in new[] { ("classic", "version=1&rm=1&forcerm=1"), ("buildkit", "version=2") })
        {
            var (byEngine, byService) = (new List<double>(), new List<double>());
            var (engineQuery, serviceQuery) =
                ($"{version}&nocache=1&labels={labels}", $"builder={builder}&noCache=true&label={EngineUnderTest.RunLabel}");
            var times = await Measure.SideBySideAsync(Rounds, 1,
                async () => byEngine.Add((await engine.BuildAsync(engineQuery, context)).TotalMilliseconds),
                async () => byService.Add((await service.BuildAsync(serviceQuery, context)).TotalMilliseconds),
                () => Commands.DockerBuildAsync(
                    engine.EndpointText, builder == "buildkit", ["--no-cache", "--label", EngineUnderTest.RunLabel, "-"], context));
            report.AddRatio($"a build of 20 steps, {builder}, against `docker build`", times[1], times[2], 1.03);
            report.AddComparison(
                "against the engine's own call", $"{times[1]} against {times[0]}", Report.Times(times[1].Median / times[0].Median));
            var (first, firstOwn) = (new Sample(byService.Skip(1)), new Sample(byEngine.Skip(1)));
            var later = first.Median - firstOwn.Median;
            report.Add(
                $"its first event, {builder}, against the engine's first byte", $"{first} against {firstOwn}", $"{later:0.0} ms later",
                "under 50 ms later", later < 50);
        }
    }

    private static byte[] Context(string image)
    {
        var dockerfile = new StringBuilder($"FROM {image}\n");
        for (var step = 2; step <= 20; step++)
        {
            dockerfile.Append(CultureInfo.InvariantCulture, $"RUN [\"sleep\", \"0.0{step}\"]\n");
        }

        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            var content = new MemoryStream(Encoding.UTF8.GetBytes(dockerfile.ToString()));
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "Dockerfile") { DataStream = content });
        }

        return archive.ToArray();
    }
}
