using ContainerApi.Containers;
using ContainerApi.Engine.Docker;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Containers;

/// <summary>Tests of the service with one engine, the Docker API stub.</summary>
public abstract class StubEngineTests : IAsyncLifetime
{

    private protected DockerApiStub Stub { get; private set; } = null!;

    private protected DockerEngine Engine { get; private set; } = null!;

    private protected ApiHost Host { get; private set; } = null!;

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        Engine.Dispose();
        await Stub.DisposeAsync();
    }

    private protected async Task StartAsync(
        StubOptions? options = null, TimeSpan? callTimeout = null, CollectionLimits? limits = null, long? maxAnswer = null)
    {
        Stub = await DockerApiStub.StartAsync(options ?? new StubOptions());
        var engine = new EngineOptions { Name = "local", Endpoint = Stub.Endpoint, CallTimeout = callTimeout ?? TimeSpan.FromMinutes(2) };
        Engine = new DockerEngine(engine, TimeProvider.System, limit: maxAnswer is { } bytes ? new EngineAnswerLimit(bytes) : null);
        Host = new ApiHost(limits, new Dictionary<string, string?>(), Engine);
    }

    private protected async Task<List<JsonElement>> ItemsAsync(string query = "") =>
        [.. (await Host.GetJsonAsync("/containers" + query)).GetProperty("items").EnumerateArray()];

    private protected async Task<JsonElement> FirstAsync(string query = "") => (await ItemsAsync(query))[0];

    private protected static string? Text(JsonElement element, string member) => element.GetProperty(member).GetString();

    private protected static string? State(JsonElement row, string section) => Text(row.GetProperty(section), "state");
}
