using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace ContainerApi.EngineTests;

/// <summary>Calls for build tests, to the service and to the engine.</summary>
public abstract class BuildCalls(EngineFixture fixture)
{
    protected EngineFixture Fixture { get; } = fixture;

    protected string Labels => $"label={EngineFixture.Label}={Fixture.Run}";

    public static TheoryData<string> Builders => ["classic", "buildkit"];

    protected string With(string builder) => $"{Labels}&builder={builder}";

    protected static string Tag() => $"containerapi-test/build:{Guid.NewGuid().ToString("n")[..12]}";

    protected async Task<List<JsonObject>> BuildAsync(string query, byte[] context, string type = "application/x-tar") =>
        await LinesAsync(await SendAsync(query, context, type));

    protected async Task<HttpResponseMessage> SendAsync(string query, byte[] context, string type = "application/x-tar")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build?" + query) { Content = new ByteArrayContent(context) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return await Fixture.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    protected static async Task<JsonObject> LineAsync(StreamReader reader) =>
        JsonNode.Parse(await reader.ReadLineAsync() ?? throw new EndOfStreamException("The stream ended before its result."))!.AsObject();

    protected static async Task UntilLogAsync(StreamReader reader)
    {
        while (!Is(await LineAsync(reader), "log"))
        {
        }
    }

    /// <summary>Closes the connection by canceling a read; disposing the response would wait for more of it.</summary>
    protected static async Task LeaveAsync(StreamReader reader)
    {
        using var leaving = new CancellationTokenSource();
        Task<string?> read;
        while ((read = reader.ReadLineAsync(leaving.Token).AsTask()).IsCompleted)
        {
            Assert.NotNull(await read);
        }

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    protected async Task<string> DetachAsync(HttpClient client, string builder, string dockerfile, string more = "")
    {
        using var response = await SendAsync(client, $"builder={builder}&detach=true&noCache=true{more}", dockerfile);
        var build = await response.Content.ReadFromJsonAsync<JsonObject>();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, build?.ToJsonString());
        Assert.Equal("/builds/" + Text(build!, "id"), response.Headers.Location?.ToString());
        return Text(build!, "id");
    }

    protected async Task<HttpResponseMessage> SendAsync(HttpClient client, string query, string dockerfile)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            $"/images/build?{query}&label={EngineFixture.Label}={Fixture.Run}")
        { Content = new ByteArrayContent(Archive.Tar(("Dockerfile", dockerfile))) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    protected static async Task<List<JsonObject>> EventsAsync(HttpClient client, string id, string query = "")
    {
        var text = await client.GetStringAsync($"/builds/{id}/events{query}");
        return [.. Lines(text).Where(e => Text(e, "type") != "heartbeat")];
    }

    protected static JsonObject Succeeded(List<JsonObject> lines)
    {
        Assert.True(
            Is(lines[^1], "result") && lines[^1]["state"]!.GetValue<string>() == "succeeded", string.Join('\n', lines.Select(l => l.ToJsonString())));
        Assert.Single(lines, l => Is(l, "result"));
        return lines[^1];
    }

    protected static bool Is(JsonObject line, string type) => line["type"]!.GetValue<string>() == type;

    protected async Task<JsonObject> InspectAsync(string tag) => (await Fixture.Engine.GetFromJsonAsync<JsonObject>($"images/{tag}/json"))!;

    protected async Task AssertNoImageAsync(string tag)
    {
        using var response = await Fixture.Engine.GetAsync($"images/{tag}/json");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    protected async Task<List<JsonObject>> ContainersAsync() =>
        [.. (await Fixture.Engine.GetFromJsonAsync<JsonArray>("containers/json?all=1"))!.Select(c => c!.AsObject())];

    /// <summary>
    /// Whether a container or process of this host has <paramref name="mark"/> in its command; BuildKit's steps are no containers. (A
    /// shell replaces itself by its last command, so a comment cannot carry the mark.)
    /// </summary>
    protected async Task<bool> RunsAsync(string mark) =>
        (await ContainersAsync()).Any(c => c["Command"]!.GetValue<string>().Contains(mark, StringComparison.Ordinal))
        || Directory.EnumerateDirectories("/proc").Any(process => CommandOf(process).Contains(mark, StringComparison.Ordinal));

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
