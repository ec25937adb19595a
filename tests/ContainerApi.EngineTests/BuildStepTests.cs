using System.Security.Cryptography;

namespace ContainerApi.EngineTests;

/// <summary>What a key with labels sees of the containers in which the classic builder runs the steps of somebody else's build.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildStepTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Fact]
    public async Task Step_of_a_build_with_the_labels_of_another_tenant_is_hidden_from_it()
    {
        var team = "team-" + Guid.NewGuid().ToString("n")[..8];
        var (service, tenant) = Fixture.StartService("steps.db", builder => builder
            .UseSetting("Security:ApiKeys:0:Name", "tenant")
            .UseSetting("Security:ApiKeys:0:Hash", "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(team))))
            .UseSetting("Security:ApiKeys:0:Scopes:0", "containers:read")
            .UseSetting("Security:ApiKeys:0:Labels:0", "team=" + team));
        await using var _ = service;
        using var __ = tenant;
        tenant.DefaultRequestHeaders.Add("X-Api-Key", team);
        // A container from an image's id is not a build step.
        var image = (await Fixture.InspectAsync(await Fixture.SleepAsync()))["Image"]!.GetValue<string>();
        var mine = await Fixture.CreateAsync(
            new { Image = image, Cmd = new[] { "sleep", "100" }, Labels = new Dictionary<string, string> { ["team"] = team } });
        using var built = await SendAsync(
            Fixture.Client, "builder=classic", $"FROM {Fixture.Image}\nLABEL team={team}\nRUN echo started && sleep 100\n");
        using var lines = new StreamReader(await built.Content.ReadAsStreamAsync());
        while (Text(await UntilAsync(lines, "log"), "text").Trim() != "started")
        {
        }

        var filter = Uri.EscapeDataString($$"""{"label":["team={{team}}"]}""");
        var labelled = (await Fixture.Engine.GetFromJsonAsync<JsonArray>($"containers/json?all=1&filters={filter}"))!;
        var step = Assert.Single(labelled, c => Text(c!, "Id") != mine)!;
        var list = JsonNode.Parse(await tenant.GetStringAsync("/containers?all=true"))!;
        using var watch = new StreamReader(await tenant.GetStreamAsync("/containers/watch?all=true"));
        var snapshot = JsonNode.Parse((await watch.ReadLineAsync())!)!;
        using var one = await tenant.GetAsync($"/containers/{Text(step, "Id")}");
        await LeaveAsync(lines);

        Assert.Equal([mine], list["items"]!.AsArray().Select(c => Text(c!, "id")));
        Assert.Equal([mine], snapshot["items"]!.AsArray().Select(c => Text(c!, "id")));
        Assert.Equal(HttpStatusCode.NotFound, one.StatusCode);
    }
}
