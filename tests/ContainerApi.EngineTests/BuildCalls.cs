using System.Net.Http.Headers;

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

    protected Task<HttpResponseMessage> SendAsync(string query, byte[] context, string type = "application/x-tar") =>
        SendAsync(Fixture.Client, query, context, type);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string query, byte[] context, string type = "application/x-tar")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build?" + query) { Content = new ByteArrayContent(context) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The next line of this type.</summary>
    protected static async Task<JsonObject> UntilAsync(StreamReader reader, string type)
    {
        // One timeout for all lines, since heartbeats never stop.
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var text = await reader.ReadLineAsync(timeout.Token) ?? throw new EndOfStreamException($"The stream ended before a {type}.");
            if (JsonNode.Parse(text)!.AsObject() is var line && Is(line, type))
            {
                return line;
            }
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

    protected Task<HttpResponseMessage> SendAsync(HttpClient client, string query, string dockerfile) =>
        SendAsync(client, $"{query}&{Labels}", Archive.Tar(("Dockerfile", dockerfile)));

    protected static async Task<List<JsonObject>> EventsAsync(HttpClient client, string id, string query = "")
    {
        var text = await client.GetStringAsync($"/builds/{id}/events{query}");
        return [.. Lines(text).Where(e => Text(e, "type") != "heartbeat")];
    }

    protected static JsonObject Succeeded(List<JsonObject> lines)
    {
        Assert.True(Is(lines[^1], "result") && Text(lines[^1], "state") == "succeeded", string.Join('\n', lines.Select(l => l.ToJsonString())));
        Assert.Single(lines, l => Is(l, "result"));
        return lines[^1];
    }

    protected static bool Is(JsonObject line, string type) => Text(line, "type") == type;

    protected async Task<JsonObject> InspectAsync(string tag) => (await Fixture.Engine.GetFromJsonAsync<JsonObject>($"images/{tag}/json"))!;

    protected async Task AssertNoImageAsync(string tag)
    {
        using var response = await Fixture.Engine.GetAsync($"images/{tag}/json");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    /// <summary>The containers of a step, by a mark in its command; the classic builder creates one for each step.</summary>
    protected async Task<List<string>> ContainersWithAsync(string mark) =>
        [.. (await Fixture.Engine.GetFromJsonAsync<JsonArray>("containers/json?all=1"))!
            .Where(c => Text(c!, "Command").Contains(mark, StringComparison.Ordinal)).Select(c => Text(c!, "Id"))];

    /// <summary>
    /// The processes of a step on this host, by a mark in its command. (A shell replaces itself by its last command, so a comment cannot
    /// carry the mark.)
    /// </summary>
    protected static List<string> ProcessesWith(string mark) =>
        [.. Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0]))
            .Where(path => CommandOf(path).Contains(mark, StringComparison.Ordinal))];

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process has ended.
            return "";
        }
    }
}
