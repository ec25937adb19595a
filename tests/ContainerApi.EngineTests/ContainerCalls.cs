namespace ContainerApi.EngineTests;

/// <summary>Reads containers from the service and from the engine.</summary>
public abstract class ContainerCalls(EngineFixture fixture)
{
    protected static readonly string[] Sleep = ["sleep", "1000"];

    protected EngineFixture Fixture { get; } = fixture;

    protected async Task<JsonNode> ItemAsync(string id, string include = "processes,network,usage") =>
        (await Fixture.Client.GetFromJsonAsync<JsonObject>($"/containers/{id}?include={include}"))!;

    protected async Task<JsonArray> ItemsAsync(string query)
    {
        using var response = await Fixture.Client.GetAsync("/containers?" + query);
        return (await ReadAsync(response, HttpStatusCode.OK))["items"]!.AsArray();
    }

    protected async Task<JsonNode> EngineAsync(string path) => JsonNode.Parse(await Fixture.Engine.GetStringAsync(path))!;

    protected Task StateAsync(string id, string state) => EngineFixture.UntilAsync(async () => await Fixture.StateAsync(id) == state);

    protected Dictionary<string, string> Mine => new() { [EngineFixture.Label] = Fixture.Run };

    protected Task<HttpResponseMessage> PostContainerAsync(object request) => Fixture.Client.PostAsJsonAsync("/containers", request);

    protected async Task<JsonNode> CreateAsync(object request)
    {
        using var response = await PostContainerAsync(request);
        return await ReadAsync(response, HttpStatusCode.Created);
    }
}
