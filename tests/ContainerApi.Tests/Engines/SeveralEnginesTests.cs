using ContainerApi.Tests.Api;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Engines;

public sealed class SeveralEnginesTests
{
    private const string Tag = """{"image":"app","tag":"app:v2"}""";

    [Theory]
    [InlineData("POST", "/containers", """{"image":"app"}""")]
    [InlineData("POST", "/containers/web/start")]
    [InlineData("POST", "/containers/web/stop")]
    [InlineData("POST", "/containers/web/restart")]
    [InlineData("POST", "/containers/web/pause")]
    [InlineData("POST", "/containers/web/unpause")]
    [InlineData("POST", "/containers/web/kill")]
    [InlineData("POST", "/containers/web/rename?name=web2")]
    [InlineData("DELETE", "/containers/web")]
    [InlineData("POST", "/images", """{"source":"web","tag":"app"}""")]
    [InlineData("POST", "/images/tag", Tag)]
    [InlineData("POST", "/images/pull", """{"image":"app"}""")]
    [InlineData("POST", "/images/push", """{"image":"app"}""")]
    [InlineData("POST", "/images/commit", """{"container":"web"}""")]
    [InlineData("DELETE", "/images/app")]
    [InlineData("POST", "/builds", """{"dockerfile":"FROM scratch"}""")]
    public async Task Write_that_names_none_of_several_engines_is_refused(string method, string address, string? body = null)
    {
        await using var host = new ApiHost(new FakeEngine { Name = "near" }, new FakeEngine { Name = "far" });
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");

        using var response = await host.Client.SendAsync(request);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "engine_required");
        Assert.Equal(
            "is required, because there are several engines. Allowed engines: near, far.",
            problem.GetProperty("errors").GetProperty("engine")[0].GetString());
    }

    [Theory]
    [InlineData("far", "", "far")]
    [InlineData("far", "?engine=near", "near")]
    [InlineData(null, "?engine=far", "far")]
    public async Task Write_goes_to_the_named_or_the_default_engine(string? defaultEngine, string query, string expected)
    {
        await using var host = new ApiHost(Settings(defaultEngine), Tagging("near"), Tagging("far"));

        using var response = await host.Client.PostTextAsync("/images/tag" + query, Tag);

        Assert.Equal(expected, (await response.ReadJsonAsync(HttpStatusCode.Created)).GetProperty("engine").GetString());
        Assert.Equal("/images/app:v2?engine=" + expected, response.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Location_names_the_only_engine_not()
    {
        await using var host = new ApiHost(Tagging("local"));

        using var response = await host.Client.PostTextAsync("/images/tag", Tag);

        Assert.Equal("local", (await response.ReadJsonAsync(HttpStatusCode.Created)).GetProperty("engine").GetString());
        Assert.Equal("/images/app:v2", response.Headers.Location?.ToString());
    }

    [Fact]
    public void Default_engine_that_is_not_configured_stops_the_startup()
    {
        var failure = Assert.ThrowsAny<Exception>(() => new ApiHost(Settings("elsewhere"), new FakeEngine()));

        Assert.Contains("DefaultEngine: 'elsewhere' is not a configured engine: near, far.", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "far", 200, null)]
    [InlineData("", "near,far", 409, "ambiguous_reference")]
    [InlineData("?engine=near", "near,far", 200, null)]
    [InlineData("?engine=near", "far", 404, "image_not_found")]
    [InlineData("", "", 404, "image_not_found")]
    [InlineData("?engine=elsewhere", "far", 404, "engine_not_found")]
    public async Task Image_is_searched_on_all_engines(string query, string having, int status, string? code)
    {
        await using var host = new ApiHost(Having("near", having), Having("far", having));

        var answer = await host.GetJsonAsync("/images/app" + query, (HttpStatusCode)status);

        Assert.Equal(code, answer.TryGetProperty("code", out var its) ? its.GetString() : null);
        if (code == "ambiguous_reference")
        {
            Assert.Equal(["near", "far"], answer.Items("engine", "matches"));
        }
    }

    [Theory]
    [InlineData("/containers")]
    [InlineData("/images")]
    [InlineData("/engines")]
    [InlineData("/builds")]
    public async Task Read_of_this_replica_alone_is_the_whole_read(string address)
    {
        var engine = Facts.Engine();
        engine.ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([]);
        engine.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.45" });
        await using var host = new ApiHost(engine);

        Assert.Equal(
            (await host.GetJsonAsync(address)).GetProperty("items").GetArrayLength(),
            (await host.GetJsonAsync(address + "?local=true")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public void Engine_is_a_parameter_of_every_operation_about_engines()
    {
        var operations = ApiDocument.Operations.ToList();

        Assert.All(operations, o => Assert.Matches("^[a-z]+[A-Z]", o.GetProperty("operationId").GetString()));
        Assert.Equal(
            ["getHealth", "getReadiness", "getService"],
            operations.Where(o => ApiDocument.Root.ParametersOf(o).All(p => p.GetProperty("name").GetString() != "engine"))
                .Select(o => o.GetProperty("operationId").GetString()).Order());
    }

    private static Dictionary<string, string?> Settings(string? defaultEngine) => new()
    {
        ["Engines:0:Name"] = "near",
        ["Engines:0:Endpoint"] = "unix:///run/near.sock",
        ["Engines:1:Name"] = "far",
        ["Engines:1:Endpoint"] = "unix:///run/far.sock",
        ["DefaultEngine"] = defaultEngine,
    };

    private static FakeEngine Tagging(string name) => new()
    {
        Name = name,
        TagImage = (_, _, _, _) => Task.CompletedTask,
        InspectImage = (id, _) => Task.FromResult(Image(id)),
    };

    private static FakeEngine Having(string name, string engines) => new()
    {
        Name = name,
        InspectImage = (id, _) => engines.Split(',').Contains(name)
            ? Task.FromResult(Image("sha256:" + new string('a', 64)))
            : throw new EngineException(ErrorCode.ImageNotFound, name, "No such image: " + id),
        ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([]),
    };

    private static ImageDetails Image(string id) => new() { Summary = new ImageFacts { Id = id, CreatedAt = null, SizeBytes = 1 } };
}
