using System.Diagnostics;
using System.Runtime.InteropServices;
using ContainerApi.Soak;

// `make soak`: runs the service under mixed load for SOAK_MINUTES (30) with faults of its engine. Prints a table of figures; exit code 1
// if a bound is broken.
const string LoadKey = "load";
const int PollersAtOnce = 4, WatchersAtOnce = 6, BuildersAtOnce = 3, NeverReaders = 8, LogFollowers = 4;
var minutes = double.TryParse(Environment.GetEnvironmentVariable("SOAK_MINUTES"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 30;
var state = Directory.CreateTempSubdirectory("capi-soak-");
var (tally, report) = (new Tally(), new Report());
// An interrupted run still prints its table and cleans up.
using var interrupted = new CancellationTokenSource();
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
await using (var engine = await PrivateEngine.CreateAsync())
{
    var containers = new List<string>();
    for (var n = 0; n < 5; n++)
    {
        using var made = await engine.Http.PostAsJsonAsync($"v1.41/containers/create?name=soak-{n}", new JsonObject
        {
            ["Image"] = PrivateEngine.Image,
            ["Cmd"] = new JsonArray("sh", "-c", Logs.Script),
            // The containers restart with the engine.
            ["HostConfig"] = new JsonObject { ["RestartPolicy"] = new JsonObject { ["Name"] = "always" } },
        });
        made.EnsureSuccessStatusCode();
        using var started = await engine.Http.PostAsync($"v1.41/containers/soak-{n}/start", null);
        started.EnsureSuccessStatusCode();
        containers.Add($"soak-{n}");
    }

    string[] scopes =
    [
        "containers:read", "containers:write", "logs:read", "images:read", "images:write", "builds:read", "builds:write", "engines:read",
        "metrics:read",
    ];
    Attackers.CreateContext(state.FullName);
    // With a short history, the history is full before memory is compared.
    await using var service = await ServiceProcess.StartAsync(engine.Endpoint, Path.Combine(state.FullName, "builds.db"),
    [
        "--Serilog:MinimumLevel:Default=Warning", "--Builds:History:MaxBuilds=40", "--Limits:ShutdownTimeout=00:00:20",
        "--Builds:ContextRoots:0=" + state.FullName,
        .. ServiceProcess.KeyOf(0, LoadKey, scopes), .. ServiceProcess.KeyOf(1, Attackers.Key, scopes, label: "tenant=attacker"),
    ]);
    service.Http.DefaultRequestHeaders.Add(ServiceProcess.KeyHeader, LoadKey);
    var version = await engine.Http.GetFromJsonAsync<JsonObject>("version");
    var (load, builds, faults) = (new Load(service, containers, tally), new Builds(service, tally), new Faults(service, engine, tally));
    var (logs, attackers) = (new Logs(service, load, tally), new Attackers(service, load, tally));
    await LoadAsync(TimeSpan.FromSeconds(10), withFaults: false);
    var isShort = TimeSpan.FromMinutes(minutes) < Report.Start;
    var idle = await RestAsync(null);

    var readings = await LoadAsync(TimeSpan.FromMinutes(minutes), withFaults: true);

    var rested = await RestAsync(idle);
    var unfinished = JsonSerializer.Deserialize<JsonElement>(await service.Http.GetStringAsync("builds?state=running&state=queued"))
        .GetProperty("items").GetArrayLength();
    var unobserved = await service.FigureAsync("containerapi_unobserved_exceptions_total", CancellationToken.None);
    var internalErrors = service.Log.Count(l => l.Contains("internal_error", StringComparison.Ordinal));
    if (unobserved > 0 || internalErrors > 0)
    {
        Console.Error.WriteLine("The service logged:\n" + string.Join('\n', service.Log));
    }

    var (exitCode, ending, cut) = await ShutDownAsync();

    report.Add(
        "load",
        $"{tally.Of("requests"):#,0} requests, {tally.Of("engine unreachable"):#,0} of them answered engine_unavailable; "
        + $"{tally.Of("watches"):#,0} watches, {tally.Of("events read"):#,0} events");
    report.Add("logs followed and left", $"{tally.Of("logs followed"):#,0}, {tally.Of("log lines"):#,0} lines");
    report.Add(
        "clients that disconnected in mid-stream; that never read",
        $"{tally.Of("clients that left"):#,0}; {tally.Of("clients that never read"):#,0}");
    report.Add("attacks of a tenant and of clients without a key", $"{tally.Of("attacks"):#,0}");
    report.Add(
        "builds begun",
        $"{tally.Of("builds")}: {tally.Of("builds that succeeded")} succeeded, {tally.Of("builds that failed")} failed, "
        + $"{tally.Of("builds that cancelled")} cancelled; {tally.Of("commits")} commits");
    var ended = tally.Of("builds that succeeded") + tally.Of("builds that failed") + tally.Of("builds that cancelled");
    report.Add("builds lost or without an end", $"{tally.Of("builds") - ended + unfinished}", "0", tally.Of("builds") == ended && unfinished == 0);
    report.Add(
        "faults of the engine", $"{tally.Of("faults")}, slowest recovery {faults.MaxRecoveryTime.TotalSeconds:0.0} s", "≥ 1",
        tally.Of("faults") > 0);
    report.Add("violations (500, timeout, stream without a result)", $"{tally.Broken.Count}", "0", tally.Broken.Count == 0);
    report.Add("unobserved exceptions; internal errors", $"{unobserved:0}; {internalErrors}", "0; 0", unobserved == 0 && internalErrors == 0);
    report.AddFlat("resident memory by thirds of the run", readings, r => r.Holds.Megabytes, 5, " MB");
    report.AddFlat("heap by thirds", readings, r => r.HeapMegabytes, 15, " MB");
    report.Add("most threads; most open files under load", $"{readings.Max(r => r.Holds.Threads)}; {readings.Max(r => r.Holds.Files)}");
    if (!isShort)
    {
        report.Add("threads at rest, before and after", $"{idle.Threads}, {rested.Threads}", "≤ +10", rested.Threads <= idle.Threads + 10);
        report.Add("open files at rest, before and after", $"{idle.Files}, {rested.Files}", "≤ +10", rested.Files <= idle.Files + 10);
    }

    report.Add(
        "shutdown under load", $"{ending.TotalSeconds:0.0} s, exit code {exitCode}, {cut} streams without a result", "≤ 25 s, 0, 0",
        ending < TimeSpan.FromSeconds(25) && exitCode == 0 && cut == 0);
    report.Print(
        $"{DateTime.UtcNow:yyyy-MM-dd}; {readings[^1].At.TotalMinutes:0.#} minutes; {Environment.ProcessorCount} cores; "
        + $"Docker Engine {version!["Version"]}; .NET {Environment.Version}.");

    // Runs all clients at once and reads memory, threads and files every two seconds.
    async Task<IReadOnlyList<Reading>> LoadAsync(TimeSpan span, bool withFaults)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(interrupted.Token);
        end.CancelAfter(span);
        var clients = Times(PollersAtOnce, load.PollAsync).Concat(Times(WatchersAtOnce, load.WatchAsync))
            .Concat(Times(BuildersAtOnce, builds.BuildAsync)).Concat(Times(LogFollowers, logs.FollowAsync))
            .Concat(Times(NeverReaders, load.NeverReadAsync)).Append(load.ChangeAsync(end.Token)).Append(load.LeaveAsync(end.Token))
            .Concat(attackers.Run(end.Token)).Concat(withFaults ? [faults.RunAsync(end.Token)] : []).ToList();
        var (taken, began) = (new List<Reading>(), Stopwatch.GetTimestamp());
        while (!end.IsCancellationRequested)
        {
            var heap = await service.FigureAsync("dotnet_gc_last_collection_heap_size_bytes", CancellationToken.None);
            taken.Add(new Reading(Stopwatch.GetElapsedTime(began), service.Holds(), heap / 1024 / 1024));
            if (taken.Count % 15 == 0)
            {
                var counts = $"{tally.Of("requests")} requests, {tally.Of("builds")} builds, {tally.Broken.Count} broken";
                Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {taken[^1].Holds} heap {taken[^1].HeapMegabytes:0.0}; {counts}");
            }

            await Task.Delay(TimeSpan.FromSeconds(2), end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(clients);
        return taken;

        IEnumerable<Task> Times(int count, Func<CancellationToken, Task> client) => Enumerable.Range(0, count).Select(_ => client(end.Token))
            .ToList();
    }

    // Waits until connections close, which takes a minute. A list every two seconds lets the service close files of removed containers.
    async Task<Holding> RestAsync(Holding? before)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
            using var look = await service.Http.GetAsync("containers?all=true");
            var now = service.Holds();
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > (isShort ? 10 : 80)
                || (before is not null && now.Files <= before.Files && now.Threads <= before.Threads))
            {
                return now;
            }
        }
    }

    // Stops the service under load; each stream must end with a result.
    async Task<(int ExitCode, TimeSpan Took, int Cut)> ShutDownAsync()
    {
        var streams = new List<StreamReader>();
        for (var n = 0; n < 20; n++)
        {
            var isBuild = n % 5 == 4;
            using var request = new HttpRequestMessage(
                isBuild ? HttpMethod.Post : HttpMethod.Get, isBuild ? "images/build?noCache=true" : "containers/watch");
            request.Content = isBuild ? new StringContent($"FROM {PrivateEngine.Image}\nRUN sleep 600\n", null, "text/x-dockerfile") : null;
            var answer = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            answer.EnsureSuccessStatusCode();
            streams.Add(new StreamReader(await answer.Content.ReadAsStreamAsync()));
            await streams[^1].ReadLineAsync();
        }

        using var end = new CancellationTokenSource();
        var silent = load.NeverReadAsync(end.Token);
        var began = Stopwatch.GetTimestamp();
        await service.TerminateAsync();
        var lasts = await Task.WhenAll(streams.Select(async s => (await s.ReadToEndAsync()).TrimEnd().Split('\n')[^1]));
        var exit = await service.EndedAsync(TimeSpan.FromMinutes(1));
        var took = Stopwatch.GetElapsedTime(began);
        await end.CancelAsync();
        await silent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return (exit, took, lasts.Count(l => !l.Contains("\"type\":\"result\"", StringComparison.Ordinal)));
    }
}

state.Delete(recursive: true);
return report.Passed ? 0 : 1;

void Interrupt(PosixSignalContext context)
{
    context.Cancel = true;
    interrupted.Cancel();
}
