using ContainerApi.Api;
using ContainerApi.Builds;
using ContainerApi.Tests.Containers;
using ContainerApi.Tests.Images;

namespace ContainerApi.Tests.Api;

public sealed class VersionTests
{
    [Theory]
    [InlineData("/containers?limit=1", "/v1/containers?limit=1")]
    [InlineData("/containers/none", "/v1/containers/none")]
    [InlineData("/nothing", "/v1/nothing")]
    public async Task Bare_path_and_versioned_path_have_the_same_answer(string bare, string versioned)
    {
        await using var host = new ApiHost(Facts.Engine());

        using var first = await host.Client.GetAsync(bare);
        using var second = await host.Client.GetAsync(versioned);

        Assert.Equal(first.StatusCode, second.StatusCode);
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal(ServiceVersion.Current, second.Headers.GetValues("ContainerApi-Version").Single());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/v1")]
    public async Task Links_and_locations_keep_the_form_of_the_request(string prefix)
    {
        var engine = Facts.Engine(Facts.Container('a'), Facts.Container('b'));
        engine.TagImage = (_, _, _, _) => Task.CompletedTask;
        engine.InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = ImageFactory.Image("a:1") });
        await using var host = new ApiHost(engine);

        using var page = await host.Client.GetAsync(prefix + "/containers?limit=1");
        using var created = await host.Client.PostAsJsonAsync(prefix + "/images/tag", new { image = "a:1", tag = "b:1" });

        Assert.StartsWith($"<{prefix}/containers?", page.Headers.GetValues("Link").Single());
        Assert.Equal(prefix + "/images/b:1", created.Headers.Location?.OriginalString);
    }

    [Theory]
    [InlineData("/v1/healthz")]
    [InlineData("/v1/swagger/index.html")]
    [InlineData("/v1/v1/containers")]
    public async Task Unversioned_paths_have_no_versioned_alias(string path)
    {
        await using var host = new ApiHost(Facts.Engine());

        using var response = await host.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("/", "/containers")]
    [InlineData("/v1", "/v1/containers")]
    [InlineData("/v1/", "/v1/containers")]
    public async Task Root_describes_the_service_with_links_that_answer(string root, string containers)
    {
        var engine = Facts.Engine();
        engine.Ping = _ => Task.FromResult("1.41");
        engine.ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([]);
        engine.Describe = _ => throw new EngineException(ErrorCode.EngineUnavailable, "local", "Down.");
        await using var host = new ApiHost(engine);

        var service = await host.GetJsonAsync(root);

        Assert.Equal(ServiceVersion.Current, service.GetProperty("version").GetString());
        Assert.Equal(containers, service.GetProperty("links").GetProperty("containers").GetString());
        foreach (var link in service.GetProperty("links").EnumerateObject())
        {
            using var response = await host.Client.GetAsync(link.Value.GetString());
            Assert.True(response.IsSuccessStatusCode, $"{link.Name}: {response.StatusCode}");
        }
    }

    [Fact]
    public async Task Every_problem_code_is_documented_at_its_type()
    {
        await using var host = new ApiHost(Facts.Engine());

        foreach (var code in ErrorCode.All)
        {
            var page = await host.Client.GetStringAsync(code.Type);
            Assert.StartsWith($"## {code.Code}\n\nStatus {code.Status}", page);
        }

        var documented = (await host.Client.GetStringAsync("/problems")).Split('\n').Where(l => l.StartsWith("## ", StringComparison.Ordinal));
        ErrorCode[] ofBuilds = [BuildError.StepFailed, BuildError.Timeout, BuildError.Cancelled, BuildError.Interrupted];
        Assert.Equal(ErrorCode.All.Concat(ofBuilds).Select(c => "## " + c.Code).Order(), documented.Order());
    }
}
