using System.Globalization;
using System.Net;
using System.Text.Json;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Containers.Watch;

/// <summary>The watch applies the filters of the list, on the Docker API stub.</summary>
public sealed class WatchFilterTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private DockerApiStub _engine = null!;
    private DockerEngine _adapter = null!;
    private ApiHost _host = null!;

    public async Task InitializeAsync()
    {
        _engine = await DockerApiStub.StartAsync();
        _adapter = new DockerEngine(new EngineOptions { Name = "local", Endpoint = _engine.Endpoint }, TimeProvider.System);
        _host = new ApiHost(_adapter);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _adapter.Dispose();
        await _engine.DisposeAsync();
    }

    [Theory]
    [InlineData("", "web,sick,db")]
    [InlineData("all=true", "web,sick,db,old")]
    [InlineData("state=exited", "old")]
    [InlineData("state=exited,paused", "db,old")]
    [InlineData("health=unhealthy", "sick")]
    [InlineData("health=healthy,unhealthy", "web,sick")]
    [InlineData("health=none", "db")]
    [InlineData("image=nginx:1", "web,sick")]
    [InlineData("image=nginx:1&all=true", "web,sick,old")]
    [InlineData("image=nginx:1&health=healthy", "web")]
    [InlineData("network=back", "sick,db")]
    [InlineData("network=nowhere", "")]
    [InlineData("port=80", "web,sick")]
    [InlineData("port=8080/tcp", "web")]
    [InlineData("port=80/udp", "")]
    [InlineData("name=b", "web,db")]
    [InlineData("label=team", "web,db")]
    [InlineData("label=team&label=team%3Dblue%3D1", "db")]
    [InlineData("label=team%3D", "")]
    public async Task The_snapshot_equals_the_list(string query, string expected)
    {
        AddFleet();

        var listed = await _host.GetJsonAsync($"/containers?include=none&sort=createdAt&{query}");
        using var watch = await WatchAsync(query);
        var snapshot = await watch.NextAsync("snapshot");

        Assert.Equal(expected, Names(listed.GetProperty("items").EnumerateArray()));
        Assert.Equal(expected, Names(snapshot.GetProperty("items").EnumerateArray().Reverse()));
    }

    [Theory]
    [InlineData("health=bad", "health")]
    [InlineData("image=UPPER", "image")]
    [InlineData("network=.x", "network")]
    [InlineData("port=0", "port")]
    [InlineData("name=a%20b", "name")]
    [InlineData("label=%3Dx", "label")]
    [InlineData("state=up", "state")]
    [InlineData("include=none,usage", "include")]
    [InlineData("sort=name", "sort")]
    public async Task An_invalid_value_is_a_400_without_an_engine_call(string query, string field)
    {
        using var answer = await _host.Client.GetAsync("/containers/watch?" + query);

        var problem = await answer.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
        Assert.Empty(_engine.Calls.All);
    }

    [Fact]
    public async Task Filters_that_only_the_engine_evaluates_add_and_remove()
    {
        AddFleet();
        var db = _engine.Containers.Find("db")!;
        using var watch = await WatchAsync("health=unhealthy");
        await watch.NextAsync("snapshot");

        // Its list does not tell a paused container's health: the engine does when it is asked for it.
        db.Health = "unhealthy";
        _engine.Events.Emit(db, "health_status");
        Assert.Equal("db", (await watch.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());

        db.Health = "healthy";
        _engine.Events.Emit(db, "health_status");
        Assert.Equal("db", (await watch.NextAsync("removed")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Only_a_new_container_of_a_descendant_image_is_added()
    {
        AddFleet();
        using var watch = await WatchAsync("image=nginx:1");
        await watch.NextAsync("snapshot");

        _engine.Events.Emit(_engine.Containers.Add(With(8, "other", image: "busybox:latest")), "create");
        _engine.Events.Emit(_engine.Containers.Add(With(9, "child", image: "nginx:1")), "create");

        Assert.Equal("child", (await watch.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Equal_selections_cost_one_list_per_change()
    {
        AddFleet();
        var watches = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => WatchAsync("image=nginx:1&interval=1", "usage")));
        await Task.WhenAll(watches.Select(w => w.NextAsync("snapshot")));
        _engine.Calls.Clear();

        // Two samples: the list was read twice, and was what it had been.
        await Task.WhenAll(watches.Select(w => w.NextAsync("sample")));
        await Task.WhenAll(watches.Select(w => w.NextAsync("sample")));
        Assert.Equal(0, Questions());

        _engine.Events.Emit(_engine.Containers.Add(With(9, "child", image: "nginx:1")), "create");
        await Task.WhenAll(watches.Select(w => w.NextAsync("added")));

        Assert.InRange(Questions(), 1, 2);
        watches.ToList().ForEach(w => w.Dispose());
    }

    [Fact]
    public async Task A_resumed_watch_gets_missed_events_of_its_filters()
    {
        AddFleet();
        using var stays = await WatchAsync("image=nginx:1");
        var last = (await stays.NextAsync("snapshot")).GetProperty("id").GetString();
        _engine.Events.Emit(_engine.Containers.Add(With(9, "child", image: "nginx:1")), "create");
        await stays.NextAsync("added");

        using var resumes = await WatchAsync("image=nginx:1&lastEventId=" + last);
        Assert.Equal("child", (await resumes.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());

        // Nobody asked this then, so that nobody knows what it would have been answered.
        using var other = await WatchAsync("network=back&lastEventId=" + last);
        Assert.Equal("sick,db", Names((await other.NextAsync("snapshot")).GetProperty("items").EnumerateArray().Reverse()));
    }

    [Fact]
    public async Task A_failed_selection_is_retried()
    {
        AddFleet();
        using var watch = await WatchAsync("image=nginx:1");
        await watch.NextAsync("snapshot");

        using (_engine.When(c => c.Query.Contains("ancestor", StringComparison.Ordinal), Behaviours.Error(500, "no").Times(1)))
        {
            _engine.Events.Emit(_engine.Containers.Add(With(9, "child", image: "nginx:1")), "create");

            Assert.Equal("child", (await watch.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());
        }
    }

    private void AddFleet()
    {
        _engine.Containers.Add(With(1, "web", image: "nginx:1", health: "healthy", labels: new() { ["team"] = "blue" }, ports: [new(80, "0.0.0.0", 8080)]));
        _engine.Containers.Add(With(2, "sick", image: "nginx:1", health: "unhealthy", networks: ["front", "back"], ports: [new(80)]));
        _engine.Containers.Add(With(3, "db", state: "paused", networks: ["back"], labels: new() { ["team"] = "blue=1" }));
        _engine.Containers.Add(With(4, "old", image: "nginx:1", state: "exited"));
    }

    private int Questions() => _engine.Calls.All.Count(c => c.Query.Contains("ancestor", StringComparison.Ordinal));

    private async Task<Watch> WatchAsync(string query, string include = "none") =>
        new(new StreamReader(await _host.Client.GetStreamAsync($"/containers/watch?include={include}&{query}")));

    private static string Names(IEnumerable<JsonElement> items) => string.Join(',', items.Select(i => i.GetProperty("name").GetString()));

    private static StubContainer With(
        int n, string name, string image = "busybox:latest", string state = "running", string? health = null, string[]? networks = null,
        Dictionary<string, string>? labels = null, IReadOnlyList<StubPort>? ports = null) => new()
        {
            Id = n.ToString("x64", CultureInfo.InvariantCulture),
            Name = name,
            Image = image,
            Created = new DateTimeOffset(2026, 11, 1, 12, 0, n, TimeSpan.Zero),
            State = state,
            Health = health,
            Networks = [.. (networks ?? []).Select(network => new StubNetwork(network, "172.30.0." + n, "172.30.0.1", "02:42:ac:1e:00:0" + n))],
            Labels = labels ?? [],
            Ports = ports ?? [],
        };

    private sealed class Watch(StreamReader lines) : IDisposable
    {
        /// <summary>The next event, which must be of this type; heartbeats, and samples where none is waited for, do not count.</summary>
        public async Task<JsonElement> NextAsync(string type)
        {
            using var deadline = new CancellationTokenSource(Patience);
            while (true)
            {
                var happened = JsonSerializer.Deserialize<JsonElement>(await lines.ReadLineAsync(deadline.Token) ?? "null");
                var told = happened.GetProperty("type").GetString();
                if (told == type)
                {
                    return happened;
                }

                Assert.True(told is "heartbeat" or "sample", $"{type} was expected: {happened}");
            }
        }

        public void Dispose() => lines.Dispose();
    }
}
