using System.Text.RegularExpressions;
using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Pulls and pushes over HTTP with a fake engine.</summary>
public sealed class TransferHttpTests
{
    private static readonly TransferFacts Layer = new("abc", "Downloading", 5, 10);
    private static readonly TransferFacts Digest = new(null, "Digest: x", null, null, "sha256:d");

    [Fact]
    public async Task Pull_streams_progress_and_ends_with_its_result()
    {
        RegistryCredentials? given = null;
        var engine = new FakeEngine
        {
            PullImage = (reference, platform, credentials, _) =>
            {
                Assert.Equal(("busybox:latest", "linux/arm64/v8"), (reference, platform));
                given = credentials;
                return Lines(null, new TransferFacts(null, "Pulling from library/busybox", null, null), Layer, Digest);
            },
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("busybox:latest"), Os = "linux", Architecture = "arm64" }),
        };

        var lines = await PostAsync(engine, "pull", new
        {
            image = "busybox",
            platform = "linux/arm64/v8",
            registryAuth = new { username = "ann", password = "s3cret", serverAddress = "https://index.docker.io/v1/" },
        });

        Assert.Equal(
            """{"type":"progress","seq":"0","layer":null,"status":"Pulling from library/busybox","currentBytes":null,"totalBytes":null}""",
            WithoutTime(lines[0]));
        Assert.Equal(
            """{"type":"progress","seq":"1","layer":"abc","status":"Downloading","currentBytes":5,"totalBytes":10}""", WithoutTime(lines[1]));
        Assert.Equal(4, lines.Length);
        Assert.Equal(
            ("result", "3", "succeeded", "local", "busybox:latest", ImageId, "sha256:d"),
            ResultOf(lines[3]));
        Assert.EndsWith(""","error":null}""", lines[3], StringComparison.Ordinal);
        Assert.Equal(new RegistryCredentials("ann", "s3cret", "https://index.docker.io/v1/"), given);
        Assert.DoesNotContain("s3cret", given!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("registry_unauthorized")]
    [InlineData("image_not_found")]
    [InlineData("engine_unavailable")]
    public async Task Pull_that_fails_in_the_stream_reports_the_error_in_its_result(string code)
    {
        var engine = new FakeEngine { PullImage = (_, _, _, _) => Lines(Failure(ErrorCode.Find(code)!), Layer) };

        var lines = await PostAsync(engine, "pull", new { image = "busybox" });

        Assert.Equal(2, lines.Length);
        var result = JsonSerializer.Deserialize<JsonElement>(lines[1]);
        Assert.Equal(("result", "failed"), (result.GetProperty("type").GetString(), result.GetProperty("state").GetString()));
        Assert.Equal($$"""{"code":"{{code}}","message":"In the engine's words."}""", result.GetProperty("error").GetRawText());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (result.GetProperty("imageId").ValueKind, result.GetProperty("digest").ValueKind));
    }

    [Theory]
    [InlineData("linux", "linux", "amd64", true)]
    [InlineData("linux/x86_64", "linux", "amd64", true)]
    [InlineData("linux/arm64", "linux", "amd64", false)]
    [InlineData("windows/amd64", "linux", "amd64", false)]
    [InlineData("linux/aarch64", "linux", "arm64", true)]
    [InlineData("linux/arm64", null, null, true)]
    public async Task Pull_compares_the_requested_platform_with_the_image(string platform, string? os, string? architecture, bool succeeds)
    {
        var engine = new FakeEngine
        {
            PullImage = (_, _, _, _) => Lines(null, new TransferFacts(null, "Status: Image is up to date", null, null)),
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("busybox:latest"), Os = os, Architecture = architecture }),
        };

        var lines = await PostAsync(engine, "pull", new { image = "busybox", platform });

        Assert.Contains(succeeds ? "\"succeeded\"" : "\"image_not_found\"", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_streams_progress_and_ends_with_its_result()
    {
        RegistryCredentials? given = null;
        var engine = EngineWith([Image("localhost:5000/app:latest")]);
        engine.PushImage = (reference, credentials, _) =>
        {
            Assert.Equal("localhost:5000/app:latest", reference);
            given = credentials;
            return Lines(null, Layer, Digest);
        };

        var lines = await PostAsync(
            engine, "push", new { image = "localhost:5000/app", registryAuth = new { username = "ann", password = "s3cret" } });

        Assert.Equal(
            """{"type":"progress","seq":"0","layer":"abc","status":"Downloading","currentBytes":5,"totalBytes":10}""", WithoutTime(lines[0]));
        Assert.Equal(3, lines.Length);
        Assert.Equal(
            ("result", "2", "succeeded", "local", "localhost:5000/app:latest", ImageId, "sha256:d"),
            ResultOf(lines[2]));
        Assert.Equal(new RegistryCredentials("ann", "s3cret", null), given);
    }

    [Fact]
    public async Task Push_that_the_registry_refuses_reports_the_error_in_its_result()
    {
        var engine = EngineWith([Image("localhost:5000/app:latest")]);
        engine.PushImage = (_, _, _) => Lines(Failure(ErrorCode.RegistryUnauthorized), Layer);

        var lines = await PostAsync(engine, "push", new { image = "localhost:5000/app" });

        Assert.Equal(2, lines.Length);
        Assert.Contains("\"state\":\"failed\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"digest\":null", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(""","error":{"code":"registry_unauthorized","message":"In the engine's words."}}""", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_of_a_missing_image_returns_404()
    {
        await using var host = new ApiHost(new FakeEngine { InspectImage = (_, _) => throw Failure(ErrorCode.ImageNotFound) });

        using var response = await host.Client.PostAsJsonAsync("/images/push", new { image = "localhost:5000/app" });

        await response.ReadProblemAsync(HttpStatusCode.NotFound, "image_not_found");
    }

    [Theory]
    [InlineData("""{"username":"ann","password":"s3cret","email":"","serveraddress":"https://ONE:5000/v2/"}""", "ann")]
    [InlineData("""{"username":"ann","password":"s3cret","serveraddress":""}""", "ann", null)]
    [InlineData("""{"username":"","password":""}""", null)]
    [InlineData("{}", null)]
    public async Task Pull_takes_credentials_from_the_header(string json, string? user, string? address = "https://ONE:5000/v2/")
    {
        RegistryCredentials? given = null;
        var engine = EngineWith([Image("busybox:latest")]);
        engine.PullImage = (_, _, credentials, _) =>
        {
            given = credentials;
            return Lines(null, Digest);
        };

        await PostAsync(engine, "pull", new { image = "one:5000/busybox" }, Base64(json));

        Assert.Equal(user is null ? null : new RegistryCredentials(user, "s3cret", address), given);
    }

    [Theory]
    [InlineData("!", null)]
    [InlineData("eyJ1c2VybmFtZSI6ImFubiJ9", null)]
    [InlineData("eyJ1c2VybmFtZSI6ImEiLCJ1c2VybmFtZSI6ImIiLCJwYXNzd29yZCI6IngifQ", null)]
    [InlineData("eyJ1c2VybmFtZSI6ImFubiIsInBhc3N3b3JkIjoieCJ9", "bob")]
    public async Task Credentials_invalid_in_the_header_or_given_twice_return_400(string header, string? user)
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await SendAsync(
            host, "push", new { image = "app", registryAuth = user is null ? null : new { username = user, password = "s3cret" } }, header);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(user is null ? "X-Registry-Auth" : "registryAuth", Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("busybox", "registry.example.org", 400)]
    [InlineData("one:5000/app", "one:5001", 400)]
    [InlineData("one:5000/app", "https://one:5000@two/v2/", 400)]
    [InlineData("docker.io/library/app", "registry-1.docker.io", 200)]
    [InlineData("index.docker.io/library/app", "docker.io", 200)]
    [InlineData("one:5000/app", "http://one:5000/v2/", 200)]
    public async Task Credentials_that_name_another_registry_are_refused(string image, string address, int status)
    {
        foreach (var call in new[] { "pull", "push" })
        {
            var engine = EngineWith([Image(image + ":latest")]);
            engine.PullImage = (_, _, _, _) => Lines(null, Digest);
            engine.PushImage = (_, _, _) => Lines(null, Digest);
            await using var host = new ApiHost(engine);
            var auth = new { username = "ann", password = "s3cret", serverAddress = address };

            using var inBody = await SendAsync(host, call, new { image, registryAuth = auth }, null);
            using var inHeader = await SendAsync(host, call, new { image }, Base64(JsonSerializer.Serialize(auth)));

            Assert.Equal((status, status), ((int)inBody.StatusCode, (int)inHeader.StatusCode));
        }
    }

    [Theory]
    [InlineData("pull", "text/event-stream", null)]
    [InlineData("push", null, "sse")]
    public async Task Transfers_are_server_sent_events_on_request(string call, string? accept, string? format)
    {
        var engine = EngineWith([Image("localhost:5000/app:latest")]);
        engine.PullImage = (_, _, _, _) => Lines(null, Digest);
        engine.PushImage = (_, _, _) => Lines(null, Digest);
        await using var host = new ApiHost(engine);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/" + call)
        {
            Content = JsonContent.Create(new { image = "localhost:5000/app", format }),
        };
        request.Headers.TryAddWithoutValidation("Accept", accept ?? "*/*");

        using var response = await host.Client.SendAsync(request);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        Assert.StartsWith("event: progress\nid: 0\ndata: {\"type\":\"progress\",\"seq\":\"0\",", text, StringComparison.Ordinal);
        Assert.Contains("\n\nevent: result\nid: 1\ndata: {", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pull")]
    [InlineData("push")]
    public async Task Transfer_that_no_accepted_media_type_can_carry_returns_406(string call)
    {
        await using var host = new ApiHost(new FakeEngine());
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/" + call) { Content = JsonContent.Create(new { image = "app" }) };
        request.Headers.TryAddWithoutValidation("Accept", "text/plain");

        using var response = await host.Client.SendAsync(request);

        await response.ReadProblemAsync(HttpStatusCode.NotAcceptable, "not_acceptable");
    }

    private static (string?, string?, string?, string?, string?, string?, string?) ResultOf(string line)
    {
        var result = JsonSerializer.Deserialize<JsonElement>(line);
        return (Text("type"), Text("seq"), Text("state"), Text("engine"), Text("image"), Text("imageId"), Text("digest"));

        string? Text(string name) => result.GetProperty(name).GetString();
    }

    private static string WithoutTime(string line) => Regex.Replace(line, "\"at\":\"[^\"]*\",", "");

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static async Task<HttpResponseMessage> SendAsync(ApiHost host, string call, object body, string? header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/" + call) { Content = JsonContent.Create(body) };
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Registry-Auth", header);
        }

        return await host.Client.SendAsync(request);
    }

    /// <summary>Returns the lines of a stream.</summary>
    private static async Task<string[]> PostAsync(FakeEngine engine, string call, object body, string? header = null)
    {
        await using var host = new ApiHost(engine);
        using var response = await SendAsync(host, call, body, header);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
