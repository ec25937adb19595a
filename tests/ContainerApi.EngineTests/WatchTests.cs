namespace ContainerApi.EngineTests;

/// <summary>Watch events and filters on a real engine.</summary>
[Collection(EngineCollection.Name)]
public sealed class WatchTests(EngineFixture fixture)
{
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(1);
    private static readonly string[] Sleep = ["sleep", "1000"];

    [Fact]
    public async Task Watch_streams_changes_of_a_container()
    {
        var name = fixture.UniqueName("watched");
        using var watch = await WatchAsync($"name={name}");
        Assert.Empty((await watch.NextAsync("snapshot"))["items"]!.AsArray());

        var id = await fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "none" } }, name);
        Assert.Equal(id, (await watch.NextAsync("added"))["container"]!["id"]!.GetValue<string>());

        await fixture.PostAsync($"containers/{id}/pause");
        Assert.Equal("paused", (await watch.NextAsync("changed"))["container"]!["state"]!.GetValue<string>());

        using var removed = await fixture.Engine.DeleteAsync($"containers/{id}?force=1");
        Assert.Equal(id, (await watch.NextAsync("removed"))["containerId"]!.GetValue<string>());
    }

    [Fact]
    public async Task Watch_filters_by_image_ancestor_and_network()
    {
        var network = fixture.UniqueName("watch-net");
        var created = await fixture.Engine.PostAsJsonAsync(
            "networks/create", new { Name = network, Labels = new Dictionary<string, string> { [EngineFixture.Label] = fixture.Run } });
        var networkId = (await created.Content.ReadFromJsonAsync<JsonObject>())!["Id"]!.GetValue<string>();
        // A separate parent image, not used by other tests, and a child of it.
        var (parent, child) = ($"containerapi-test/watch-parent:{fixture.Run}", $"containerapi-test/watch-child:{fixture.Run}");
        var source = await fixture.SleepAsync(start: false);
        await fixture.PostAsync(
            $"commit?container={source}&repo={parent.Split(':')[0]}&tag={fixture.Run}&changes={Uri.EscapeDataString("LABEL which=parent")}", new { });
        var between = await fixture.CreateAsync(new { Image = parent, Cmd = Sleep }, start: false);
        await fixture.PostAsync(
            $"commit?container={between}&repo={child.Split(':')[0]}&tag={fixture.Run}&changes={Uri.EscapeDataString("LABEL which=child")}", new { });
        using var byImage = await WatchAsync($"image={parent}");
        using var byNetwork = await WatchAsync($"network={networkId[..12]}");
        Assert.Empty((await byImage.NextAsync("snapshot"))["items"]!.AsArray());
        Assert.Empty((await byNetwork.NextAsync("snapshot"))["items"]!.AsArray());

        await fixture.SleepAsync();
        var descendant = await fixture.CreateAsync(new { Image = child, Cmd = Sleep });
        var connected = await fixture.SleepAsync();
        await fixture.PostAsync($"networks/{network}/connect", new { Container = connected });

        Assert.Equal(descendant, (await byImage.NextAsync("added"))["container"]!["id"]!.GetValue<string>());
        Assert.Equal(connected, (await byNetwork.NextAsync("added"))["container"]!["id"]!.GetValue<string>());
    }

    private async Task<Watch> WatchAsync(string query) =>
        new(new StreamReader(await fixture.Client.GetStreamAsync("/containers/watch?include=none&" + query)));

    private sealed class Watch(StreamReader lines) : IDisposable
    {
        /// <summary>The next event of this type; skips heartbeats and changes.</summary>
        public async Task<JsonNode> NextAsync(string type)
        {
            // One for all of them: heartbeats come for ever.
            using var timeout = new CancellationTokenSource(WaitTimeout);
            while (true)
            {
                var happened = JsonNode.Parse(await lines.ReadLineAsync(timeout.Token) ?? throw new EndOfStreamException())!;
                var received = Text(happened, "type");
                if (received == type)
                {
                    return happened;
                }

                Assert.True(received is "heartbeat" or "changed", $"{type} was expected: {happened.ToJsonString()}");
            }
        }

        public void Dispose() => lines.Dispose();
    }
}
