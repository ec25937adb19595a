using ContainerApi.Stubs;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Calls that an engine can do only one of, or that disturb each other.</summary>
public sealed class SharedCallTests : StubEngineTests
{
    private const string Id = "1111111111111111111111111111111111111111111111111111111111111111";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Disk_usage_is_calculated_once_for_all_who_wait_and_survives_the_first_caller()
    {
        await StartAsync();
        var started = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var calls = 0;
        var aborted = 0;
        Stub.When("/system/df", async http =>
        {
            Interlocked.Increment(ref calls);
            using var count = http.RequestAborted.Register(() => Interlocked.Increment(ref aborted));
            started.TrySetResult();
            await gate.Task;
            return await Behaviours.Answer(200, "{}")(http);
        });
        using var leaving = new CancellationTokenSource();
        var first = Engine.ReadDiskAsync(false, leaving.Token);
        await started.Task.WaitAsync(Deadline);
        var others = Enumerable.Range(0, 20).Select(_ => Engine.ReadDiskAsync(false, CancellationToken.None)).ToList();

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();
        await Task.WhenAll(others).WaitAsync(Deadline);

        Assert.Equal((2, 0), (calls, aborted));
    }

    [Fact]
    public async Task Disk_usage_waits_for_the_calculation_of_another_client()
    {
        await StartAsync();
        Stub.When("/system/df", Behaviours.Error(500, "a disk usage operation is already running").Times(1));
        Stub.When("/system/df", Behaviours.Answer(200, """{"LayersSize":7,"Images":[]}"""));

        Assert.Equal(7, (await Engine.ReadDiskAsync(false, CancellationToken.None).WaitAsync(Deadline)).Images!.SizeBytes);
    }

    [Fact]
    public async Task Size_of_a_container_is_read_once_for_all_who_wait()
    {
        await StartAsync();
        var gate = new TaskCompletionSource();
        var calls = 0;
        Stub.When("/containers/{id}/json", async http =>
        {
            Interlocked.Increment(ref calls);
            await gate.Task;
            return await Behaviours.Answer(200, $$"""{"Id":"{{Id}}","Name":"/web","SizeRw":5}""")(http);
        });
        var reads = Enumerable.Range(0, 20).Select(_ => ReadSizeAsync()).ToList();

        gate.SetResult();
        await Task.WhenAll(reads).WaitAsync(Deadline);

        // Two run at once. The others share the next one.
        Assert.InRange(calls, 1, 3);
        Assert.All(reads, r => Assert.Null(r.Result.Failure));

        async Task<ContainerInspection> ReadSizeAsync()
        {
            await foreach (var read in Engine.InspectContainersAsync([Id], size: true, timeout: Deadline, CancellationToken.None))
            {
                return read;
            }

            throw new InvalidOperationException();
        }
    }

    [Fact]
    public async Task Prune_is_refused_while_a_classic_build_runs_and_a_build_waits_for_a_prune()
    {
        await StartAsync();
        var building = new TaskCompletionSource();
        var endBuild = new TaskCompletionSource();
        var pruning = new TaskCompletionSource();
        var endPrune = new TaskCompletionSource();
        Stub.When("/build", async http =>
        {
            building.TrySetResult();
            await endBuild.Task;
            return await Behaviours.Answer(200, """{"aux":{"ID":"sha256:a"}}""")(http);
        });
        Stub.When("/images/prune", async http =>
        {
            pruning.TrySetResult();
            await endPrune.Task;
            return await Behaviours.Answer(200, "{}")(http);
        });
        Stub.When("/images/json", Behaviours.Answer(200, "[]"));
        var build = BuildAsync();
        await building.Task.WaitAsync(Deadline);

        using (var refused = await Host.Client.PostTextAsync("/images/prune", "{}"))
        {
            await refused.ReadProblemAsync(HttpStatusCode.Conflict, "build_running");
        }

        endBuild.SetResult();
        await build.WaitAsync(Deadline);
        var prune = Host.Client.PostTextAsync("/images/prune", "{}");
        await pruning.Task.WaitAsync(Deadline);
        building = new TaskCompletionSource();
        var next = BuildAsync();
        Assert.False(building.Task.IsCompleted);
        endPrune.SetResult();
        (await prune.WaitAsync(Deadline)).Dispose();
        await next.WaitAsync(Deadline);
        Assert.True(building.Task.IsCompleted);

        async Task BuildAsync()
        {
            using var response = await Host.Client.PostTextAsync(
                "/images/build?stream=false&builder=classic", "FROM scratch\n", "text/x-dockerfile");
            await response.Content.ReadAsStringAsync();
        }
    }
}
