namespace ContainerApi.EngineTests;

/// <summary>Containers that vanish while the engine reads them: the service's host source is off.</summary>
[Collection(EngineCollection.Name)]
public sealed class VanishingTests(EngineFixture fixture) : ContainerCalls(fixture)
{
    [Fact]
    public async Task Running_guest_of_a_removed_containers_network_is_not_called_stopped()
    {
        var owner = await Fixture.SleepAsync();
        var guest = await Fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "container:" + owner } });
        await RemoveAsync(owner);
        await using var asking = new EngineFixture.AskingService();

        var item = await ReadAsync(await asking.Client.GetAsync($"/containers/{guest}"), HttpStatusCode.OK);
        using var statistics = await asking.Client.GetAsync($"/containers/{guest}/stats");

        Assert.Equal(("running", "ok"), (Text(item, "state"), Text(item["processes"]!, "state")));
        // Engines from 20.10 to 28.5 return no statistics.
        Assert.All(new[] { "network", "usage" }, s => Assert.True(
            (Text(item[s]!, "state"), Text(item[s]!, "reason").Length) is ("ok", _) or ("error", > 0), item[s]!.ToJsonString()));
        Assert.NotEqual(HttpStatusCode.Conflict, statistics.StatusCode);
    }

    [Fact]
    public async Task Container_that_is_removed_meanwhile_is_left_out_or_404()
    {
        await using var asking = new EngineFixture.AskingService();
        for (var round = 0; round < 5; round++)
        {
            var ids = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Fixture.SleepAsync()));
            var removing = Task.WhenAll(ids.Select(RemoveAsync));
            do
            {
                var list = asking.Client.GetAsync($"/containers?label={EngineFixture.Label}={Fixture.Run}");
                var singles = await Task.WhenAll(ids.SelectMany(id => new[] { "", "/stats", "/processes" }.Select(async path =>
                {
                    using var answer = await asking.Client.GetAsync($"/containers/{id}{path}");
                    return (answer.StatusCode, Text: $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                })));

                Assert.All(singles, s => Assert.True(
                    s.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.Conflict
                    && !s.Text.Contains("\"state\":\"error\"", StringComparison.Ordinal), s.Text));
                foreach (var item in (await ReadAsync(await list, HttpStatusCode.OK))["items"]!.AsArray().Where(i => ids.Contains(Text(i!, "id"))))
                {
                    Assert.All(new[] { "processes", "network", "usage" }, s =>
                        Assert.True(Text(item![s]!, "state") is "ok" or "not_running", item[s]!.ToJsonString()));
                }
            }
            while (!removing.IsCompleted);

            await removing;
        }
    }

    private async Task RemoveAsync(string id)
    {
        using var removed = await Fixture.Engine.DeleteAsync($"containers/{id}?force=1");
        removed.EnsureSuccessStatusCode();
    }
}
