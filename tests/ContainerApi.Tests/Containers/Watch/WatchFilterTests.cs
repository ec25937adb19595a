using ContainerApi.Stubs;

namespace ContainerApi.Tests.Containers.Watch;

/// <summary>The watch applies the filters of the list, on the Docker API stub.</summary>
public sealed class WatchFilterTests : StubEngineTests
{
    private static readonly TimeSpan EventTimeout = TimeSpan.FromSeconds(60);

    public override Task InitializeAsync() => StartAsync();

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

        var listed = await Host.GetJsonAsync($"/containers?include=none&sort=createdAt&{query}");
        using var watch = await WatchAsync(query);
        var snapshot = await watch.NextAsync("snapshot");

        Assert.Equal(expected, Names(listed.GetProperty("items").EnumerateArray()));
        Assert.Equal(expected, Names(snapshot.GetProperty("items").EnumerateArray().Reverse()));
    }

    [Fact]
    public async Task Filters_that_only_the_engine_evaluates_add_and_remove()
    {
        AddFleet();
        var db = Stub.Containers.Find("db").Single();
        using var watch = await WatchAsync("health=unhealthy");
        await watch.NextAsync("snapshot");

        // The list does not contain the health of a paused container, but the engine's filter evaluates it.
        db.Health = "unhealthy";
        Stub.Events.Emit(db, "health_status");
        Assert.Equal("db", (await watch.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());

        db.Health = "healthy";
        Stub.Events.Emit(db, "health_status");
        Assert.Equal("db", (await watch.NextAsync("removed")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Only_a_new_container_of_a_descendant_image_is_added()
    {
        AddFleet();
        using var watch = await WatchAsync("image=nginx:1");
        await watch.NextAsync("snapshot");

        Stub.Events.Emit(Stub.Containers.Add(With(8, "other", image: "busybox:latest")), "create");
        Stub.Events.Emit(Stub.Containers.Add(With(9, "child", image: "nginx:1")), "create");

        Assert.Equal("child", (await watch.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Equal_selections_cost_one_list_per_change()
    {
        AddFleet();
        var watches = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => WatchAsync("image=nginx:1&interval=1", "usage")));
        await Task.WhenAll(watches.Select(w => w.NextAsync("snapshot")));
        Stub.Calls.Clear();

        // Two samples: the list was read twice and did not change.
        await Task.WhenAll(watches.Select(w => w.NextAsync("sample")));
        await Task.WhenAll(watches.Select(w => w.NextAsync("sample")));
        Assert.Equal(0, SelectionCalls());

        Stub.Events.Emit(Stub.Containers.Add(With(9, "child", image: "nginx:1")), "create");
        await Task.WhenAll(watches.Select(w => w.NextAsync("added")));

        Assert.InRange(SelectionCalls(), 1, 2);
        watches.ToList().ForEach(w => w.Dispose());
    }

    [Fact]
    public async Task Resumed_watch_gets_missed_events_of_its_filters()
    {
        AddFleet();
        using var stays = await WatchAsync("image=nginx:1");
        var last = (await stays.NextAsync("snapshot")).GetProperty("seq").GetString();
        Stub.Events.Emit(Stub.Containers.Add(With(9, "child", image: "nginx:1")), "create");
        await stays.NextAsync("added");

        using var resumes = await WatchAsync("image=nginx:1&after=" + last);
        Assert.Equal("child", (await resumes.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());

        // No watcher had this selection then, so the state before is unknown.
        using var other = await WatchAsync("network=back&lastEventId=" + last);
        Assert.Equal("sick,db", Names((await other.NextAsync("snapshot")).GetProperty("items").EnumerateArray().Reverse()));
    }

    [Fact]
    public async Task Resumed_watch_without_missed_events_answers_at_once()
    {
        AddFleet();
        using var stays = await WatchAsync("all=false");
        var last = (await stays.NextAsync("snapshot")).GetProperty("seq").GetString();

        using var response = await Host.Client.GetAsync("/containers/watch?include=none&after=" + last, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("format=sse", "*/*")]
    [InlineData("", "text/event-stream")]
    public async Task Watch_is_server_sent_events_on_request(string query, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers/watch?include=none&" + query);
        request.Headers.Add("Accept", accept);

        using var response = await Host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("event: snapshot", await lines.ReadLineAsync());
        var id = (await lines.ReadLineAsync())!;
        Assert.Contains($"\"seq\":\"{id["id: ".Length..]}\"", await lines.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_selection_is_retried()
    {
        AddFleet();
        using var watch = await WatchAsync("image=nginx:1");
        await watch.NextAsync("snapshot");

        using (Stub.When(c => c.Query.Contains("ancestor", StringComparison.Ordinal), Behaviours.Error(500, "no").Times(1)))
        {
            Stub.Events.Emit(Stub.Containers.Add(With(9, "child", image: "nginx:1")), "create");

            Assert.Equal("child", (await watch.NextAsync("added")).GetProperty("container").GetProperty("name").GetString());
        }
    }

    private void AddFleet()
    {
        Stub.Containers.Add(With(
            1, "web", image: "nginx:1", health: "healthy", labels: new() { ["team"] = "blue" }, ports: [new(80, "0.0.0.0", 8080)]));
        Stub.Containers.Add(With(2, "sick", image: "nginx:1", health: "unhealthy", networks: ["front", "back"], ports: [new(80)]));
        Stub.Containers.Add(With(3, "db", state: "paused", networks: ["back"], labels: new() { ["team"] = "blue=1" }));
        Stub.Containers.Add(With(4, "old", image: "nginx:1", state: "exited"));
    }

    private int SelectionCalls() => Stub.Calls.All.Count(c => c.Query.Contains("ancestor", StringComparison.Ordinal));

    private async Task<Watch> WatchAsync(string query, string include = "none") =>
        new(new StreamReader(await Host.Client.GetStreamAsync($"/containers/watch?include={include}&{query}")));

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
        /// <summary>The next event, which must be of this type. Skips heartbeats and other samples.</summary>
        public async Task<JsonElement> NextAsync(string type)
        {
            using var deadline = new CancellationTokenSource(EventTimeout);
            while (true)
            {
                var happened = JsonSerializer.Deserialize<JsonElement>(await lines.ReadLineAsync(deadline.Token) ?? "null");
                var actual = happened.GetProperty("type").GetString();
                if (actual == type)
                {
                    return happened;
                }

                Assert.True(actual is "heartbeat" or "sample", $"{type} was expected: {happened}");
            }
        }

        public void Dispose() => lines.Dispose();
    }
}
