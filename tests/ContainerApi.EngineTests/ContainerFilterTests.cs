
namespace ContainerApi.EngineTests;

/// <summary>Filters and formats of the list of containers.</summary>
[Collection(EngineCollection.Name)]
public sealed class ContainerFilterTests(EngineFixture fixture) : ContainerCalls(fixture)
{
    [Fact]
    public async Task Health_is_returned_and_can_be_filtered()
    {
        object Check(string test) => new { Cmd = Sleep, Healthcheck = new { Test = new[] { "CMD", test }, Interval = 1_000_000_000L, Retries = 1 } };
        var healthy = await Fixture.CreateAsync(Check("true"));
        var unhealthy = await Fixture.CreateAsync(Check("false"));
        var none = await Fixture.SleepAsync();
        string[] mine = [healthy, unhealthy, none];
        async Task<IEnumerable<string>> OfAsync(string health) =>
            (await ItemsAsync($"include=none&health={health}&label={EngineFixture.Label}={Fixture.Run}")).Select(i => Text(i!, "id")).Intersect(mine);
        await EngineFixture.UntilAsync(
            async () => Text(await ItemAsync(healthy, "none"), "health") == "healthy"
                && Text(await ItemAsync(unhealthy, "none"), "health") == "unhealthy");

        Assert.Equal([healthy], await OfAsync("healthy"));
        Assert.Equal([unhealthy], await OfAsync("unhealthy"));
        Assert.Equal([none], await OfAsync("none"));
        Assert.Null((await ItemAsync(none, "none"))["health"]);
    }

    [Theory]
    [InlineData("image={image}", "a,b")]
    [InlineData("image=containerapi-test/nix:1", "")]
    [InlineData("label=which=a", "a")]
    [InlineData("label=which", "a,b")]
    [InlineData("label=which&label=which=b", "b")]
    [InlineData("name={a}", "a")]
    [InlineData("name=nix.", "")]
    [InlineData("all=true&label=which", "a,b,c")]
    [InlineData("state=exited&label=which", "c")]
    [InlineData("state=running,exited&label=which", "a,b,c")]
    [InlineData("port=4711", "a")]
    [InlineData("port=4711/udp", "")]
    [InlineData("network=host", "b")]
    public async Task Filters_agree_with_Docker(string query, string expected)
    {
        var run = Guid.NewGuid().ToString("n")[..8];
        async Task<string> MakeAsync(string which, object? host = null, string[]? command = null) => await Fixture.CreateAsync(
            new
            {
                Cmd = command ?? Sleep,
                Labels = new Dictionary<string, string> { ["which"] = which, ["run"] = run },
                HostConfig = host ?? new { },
                ExposedPorts = which == "a" ? new Dictionary<string, object> { ["4711/tcp"] = new() } : [],
            },
            $"{run}.{which}");
        var names = new Dictionary<string, string>
        {
            [await MakeAsync("a")] = "a",
            [await MakeAsync("b", new { NetworkMode = "host" })] = "b",
            [await MakeAsync("c", command: ["true"])] = "c",
        };
        await StateAsync(names.First(n => n.Value == "c").Key, "exited");

        var items = await ItemsAsync(query.Replace("{image}", Fixture.Image).Replace("{a}", run + ".a") + $"&include=none&label=run={run}");

        Assert.Equal(expected, string.Join(',', items.Select(i => names[Text(i!, "id")]).Order()));
    }

    [Fact]
    public async Task Table_and_csv_show_the_same_containers()
    {
        var name = Fixture.UniqueName("form");
        await Fixture.SleepAsync(name);

        var table = await Fixture.Client.GetStringAsync($"/containers?name={name}&format=table");
        var csv = await Fixture.Client.GetStringAsync($"/containers?name={name}&format=csv&fields=name,command,state");

        Assert.StartsWith("CONTAINER ID   IMAGE ", table);
        Assert.Contains(name, table.Split('\n')[1]);
        Assert.Equal($"name,command,state\r\n{name},sleep 1000,running\r\n", csv);
    }

    [Fact]
    public async Task Labels_with_special_characters_can_be_filtered()
    {
        var id = await Fixture.CreateAsync(
            new { Cmd = Sleep, Labels = new Dictionary<string, string> { ["formula"] = "a=b=c", ["größe"] = "漢字 \"x\"" } });

        var item = Assert.Single(await ItemsAsync($"label=formula=a=b=c&label={Uri.EscapeDataString("größe=漢字 \"x\"")}"));

        Assert.Equal((id, "a=b=c", "漢字 \"x\""), (Text(item!, "id"), Text(item!["labels"]!, "formula"), Text(item!["labels"]!, "größe")));
    }
}
