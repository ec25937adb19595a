using System.Diagnostics;

namespace ContainerApi.Soak;

/// <summary>Injects every fault into the engine in turn. The service must report the fault and recover by itself.</summary>
internal sealed class Faults(ServiceProcess service, PrivateEngine engine, Tally tally)
{
    /// <summary>The pause between two faults.</summary>
    private static readonly TimeSpan FaultInterval = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RecoveryTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The longest time between the recovery of the engine and of the service.</summary>
    public TimeSpan MaxRecoveryTime { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        var faults = new (string Name, Func<Task> Begin, bool IsUnreachable, TimeSpan Span, Func<Task> End)[]
        {
            ("paused", engine.PauseAsync, false, TimeSpan.FromSeconds(4), engine.ResumeAsync),
            ("killed", engine.KillAsync, true, TimeSpan.FromSeconds(3), engine.StartAsync),
            ("stopped", engine.StopAsync, true, TimeSpan.FromSeconds(10), engine.StartAsync),
            ("paused for long", engine.PauseAsync, true, TimeSpan.FromSeconds(25), engine.ResumeAsync),
            ("restarted", engine.StopAsync, false, TimeSpan.Zero, engine.StartAsync),
            // Open connections may still work; their state is not checked.
            ("without its socket", RemoveSocketAsync, false, TimeSpan.FromSeconds(8), async () =>
            {
                await engine.StopAsync();
                await engine.StartAsync();
            }),
        };
        for (var n = 0; await WaitAsync(stop); n++)
        {
            var fault = faults[n % faults.Length];
            Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} engine {fault.Name}");
            tally.Count("faults");
            await fault.Begin();
            var began = Stopwatch.GetTimestamp();
            await ExpectAsync("healthz", [200], fault.Name);
            if (fault.IsUnreachable)
            {
                await ExpectAsync("readyz", [503, 504], fault.Name);
                await ExpectAsync("containers", [503, 504], fault.Name);
                await ExpectAsync("engines", [200], fault.Name);
            }

            var rest = fault.Span - Stopwatch.GetElapsedTime(began);
            await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, CancellationToken.None);
            await fault.End();
            await RecoversAsync(fault.Name);
        }
    }

    /// <summary>Waits, with a timeout, until the service reports no fault.</summary>
    private async Task RecoversAsync(string fault)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            using var limited = new CancellationTokenSource(AnswerTimeout);
            try
            {
                using var ready = await service.Http.GetAsync("readyz", limited.Token);
                if (ready.IsSuccessStatusCode)
                {
                    await ExpectAsync("containers", [200], "running again after it was " + fault);
                    var took = Stopwatch.GetElapsedTime(began);
                    MaxRecoveryTime = took > MaxRecoveryTime ? took : MaxRecoveryTime;
                    return;
                }
            }
            catch (OperationCanceledException)
            {
            }

            if (Stopwatch.GetElapsedTime(began) > RecoveryTimeout)
            {
                tally.Break($"The service did not recover after the engine was {fault}");
                return;
            }

            await Task.Delay(50);
        }
    }

    private async Task ExpectAsync(string path, IReadOnlyList<int> statuses, string fault)
    {
        using var limited = new CancellationTokenSource(AnswerTimeout);
        try
        {
            using var answer = await service.Http.GetAsync(path, limited.Token);
            var body = await answer.Content.ReadAsStringAsync(limited.Token);
            if (!statuses.Contains((int)answer.StatusCode) || (path == "engines" && body.Contains("\"state\":\"ok\"", StringComparison.Ordinal)))
            {
                tally.Break($"/{path} answered {(int)answer.StatusCode} while the engine was {fault}: {body[..Math.Min(body.Length, 300)]}");
            }
        }
        catch (OperationCanceledException)
        {
            tally.Break($"/{path} did not answer while the engine was {fault}");
        }
    }

    private Task RemoveSocketAsync()
    {
        File.Delete(engine.SocketPath);
        return Task.CompletedTask;
    }

    private static async Task<bool> WaitAsync(CancellationToken stop)
    {
        await Task.Delay(FaultInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stop.IsCancellationRequested;
    }
}
