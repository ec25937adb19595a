using System.Threading.Channels;

namespace ContainerApi.Tests.Containers.Logs;

public sealed class LogFollowTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly FakeLogs _logs = new();
    private readonly Channel<ContainerEvent> _events = Channel.CreateUnbounded<ContainerEvent>();
    private volatile IReadOnlyList<ContainerFacts> _containers = [Facts.Container('1', "web")];
    private volatile bool _isDown;

    [Fact]
    public async Task Followed_log_continues_after_a_restart()
    {
        await using var host = new ApiHost(Engine());
        _logs.Add('1', 1, "a");
        using var reader = await FollowAsync(host, "/containers/web/logs?follow=true");
        Assert.Equal("line a", await NextAsync(reader));

        _logs.Stop('1');
        Change([Facts.Container('1', "web", ContainerStates.Exited)]);
        Assert.Equal("ended", await NextAsync(reader));

        _logs.Restart('1');
        _logs.Add('1', 2, "b");
        Change([Facts.Container('1', "web")]);
        Assert.Equal("line b", await NextAsync(reader));
    }

    [Fact]
    public async Task Stream_of_a_removed_container_ends()
    {
        await using var host = new ApiHost(Engine());
        _logs.Add('1', 1, "a");
        using var reader = await FollowAsync(host, "/containers/web/logs?follow=true");
        Assert.Equal("line a", await NextAsync(reader));

        Change([]);
        _logs.Stop('1');

        Assert.Equal("ended", await NextAsync(reader));
        Assert.Equal("result", await NextAsync(reader));
        Assert.Null(await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Container_that_appears_joins_with_its_first_line()
    {
        await using var host = new ApiHost(Engine());
        _logs.Add('1', 1, "a");
        using var reader = await FollowAsync(host, "/logs?follow=true");
        Assert.Equal("line a", await NextAsync(reader));

        _logs.Add('2', 2, "b");
        Change([Facts.Container('1', "web"), Facts.Container('2', "db")]);

        Assert.Equal("line b", await NextAsync(reader));
    }

    [Fact]
    public async Task Followed_log_continues_after_its_engine_answers_again()
    {
        await using var host = new ApiHost(Engine());
        _logs.Add('1', 1, "a");
        using var reader = await FollowAsync(host, "/containers/web/logs?follow=true");
        Assert.Equal("line a", await NextAsync(reader));

        _isDown = true;
        _logs.Stop('1');
        _events.Writer.TryWrite(new ContainerEvent(Facts.Id('1'), "die", default));
        Assert.Equal("engine unavailable", await NextAsync(reader));

        _logs.Add('1', 1, "same time").Add('1', 2, "b");
        _logs.Restart('1');
        _isDown = false;
        _events.Writer.TryWrite(new ContainerEvent(Facts.Id('1'), "start", default));

        Assert.Equal(["engine ok", "line b", "line same time"], (await ManyAsync(reader, 3)).Order());
    }

    [Fact]
    public async Task Lines_of_several_containers_are_in_order_of_time()
    {
        _containers = [Facts.Container('1', "web"), Facts.Container('2', "db")];
        _logs.Add('1', 1, "a").Add('1', 3, "c").Add('2', 2, "b").Add('2', 4, "d");
        // The time stands still: no line may go before both logs have arrived.
        var clock = new TestClock();
        await using var host = new ApiHost(limits: null, clock, new Dictionary<string, string?>(), Engine());
        using var reader = await FollowAsync(host, "/logs?follow=true");

        Assert.Equal(["line a", "line b", "line c"], await ManyAsync(reader, 3));
        var last = NextAsync(reader);
        while (await Task.WhenAny(last, Task.Delay(1)) != last)
        {
            clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal("line d", await last);
    }

    [Fact]
    public async Task Client_that_leaves_ends_the_call_of_the_engine()
    {
        var ended = new TaskCompletionSource();
        var engine = Engine();
        engine.ReadLogs = (id, range, token) =>
        {
            token.Register(() => ended.TrySetResult());
            return _logs.ReadAsync(id, range, token);
        };
        await using var host = new ApiHost(engine);
        _logs.Add('1', 1, "a");
        using (var reader = await FollowAsync(host, "/containers/web/logs?follow=true"))
        {
            Assert.Equal("line a", await NextAsync(reader));
        }

        await ended.Task.WaitAsync(Deadline);
    }

    private FakeEngine Engine()
    {
        var engine = Facts.Engine();
        engine.ListContainers = (_, _) => _isDown ? throw Unavailable() : Task.FromResult(_containers);
        engine.ReadLogs = (id, range, token) => _isDown ? throw Unavailable() : _logs.ReadAsync(id, range, token);
        engine.WatchContainers = WatchAsync;
        return engine;
    }

    private static EngineException Unavailable() => new(ErrorCode.EngineUnavailable, "local", "The engine cannot be reached.");

    private async IAsyncEnumerable<ContainerEvent> WatchAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return ContainerEvent.Subscribed;
        await foreach (var happened in _events.Reader.ReadAllAsync(cancellationToken))
        {
            yield return happened;
        }
    }

    private void Change(IReadOnlyList<ContainerFacts> containers)
    {
        _containers = containers;
        _events.Writer.TryWrite(new ContainerEvent(Facts.Id('1'), "change", default));
    }

    private static async Task<StreamReader> FollowAsync(ApiHost host, string address)
    {
        var response = await host.Client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Deadline);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new StreamReader(await response.Content.ReadAsStreamAsync());
    }

    private static async Task<List<string>> ManyAsync(StreamReader reader, int count)
    {
        var all = new List<string>();
        while (all.Count < count)
        {
            all.Add(await NextAsync(reader));
        }

        return all;
    }

    /// <summary>The type of the next event, with its text or state.</summary>
    private static async Task<string> NextAsync(StreamReader reader)
    {
        // Heartbeats do not extend the time.
        using var limited = new CancellationTokenSource(Deadline);
        while (true)
        {
            var line = await reader.ReadLineAsync(limited.Token);
            var happened = JsonSerializer.Deserialize<JsonElement>(line!);
            switch (LogHttpTests.Text(happened, "type"))
            {
                case "heartbeat":
                    continue;
                case "line":
                    return "line " + LogHttpTests.Text(happened, "text");
                case "engine":
                    return "engine " + LogHttpTests.Text(happened.GetProperty("engine"), "state");
                case var other:
                    return other!;
            }
        }
    }
}
