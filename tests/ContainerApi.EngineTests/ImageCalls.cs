namespace ContainerApi.EngineTests;

/// <summary>Calls for image tests, to the service and to the engine.</summary>
public abstract class ImageCalls(EngineFixture fixture)
{
    protected EngineFixture Fixture { get; } = fixture;

    protected string MyLabel => $"LABEL {EngineFixture.Label}={Fixture.Run}";

    protected string Tag() => $"containerapi-test/{Fixture.UniqueName("image")}:v1";

    protected async Task<JsonNode> CommitAsync(object request)
    {
        using var response = await Fixture.Client.PostAsJsonAsync("/images/commit", request);
        return await ReadAsync(response, HttpStatusCode.Created);
    }

    protected async Task<JsonNode> InspectAsync(string image) => JsonNode.Parse(await Fixture.Engine.GetStringAsync($"images/{image}/json"))!;
}
