namespace ContainerApi.EngineTests;

[Collection(EngineCollection.Name)]
public sealed class AdapterTests(EngineFixture fixture)
{
    [Fact]
    public async Task The_fixture_runs_a_container()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "100" } });

        using var inspected = await fixture.Engine.GetAsync($"containers/{id}/json");

        Assert.Contains("\"Running\":true", await inspected.Content.ReadAsStringAsync());
    }
}
