using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Builds;

public sealed class BrokenEngineTests
{
    private const string Begun =
        "{\"stream\":\"Step 1/2 : FROM x\"}\r\n{\"stream\":\"\\n\"}\r\n{\"stream\":\" ---> 0123456789ab\\n\"}\r\n" +
        "{\"stream\":\"Step 2/2 : RUN y\"}\r\n";

    [Theory]
    [InlineData("", false)] // it closes without a result
    [InlineData("{\"aux\":{\"ID\":\"sha256:0000\"}}\r\n{\"stream\":\"Step 3/3 : RUN z\"}\r\n", false)] // after one stage's image
    [InlineData("{\"stream\":\"Removing interm", false)] // half a value
    [InlineData("{\"stream\":\"\\ud83", false)] // half a character
    [InlineData("<html>Bad gateway</html>", false)]
    [InlineData("null\r\n[]\r\n", false)]
    [InlineData("", true)] // the connection breaks
    [InlineData("{\"stream\":\"Removing interm", true)]
    public async Task Broken_output_ends_with_one_failed_result_that_names_the_step(string rest, bool breaks)
    {
        var isRead = new TaskCompletionSource();
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, Begun);
        engine.Then = async http =>
        {
            await isRead.Task;
            await http.Response.WriteAsync(rest);
            await http.Response.Body.FlushAsync();
            if (breaks)
            {
                http.Abort();
            }
        };
        await using var host = new ApiHost(engine.Engine);
        using var response = await BuildAsync(host);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        var lines = new List<JsonElement>();
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Add(JsonSerializer.Deserialize<JsonElement>(line));
            if (line.Contains("\"number\":2"))
            {
                isRead.TrySetResult();
            }
        }

        var result = Assert.Single(lines, l => BuildApi.Text(l, "type") == "result");
        Assert.Equal("started", BuildApi.Text(lines[0], "type"));
        Assert.Equal(("failed", null), (BuildApi.Text(result, "state"), BuildApi.Text(result, "imageId")));
        Assert.Matches(@"^(engine_error|engine_unavailable|step_failed): .* \(RUN [yz]\)$", BuildApi.Error(result));
    }

    [Fact]
    public async Task Engine_that_closes_without_output_fails_the_build()
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, "");
        await using var host = new ApiHost(engine.Engine);

        using var response = await BuildAsync(host);

        Assert.StartsWith("build_failed: ", BuildApi.Error((await BuildApi.LinesAsync(response))[^1]), StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> BuildAsync(ApiHost host) => host.Client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/images/build") { Content = new StringContent("FROM x", null, "text/x-dockerfile") },
        HttpCompletionOption.ResponseHeadersRead);
}
