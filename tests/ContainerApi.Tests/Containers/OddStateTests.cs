using ContainerApi.Stubs;

namespace ContainerApi.Tests.Containers;

/// <summary>Answers with status 200 that are none: engines return them when a container, or the owner of its network, vanishes.</summary>
public sealed class OddStateTests : StubEngineTests
{
    private const string YearOne = """{"read":"0001-01-01T00:00:00Z","name":"/web"}""";
    private const string Message = """{"message":"Could not get container for 0123"}""";

    [Theory]
    [InlineData("stats", YearOne, "running", 502, "engine_error", "The engine returned no statistics of the container.")]
    [InlineData("stats", Message, "running", 502, "engine_error", "Could not get container for 0123")]
    [InlineData("stats", YearOne, "exited", 409, "container_not_running")]
    [InlineData("stats", Message, "exited", 409, "container_not_running")]
    [InlineData("stats", "", "exited", 409, "container_not_running")]
    [InlineData("stats", "", "removing", 404, "container_not_found")]
    [InlineData("stats", Message, "removed", 404, "container_not_found")]
    [InlineData("top", Message, "running", 502, "engine_error", "The engine returned an invalid response.")]
    [InlineData("top", "", "exited", 409, "container_not_running")]
    [InlineData("top", null, "removing", 404, "container_not_found")] // "is not running"
    [InlineData("top", "", "removed", 404, "container_not_found")]
    public async Task Odd_answer_is_explained_by_the_containers_state(
        string call, string? body, string state, int status, string code, string? reason = null)
    {
        await StartAsync(new StubOptions { Running = 1 });
        var (container, path, section) = (Stub.Containers.All[0], call == "top" ? "processes" : "stats", call == "top" ? "processes" : "usage");
        Stub.When("/containers/{id}/" + call, async http =>
        {
            container.State = state;
            if (state == "removed")
            {
                Stub.Containers.Remove(container);
            }

            return body is not null && await Behaviours.Answer(200, body)(http);
        });

        using var answer = await Host.Client.GetAsync($"/containers/{container.Id}/{path}");
        var problem = await answer.ReadProblemAsync((HttpStatusCode)status, code);
        container.State = "running";
        if (state == "removed")
        {
            Stub.Containers.Add(container);
        }

        var items = await ItemsAsync();

        Assert.Equal(status switch { 404 => [], 409 => ["not_running"], _ => ["error"] }, items.Select(i => State(i, section)!));
        Assert.All(reason is null ? [] : items.Select(i => i.GetProperty(section)).Append(problem), r =>
            Assert.Equal(reason, Text(r, r.TryGetProperty("detail", out _) ? "detail" : "reason")));
    }
}
