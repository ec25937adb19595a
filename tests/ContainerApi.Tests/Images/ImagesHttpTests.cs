using ContainerApi.Tests.Containers;
using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Image requests over HTTP with a fake engine: its calls, and the requests that never reach it.</summary>
public sealed class ImagesHttpTests
{
    private const string Rest = """
        "digests":[],"createdAt":"2026-11-23T12:00:00Z","sizeBytes":1234,"labels":{"a":"b"}
        """;
    private const string Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task List_returns_images_of_all_engines_with_their_container_counts()
    {
        var good = EngineWith([Image("busybox:latest"), Image() with { Id = "sha256:" + Facts.Id('e') }]);
        good.ListContainers = (filter, _) =>
        {
            Assert.True(filter.All);
            return Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a'), Facts.Container('b', state: ContainerStates.Exited)]);
        };
        var halfway = EngineWith([Image()], "halfway");
        halfway.ListContainers = (_, _) => throw Failure(ErrorCode.EngineTimeout, "halfway");
        var bad = EngineWith([], "bad");
        bad.ListImages = (_, _) => throw Failure(ErrorCode.EngineUnavailable, "bad");
        bad.ListContainers = (_, _) => throw Failure(ErrorCode.EngineUnavailable, "bad");
        await using var host = new ApiHost(good, halfway, bad);

        var list = await host.GetJsonAsync("/images");

        Assert.Equal("""
            {"items":[
            {"engine":"halfway","id":"IMAGE","shortId":"ffffffffffff","tags":[],REST,"containers":null},
            {"engine":"local","id":"OTHER","shortId":"eeeeeeeeeeee","tags":[],REST,"containers":0},
            {"engine":"local","id":"IMAGE","shortId":"ffffffffffff","tags":["busybox:latest"],REST,"containers":2}],
            "engines":[{"name":"local","state":"ok","images":2,"error":null,"since":null},
            {"name":"halfway","state":"ok","images":1,"error":null,"since":null},
            {"name":"bad","state":"unavailable","images":null,"error":{"code":"engine_unavailable","message":"In the engine's words."},"since":null}],
            "total":3,"nextCursor":null,"complete":false}
            """.ReplaceLineEndings("").Replace("IMAGE", ImageId).Replace("OTHER", "sha256:" + Facts.Id('e'))
            .Replace("REST", Rest), list.GetRawText());
        Assert.Equal(1, (await host.GetJsonAsync("/images?engine=halfway")).GetProperty("total").GetInt32());
        using var none = await host.Client.GetAsync("/images?engine=bad");
        await none.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        using var unknown = await host.Client.GetAsync("/images?engine=local&engine=nope");
        await unknown.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("?dangling=false", "dangling=false")]
    [InlineData("?dangling=true", "dangling=true")]
    [InlineData("?reference=team/*:v?&label=a&label=b=c=d", "reference=team/*:v? label=a,b=c=d")]
    public async Task List_passes_its_filters_to_the_engine(string query, string expected)
    {
        var asked = "";
        var engine = EngineWith([]);
        engine.ListImages = (filters, _) =>
        {
            asked = string.Join(' ', filters?.Select(f => $"{f.Key}={string.Join(',', f.Value)}") ?? []);
            return Task.FromResult<IReadOnlyList<ImageFacts>>([]);
        };
        await using var host = new ApiHost(engine);

        await host.GetJsonAsync("/images" + query);

        Assert.Equal(expected, asked);
    }

    [Theory]
    [InlineData("GET", "/images?dangling=maybe", "dangling")]
    [InlineData("GET", "/images?dangling", "dangling")]
    [InlineData("GET", "/images?reference=[", "reference")]
    [InlineData("GET", "/images?reference=a%5Cb", "reference")]
    [InlineData("GET", "/images?reference=", "reference")]
    [InlineData("GET", "/images?label=", "label")]
    [InlineData("GET", "/images?label==x", "label")]
    [InlineData("GET", "/images?all=1", "all")]
    [InlineData("GET", "/images/App", "reference", "invalid_reference")]
    [InlineData("GET", "/images/a/..%2F..%2Fcontainers", "reference", "invalid_reference")]
    [InlineData("GET", "/images/a%0Ab", "reference", "invalid_reference")]
    [InlineData("GET", "/images/a%3Fforce=1", "reference", "invalid_reference")]
    [InlineData("GET", "/images/app?force=1", "force")]
    [InlineData("DELETE", "/images/a:b:c", "reference", "invalid_reference")]
    [InlineData("DELETE", "/images/app?force=maybe", "force")]
    [InlineData("DELETE", "/images/app?force=", "force")]
    public async Task Invalid_parameters_return_400_without_calling_the_engine(
        string method, string address, string field, string code = "invalid_request")
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), address));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, code);
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("tag", """{}""", "image")]
    [InlineData("tag", """{"image":"app"}""", "tag")]
    [InlineData("tag", """{"image":"App","tag":"app"}""", "image", "invalid_reference")]
    [InlineData("tag", """{"image":"app","tag":"App"}""", "tag", "invalid_reference")]
    [InlineData("tag", $$"""{"image":"app","tag":"app@{{Digest}}"}""", "tag", "invalid_reference")]
    [InlineData("tag", """{"image":"app","tag":"[::1]:5000/app"}""", "tag", "invalid_reference")]
    [InlineData("tag", """{"image":"app","tag":"sha256:v1"}""", "tag", "invalid_reference")]
    [InlineData("pull", """{}""", "image")]
    [InlineData("pull", """{"image":"a:b:c"}""", "image", "invalid_reference")]
    [InlineData("pull", $$"""{"image":"{{Digest}}"}""", "image", "invalid_reference")]
    [InlineData("pull", """{"image":"app","platform":"linux/"}""", "platform")]
    [InlineData("pull", """{"image":"app","platform":"linux/a/b/c"}""", "platform")]
    [InlineData("pull", """{"image":"app","registryAuth":{"password":"s3cret"}}""", "registryAuth.username")]
    [InlineData("push", """{"image":"app","registryAuth":{"username":"ann"}}""", "registryAuth.password")]
    [InlineData("push", "{}", "image")]
    [InlineData("pull", """{"image":"app","registryAuth":{"username":"ann","password":""}}""", "registryAuth.password")]
    [InlineData(
        "pull", """{"image":"app","registryAuth":{"username":"ann","password":"s3cret","serverAddress":""}}""", "registryAuth.serverAddress")]
    [InlineData("commit", """{}""", "container")]
    [InlineData("commit", """{"container":"../x"}""", "container")]
    [InlineData("commit", """{"container":"web","tag":""}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","tag":"App"}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","tag":"a:b:c"}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","tag":"[::1]:5000/app:v1"}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","tag":"library/sha256:v1"}""", "tag", "invalid_reference")]
    [InlineData("commit", $$"""{"container":"web","tag":"app@{{Digest}}"}""", "tag", "invalid_reference")]
    [InlineData("commit", """{"container":"web","changes":["RUN id"]}""", "changes[0]")]
    [InlineData("commit", """{"container":"web","changes":["FROM x"]}""", "changes[0]")]
    [InlineData("commit", """{"container":"web","changes":["ENV A=1\nRUN id"]}""", "changes[0]")]
    [InlineData("commit", """{"container":"web","changes":["# escape=`"]}""", "changes[0]")]
    [InlineData("commit", """{"container":"web","changes":[" "]}""", "changes[0]")]
    [InlineData("commit", """{"container":"web","changes":[null]}""", "changes[0]")]
    [InlineData("commit", """{"container":"web","changes":["ENVY A=1"]}""", "changes[0]")]
    public async Task Invalid_bodies_return_400_without_calling_the_engine(string call, string body, string field, string code = "invalid_request")
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync("/images/" + call, new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, code);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        Assert.DoesNotContain("s3cret", problem.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/images/busybox", "busybox")]
    [InlineData("/images/registry:5000/team/app:v1", "registry:5000/team/app:v1")]
    [InlineData("/images/registry%3A5000%2Fteam%2fapp:v1", "registry:5000/team/app:v1")]
    [InlineData("/images/pull", "pull")]
    [InlineData("/images/43b9fa55b83f", "43b9fa55b83f")]
    [InlineData("/images/app:v1@" + Digest, "app@" + Digest)]
    public async Task Inspect_and_remove_accept_names_ids_and_digests(string address, string expected)
    {
        var asked = new List<string>();
        var engine = EngineWith([]);
        engine.InspectImage = (reference, _) =>
        {
            asked.Add(reference);
            return Task.FromResult(new ImageDetails
            {
                Summary = Image("busybox:latest"),
                History = [new ImageHistoryFacts(null, null, "made", [], 5, null)],
                Platforms = ["linux/amd64"],
            });
        };
        engine.RemoveImage = (reference, force, _) =>
        {
            asked.Add($"{reference} {force}");
            return Task.FromResult(new RemovedImage(["busybox:latest"], [ImageId]));
        };
        await using var host = new ApiHost(engine);

        var image = await host.GetJsonAsync(address);
        using var response = await host.Client.DeleteAsync(address + "?force=true");
        var removed = await response.ReadJsonAsync(HttpStatusCode.OK);

        Assert.Equal([expected, expected + " True"], asked);
        Assert.Equal("engine", image.EnumerateObject().First().Name);
        Assert.EndsWith("""
            "digest":null,"platforms":["linux/amd64"],"attestations":null}
            """, image.GetRawText());
        Assert.Equal(1, image.GetProperty("containers").GetInt32());
        Assert.Equal(
            """[{"id":null,"createdAt":null,"createdBy":"made","tags":[],"sizeBytes":5,"comment":null}]""",
            image.GetProperty("history").GetRawText());
        Assert.Equal($$"""{"engine":"local","untagged":["busybox:latest"],"deleted":["{{ImageId}}"]}""", removed.GetRawText());
    }

    [Theory]
    [InlineData("image_not_found", 404)]
    [InlineData("conflict", 409)]
    [InlineData("forbidden", 403)]
    [InlineData("engine_unavailable", 503)]
    [InlineData("engine_timeout", 504)]
    [InlineData("engine_error", 502)]
    public async Task Engine_errors_are_problems_with_the_engine_message(string code, int status)
    {
        var failure = Failure(ErrorCode.Find(code)!);
        var engine = EngineWith([]);
        engine.InspectImage = (_, _) => throw failure;
        engine.RemoveImage = (_, _, _) => throw failure;
        engine.TagImage = (_, _, _, _) => throw failure;
        engine.PullImage = (_, _, _, _) => Lines(failure);
        engine.CommitContainer = (_, _) => throw failure;
        await using var host = new ApiHost(engine);

        foreach (var (method, address, body) in new (string, string, object?)[]
        {
            ("GET", "/images/app", null),
            ("DELETE", "/images/app", null),
            ("POST", "/images/tag", new { image = "app", tag = "app:v2" }),
            ("POST", "/images/pull", new { image = "app" }),
            ("POST", "/images/commit", new { container = "web" }),
        })
        {
            using var response = await host.Client.SendAsync(
                new HttpRequestMessage(new HttpMethod(method), address) { Content = body is null ? null : JsonContent.Create(body) });
            var problem = await response.ReadProblemAsync((HttpStatusCode)status, code);
            Assert.Equal("In the engine's words.", problem.GetProperty("detail").GetString());
        }
    }

    [Theory]
    [InlineData("app", "app", "latest")]
    [InlineData("localhost:5000/team/app", "localhost:5000/team/app", "latest")]
    [InlineData("localhost:5000/team/app:v1", "localhost:5000/team/app", "v1")]
    public async Task Tag_and_commit_split_a_name_into_repository_and_tag(string name, string repository, string tag)
    {
        var tagged = "";
        CommitSpec? committed = null;
        var engine = EngineWith([Image($"{repository}:{tag}")]);
        engine.TagImage = (source, r, t, _) =>
        {
            tagged = $"{source} {r} {t}";
            return Task.CompletedTask;
        };
        engine.CommitContainer = (spec, _) =>
        {
            committed = spec;
            return Task.FromResult(ImageId);
        };
        await using var host = new ApiHost(engine);

        using var tagging = await host.Client.PostAsJsonAsync("/images/tag", new { image = "43b9fa55b83f", tag = name });
        using var committing = await host.Client.PostAsJsonAsync("/images/commit", new { container = "web", tag = name });

        var image = await tagging.ReadJsonAsync(HttpStatusCode.Created);
        Assert.Equal($$"""{"engine":"local","id":"{{ImageId}}","tags":["{{repository}}:{{tag}}"]}""", image.GetRawText());
        Assert.Equal($"43b9fa55b83f {repository} {tag}", tagged);
        var answer = await committing.ReadJsonAsync(HttpStatusCode.Created);
        Assert.Equal(
            $$"""
            {"engine":"local","id":"{{ImageId}}","tags":["{{repository}}:{{tag}}"],"container":"{{Facts.Id('a')}}",
            "createdAt":"2026-11-23T12:00:00Z","preview":null}
            """.ReplaceLineEndings(""),
            answer.GetRawText());
        Assert.Equal($"/images/{ImageId}", committing.Headers.Location?.ToString());
        Assert.Equal((Facts.Id('a'), new ImageName(repository, tag), true), (committed!.Container, committed.Tag, committed.Pause));
    }
}
