using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Pulls and pushes over HTTP on a fake engine: one stream, one result.</summary>
public sealed class TransferHttpTests
{
    [Fact]
    public async Task A_pull_is_a_stream_that_ends_with_its_result()
    {
        RegistryCredentials? given = null;
        var engine = new FakeEngine
        {
            PullImage = (reference, platform, credentials, _) =>
            {
                Assert.Equal(("busybox:latest", "linux/arm64/v8"), (reference, platform));
                given = credentials;
                return Lines(null, new TransferFacts(null, "Pulling from library/busybox", null, null), new TransferFacts("abc", "Downloading", 5, 10), new TransferFacts(null, "Digest: x", null, null, "sha256:d"));
            },
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("busybox:latest"), Os = "linux", Architecture = "arm64" }),
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync(
            "/images/pull", new { image = "busybox", platform = "linux/arm64/v8", registryAuth = new { username = "ann", password = "s3cret", serverAddress = "registry.example.org" } });

        var lines = await LinesOf(response);
        Assert.Equal("""{"type":"progress","layer":null,"status":"Pulling from library/busybox","current":null,"total":null}""", lines[0]);
        Assert.Equal("""{"type":"progress","layer":"abc","status":"Downloading","current":5,"total":10}""", lines[1]);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith($$"""{"type":"result","state":"succeeded","image":"busybox:latest","id":"{{ImageId}}","digest":"sha256:d","durationMs":""", lines[3], StringComparison.Ordinal);
        Assert.EndsWith(""","error":null}""", lines[3], StringComparison.Ordinal);
        Assert.Equal(new RegistryCredentials("ann", "s3cret", "registry.example.org"), given);
        Assert.DoesNotContain("s3cret", given!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("forbidden", "forbidden")]
    [InlineData("image_not_found", "image_not_found")]
    [InlineData("engine_unavailable", "engine_unavailable")]
    public async Task A_pull_that_fails_on_its_way_says_so_in_its_one_result(string kind, string code)
    {
        var engine = new FakeEngine { PullImage = (_, _, _, _) => Lines(Failure(ErrorCode.Find(kind)!), new TransferFacts("abc", "Downloading", 5, 10)) };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/pull", new { image = "busybox" });

        var lines = await LinesOf(response);
        Assert.Equal(2, lines.Length);
        var result = JsonSerializer.Deserialize<JsonElement>(lines[1]);
        Assert.Equal(("result", "failed"), (result.GetProperty("type").GetString(), result.GetProperty("state").GetString()));
        Assert.Equal($$"""{"code":"{{code}}","message":"In the engine's words."}""", result.GetProperty("error").GetRawText());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (result.GetProperty("id").ValueKind, result.GetProperty("digest").ValueKind));
    }

    [Theory]
    [InlineData("linux", "linux", "amd64", true)]
    [InlineData("linux/x86_64", "linux", "amd64", true)]
    [InlineData("linux/arm64", "linux", "amd64", false)]
    [InlineData("windows/amd64", "linux", "amd64", false)]
    [InlineData("linux/aarch64", "linux", "arm64", true)]
    [InlineData("linux/arm64", null, null, true)]
    public async Task A_pull_for_another_platform_than_the_image_is_for_failed(string platform, string? os, string? architecture, bool succeeds)
    {
        var engine = new FakeEngine
        {
            PullImage = (_, _, _, _) => Lines(null, new TransferFacts(null, "Status: Image is up to date", null, null)),
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("busybox:latest"), Os = os, Architecture = architecture }),
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/pull", new { image = "busybox", platform });

        Assert.Contains(succeeds ? "\"succeeded\"" : "\"image_not_found\"", (await LinesOf(response))[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_is_a_stream_that_ends_with_its_result()
    {
        RegistryCredentials? given = null;
        var engine = new FakeEngine
        {
            InspectImage = (reference, _) => Task.FromResult(new ImageDetails { Summary = Image(reference) }),
            PushImage = (reference, credentials, _) =>
            {
                Assert.Equal("localhost:5000/app:latest", reference);
                given = credentials;
                return Lines(null, new TransferFacts("abc", "Pushing", 5, 10), new TransferFacts(null, "Digest: x", null, null, "sha256:d"));
            },
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync(
            "/images/push", new { image = "localhost:5000/app", registryAuth = new { username = "ann", password = "s3cret" } });

        var lines = await LinesOf(response);
        Assert.Equal("""{"type":"progress","layer":"abc","status":"Pushing","current":5,"total":10}""", lines[0]);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("""{"type":"result","state":"succeeded","image":"localhost:5000/app:latest","digest":"sha256:d","durationMs":""", lines[2], StringComparison.Ordinal);
        Assert.Equal(new RegistryCredentials("ann", "s3cret", null), given);
    }

    [Fact]
    public async Task A_push_that_the_registry_refuses_says_so_in_its_one_result()
    {
        var engine = new FakeEngine
        {
            InspectImage = (reference, _) => Task.FromResult(new ImageDetails { Summary = Image(reference) }),
            PushImage = (_, _, _) => Lines(Failure(ErrorCode.Forbidden), new TransferFacts("abc", "Preparing", null, null)),
        };
        await using var host = new ApiHost(engine);

        using var response = await host.Client.PostAsJsonAsync("/images/push", new { image = "localhost:5000/app" });

        var lines = await LinesOf(response);
        Assert.Equal(2, lines.Length);
        Assert.Contains("\"state\":\"failed\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"digest\":null", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(""","error":{"code":"forbidden","message":"In the engine's words."}}""", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_of_an_image_that_is_not_there_is_a_problem_before_anything_is_sent()
    {
        await using var host = new ApiHost(new FakeEngine { InspectImage = (_, _) => throw Failure(ErrorCode.ImageNotFound) });

        using var response = await host.Client.PostAsJsonAsync("/images/push", new { image = "localhost:5000/app" });

        await response.ReadProblemAsync(HttpStatusCode.NotFound, "image_not_found");
    }

    private static async Task<string[]> LinesOf(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
