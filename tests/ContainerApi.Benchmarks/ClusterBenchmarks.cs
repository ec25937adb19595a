using System.Diagnostics;
using ContainerApi.Stubs;
using ContainerApi.Tests.Engine;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Benchmarks;

/// <summary>One replica among stubs of other replicas, which are in this process and answer at once.</summary>
internal static class ClusterBenchmarks
{
    private const int ListPeers = 100;
    private const int WatchPeers = 20;
    private const int Watchers = 100;
    private const int Containers = 100;
    private const int WatchedContainers = 30;
    private static readonly TimeSpan DefaultListTimeout = TimeSpan.FromMilliseconds(300);

    public static async Task ClusterAsync(Report report)
    {
        var list = await TemplateAsync();
        await ListsAsync(report, list);
        await WatchAsync(report, list);
        await SilenceAsync(report, list);
    }

    /// <summary>A context of 1 GB for another replica's engine, against the same to that replica.</summary>
    public static async Task ForwardedAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var idle = await DockerApiStub.StartAsync();
        using var authority = new TestAuthority();
        var archive = Path.GetTempFileName();
        try
        {
            string[] peers = [.. PeerSettings(authority, 1, 2)];
            await using var owner = await ServiceUnderTest.StartAsync(
                engine.EndpointText, "off", ["--Engines:0:Name=node2", $"--Cluster:Listen=https://{AddressOf(2)}", .. peers]);
            await using var front = await ServiceUnderTest.StartAsync(
                idle.Endpoint, "off", ["--Engines:0:Name=node1", $"--Cluster:Listen=https://{AddressOf(1)}", .. peers]);
            await ContextBenchmarks.WriteArchiveAsync(archive);
            await front.GetAsync("engines");
            var times = await Measure.SideBySideAsync(5, 1,
                () => front.PostFileAsync("images/build?builder=classic&engine=node2", archive),
                () => owner.PostFileAsync("images/build?builder=classic&engine=node2", archive));
            var ratio = times[1].Median / times[0].Median;
            report.Add(
                "1 GB context to another replica's engine, against the same to that replica, throughput", $"{times[0]} against {times[1]}",
                Report.Times(ratio), "at least 0.8 ×", ratio >= 0.8);
        }
        finally
        {
            File.Delete(archive);
        }
    }

    /// <summary>The list of a service with a stub engine: the rows of every stub are these.</summary>
    private static async Task<JsonObject> TemplateAsync()
    {
        using var engine = StubProcess.Start(Containers);
        await using var service = await ServiceUnderTest.StartAsync(engine.Endpoint, "off");
        return (await service.Http.GetFromJsonAsync<JsonObject>("containers"))!;
    }

    private static async Task ListsAsync(Report report, JsonObject template)
    {
        // The stubs share the cores, so that their answers may come later than within the default.
        await using var stage = await Stage.StartAsync(template, ListPeers, Containers, "00:00:05");
        await stage.WarmUpAsync();
        var times = await Measure.SideBySideAsync(9, 2, () => stage.ListAsync("containers"), () => stage.ListAsync("containers?include=none"));
        report.Add(
            $"{ListPeers} stub peers × {Containers} containers: full list", $"{times[0]}", "", "1.0 s", times[0].Median <= 1000);
        report.Add("the same, `include=none`", $"{times[1]}", "", "0.4 s", times[1].Median <= 400);
        var memory = stage.Service.Process.MemoryMegabytes;
        report.Add("the same, memory of the called replica", $"{memory:0} MB", "", "under 400 MB", memory < 400);
    }

    private static async Task WatchAsync(Report report, JsonObject template)
    {
        var span = TimeSpan.FromSeconds(10);
        await using var stage = await Stage.StartAsync(template, WatchPeers, WatchedContainers);
        await stage.WarmUpAsync();
        using var leaving = new CancellationTokenSource();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = stage.Service.Http.BaseAddress };
        var bytes = 0L;
        var watching = Enumerable.Range(0, Watchers).Select(_ => Task.Run(async () =>
        {
            try
            {
                using var response = await http.GetAsync("containers/watch?interval=1", HttpCompletionOption.ResponseHeadersRead, leaving.Token);
                await using var body = await response.Content.ReadAsStreamAsync(leaving.Token);
                var buffer = new byte[256 * 1024];
                while (await body.ReadAsync(buffer, leaving.Token) is var read and > 0)
                {
                    Interlocked.Add(ref bytes, read);
                }
            }
            catch (OperationCanceledException)
            {
                // The watcher left.
            }
        })).ToList();
        await Task.Delay(span / 2);
        var (cpu, before, started) = (stage.Service.Process.CpuTime, Interlocked.Read(ref bytes), Stopwatch.GetTimestamp());
        await Task.Delay(span);
        var elapsed = Stopwatch.GetElapsedTime(started);
        var cores = (stage.Service.Process.CpuTime - cpu) / elapsed;
        var rate = (Interlocked.Read(ref bytes) - before) / elapsed.TotalSeconds / 1e6;
        var streams = stage.Peers.Sum(p => p.Open);
        await leaving.CancelAsync();
        await Task.WhenAll(watching);
        report.Add(
            $"{Watchers} watchers of {WatchPeers} stub peers × {WatchedContainers} containers, samples each second ({rate:0} MB/s to the watchers)",
            $"{streams} streams, {cores:0.00} cores", "", $"{WatchPeers} streams, under 1 core", streams == WatchPeers && cores < 1);
    }

    private static async Task SilenceAsync(Report report, JsonObject template)
    {
        await using var stage = await Stage.StartAsync(template, 3, WatchedContainers);
        await stage.WarmUpAsync();
        const string Path = "containers";
        var all = (await Measure.SideBySideAsync(30, 10, () => stage.ListAsync(Path)))[0];
        var dead = stage.Peers[0];
        var (firsts, backs, known) = (new List<double>(), new List<double>(), all);
        for (var round = 0; round < 6; round++)
        {
            dead.IsSilent = true;
            var started = Stopwatch.GetTimestamp();
            await stage.ListAsync(Path, expectComplete: false);
            firsts.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            known = (await Measure.SideBySideAsync(30, 0, () => stage.ListAsync(Path, expectComplete: false)))[0];
            dead.IsSilent = false;
            started = Stopwatch.GetTimestamp();
            while (!await stage.IsCompleteAsync(Path))
            {
                await Task.Delay(20);
            }

            backs.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        // The first round is a warm-up.
        var (first, back) = (new Sample(firsts.Skip(1)), backs.Max());
        var limit = DefaultListTimeout.TotalMilliseconds + 50;
        report.Add("first list after a replica fell silent", $"{first}", "", $"ListTimeout + 50 ms: {limit} ms",
            first.Median <= limit);
        report.AddRatio("list with one of 3 stub peers silent and known, against all answering", known, all, 1.0);
        report.Add("a replica that answers again is in the lists", $"{back:0.00} s", "", "within 2 s", back <= 2);
        await Task.Delay(TimeSpan.FromSeconds(3));
        var calls = stage.Peers.Sum(p => p.Calls.Count);
        await Task.Delay(TimeSpan.FromSeconds(20));
        var made = stage.Peers.Sum(p => p.Calls.Count) - calls;
        report.Add("20 s without a client, calls between replicas", $"{made}", "", "none", made == 0);
    }

    private static string AddressOf(int n) => $"127.77.{n / 250}.{(n % 250) + 1}:8443";

    private static IEnumerable<string> PeerSettings(TestAuthority authority, int first, int count)
    {
        using var certificate = authority.Peer();
        var (file, key) = authority.Write(certificate, "peer");
        return
        [
            $"--Cluster:CaFile={authority.CaFile}", $"--Cluster:CertificateFile={file}", $"--Cluster:KeyFile={key}",
            .. Enumerable.Range(first, count).Select(n => $"--Cluster:Peers:{n - first}=https://{AddressOf(n)}"),
        ];
    }

    private sealed class Stage(TestAuthority authority, DockerApiStub engine, ServiceUnderTest service, IReadOnlyList<PeerStub> peers)
        : IAsyncDisposable
    {
        public ServiceUnderTest Service => service;

        public IReadOnlyList<PeerStub> Peers => peers;

        /// <summary>Starts stubs, and a service with an engine without containers.</summary>
        public static async Task<Stage> StartAsync(JsonObject template, int count, int containers, string? listTimeout = null)
        {
            var authority = new TestAuthority();
            var engine = await DockerApiStub.StartAsync();
            string[] settings =
            [
                $"--Cluster:Listen=https://{AddressOf(0)}", .. PeerSettings(authority, 1, count),
                .. listTimeout is null ? [] : (string[])[$"--Cluster:ListTimeout={listTimeout}"],
            ];
            var peers = await Task.WhenAll(Enumerable.Range(1, count).Select(n => PeerAsync(authority, template, n, containers)));
            return new Stage(authority, engine, await ServiceUnderTest.StartAsync(engine.Endpoint, "off", settings), peers);
        }

        public async Task WarmUpAsync()
        {
            for (var n = 0; n < 100 && !await IsCompleteAsync("containers"); n++)
            {
                await Task.Delay(100);
            }
        }

        public async Task ListAsync(string path, bool expectComplete = true)
        {
            var text = await service.Http.GetByteArrayAsync(path);
            if (expectComplete != text.AsSpan().EndsWith("\"complete\":true}"u8))
            {
                throw new InvalidOperationException("The list is " + (expectComplete ? "incomplete." : "complete."));
            }
        }

        public async Task<bool> IsCompleteAsync(string path) =>
            (await service.Http.GetByteArrayAsync(path)).AsSpan().EndsWith("\"complete\":true}"u8);

        public async ValueTask DisposeAsync()
        {
            await service.DisposeAsync();
            foreach (var peer in peers)
            {
                await peer.DisposeAsync();
            }

            await engine.DisposeAsync();
            authority.Dispose();
        }

        private static Task<PeerStub> PeerAsync(TestAuthority authority, JsonObject template, int n, int count)
        {
            var name = $"node{n}";
            var rows = template["items"]!.AsArray().Take(count).Select(c => c!.DeepClone().AsObject()).ToList();
            rows.ForEach(c => c["engine"] = name);
            var samples = rows.Select(c => new JsonObject
            {
                ["engine"] = name,
                ["containerId"] = c["id"]!.DeepClone(),
                ["status"] = c["status"]!.DeepClone(),
                ["processes"] = c["processes"]!.DeepClone(),
                ["network"] = c["network"]!.DeepClone(),
                ["usage"] = c["usage"]!.DeepClone(),
            }.ToJsonString());
            var items = string.Join(',', rows.Select(c => c.ToJsonString()));
            var full = Encoding.UTF8.GetBytes(PeerStub.List(name, count, items));
            var snapshot = Encoding.UTF8.GetBytes(PeerStub.Snapshot(name, items));
            var sample = Encoding.UTF8.GetBytes(
                $$"""{"type":"sample","seq":"2","at":"2026-11-29T12:00:00Z","items":[{{string.Join(',', samples)}}]}""" + "\n");
            foreach (var section in (string[])["processes", "network", "usage"])
            {
                rows.ForEach(c => c.Remove(section));
            }

            var bare = Encoding.UTF8.GetBytes(PeerStub.List(name, count, string.Join(',', rows.Select(c => c.ToJsonString()))));
            return PeerStub.StartAsync(IPEndPoint.Parse(AddressOf(n)), authority.Peer(), name, AnswerAsync);

            async Task AnswerAsync(HttpContext http)
            {
                if (!http.Request.Path.Value!.EndsWith("/watch", StringComparison.Ordinal))
                {
                    var body = http.Request.Query["include"] == "none" ? bare : full;
                    http.Response.ContentLength = body.Length;
                    await http.Response.Body.WriteAsync(body, http.RequestAborted);
                    return;
                }

                await http.Response.Body.WriteAsync(snapshot, http.RequestAborted);
                using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
                do
                {
                    await http.Response.Body.FlushAsync(http.RequestAborted);
                    await timer.WaitForNextTickAsync(http.RequestAborted);
                    await http.Response.Body.WriteAsync(sample, http.RequestAborted);
                }
                while (true);
            }
        }
    }
}
