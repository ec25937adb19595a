using System.Runtime.CompilerServices;

namespace ContainerApi.Tests.Builds;

/// <summary>Builds whose response is a file.</summary>
public sealed class BuildFileTests : BuildEndpointFixture
{
    [Theory]
    [InlineData("tar", "", "Tar")]
    [InlineData("local", "", "Tar")]
    [InlineData("oci", "&tag=a:1", "Oci")]
    public async Task Response_is_the_file_and_the_events_are_at_the_build(string output, string more, string expected)
    {
        BuildSpec? asked = null;
        var file = new byte[3_000_000];
        Random.Shared.NextBytes(file);
        _engine.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.51", HasContainerdStore = true });
        _engine.BuildFile = (spec, context, target, token) => SendAsync(asked = spec, context, target, file, null, token);

        using var response = await PostAsync($"output={output}{more}", Tar(), "application/x-tar");

        Assert.Equal((HttpStatusCode.OK, "application/x-tar"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal(file, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(expected, asked!.Output.ToString());
        var id = response.Headers.GetValues("Build-Id").Single();
        Assert.Equal($"attachment; filename={id}.tar", response.Content.Headers.ContentDisposition?.ToString());
        var build = await _api.GetJsonAsync("/builds/" + id);
        Assert.Equal(("succeeded", JsonValueKind.Null), (build.GetProperty("state").GetString(), build.GetProperty("imageId").ValueKind));
        var events = await BuildApi.LinesAsync(await _api.Client.GetAsync($"/builds/{id}/events"));
        Assert.Equal(["started", "step", "step", "result"], events.Select(e => e.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task Failure_before_the_first_byte_is_a_problem()
    {
        var failure = new BuildFailed("exit code: 3", "RUN x", 3);
        _engine.BuildFile = (spec, context, target, token) => SendAsync(spec, context, target, [], failure, token);

        var problem = await (await PostAsync("output=tar", Tar(), "application/x-tar"))
            .ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "build_failed");

        Assert.Equal(("step_failed", 3), (problem.GetProperty("reason").GetString(), problem.GetProperty("exitCode").GetInt32()));
    }

    [Fact]
    public async Task Failure_after_the_first_byte_cuts_the_connection()
    {
        var failure = new BuildFailed("lost", null, null);
        _engine.BuildFile = (spec, context, target, token) => SendAsync(spec, context, target, new byte[500_000], failure, token);

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await PostAsync("output=tar", Tar(), "application/x-tar");
            await response.Content.ReadAsByteArrayAsync();
        });

        var builds = await _api.GetJsonAsync("/builds");
        Assert.Equal("failed", builds.GetProperty("items")[0].GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("output=tar&tag=a", 400, "tag")]
    [InlineData("output=tar&mode=wait", 400, "mode")]
    [InlineData("output=tar&mode=detach", 400, "mode")]
    [InlineData("output=oci&format=text", 400, "format")]
    [InlineData("output=oci&tag=a&push=true", 400, "push")]
    [InlineData("output=tar&check=true", 400, "output")]
    [InlineData("output=tar&annotation=a%3Db", 400, "annotation")]
    [InlineData("check=true&push=true", 400, "push")]
    [InlineData("check=true&tag=a", 400, "tag")]
    [InlineData("check=true", 422, "check")]
    [InlineData("output=zip", 400, "output")]
    [InlineData("output=tar&builder=classic", 422, "output")]
    [InlineData("output=oci", 422, "output")]
    public async Task Request_that_cannot_have_a_file_is_refused(string query, int status, string field)
    {
        _engine.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.41", Version = "20.10" });

        var problem = await (await PostAsync(query, Tar(), "application/x-tar"))
            .ReadProblemAsync((HttpStatusCode)status, status == 400 ? "invalid_request" : "feature_unsupported");

        Assert.Equal(field, problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    [Theory]
    [InlineData("application/x-tar", 200)]
    [InlineData("application/octet-stream", 200)]
    [InlineData("*/*", 200)]
    [InlineData("application/json, application/x-tar;q=0.5", 200)]
    [InlineData("application/json", 406)]
    public async Task Accepted_media_types_include_that_of_the_file(string accept, int status)
    {
        _engine.BuildFile = (spec, context, target, token) => SendAsync(spec, context, target, [1], null, token);
        _api.Client.DefaultRequestHeaders.Accept.ParseAdd(accept);

        using var response = await PostAsync("output=tar", Tar(), "application/x-tar");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains("application/x-tar", status == 200 ? response.Content.Headers.ContentType!.ToString()
            : (await response.ReadProblemAsync(HttpStatusCode.NotAcceptable, "not_acceptable")).GetProperty("detail").GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_is_not_kept_for_a_repeated_request()
    {
        _api.Client.DefaultRequestHeaders.Add("Idempotency-Key", "k");

        var problem = await (await PostAsync("output=tar", Tar(), "application/x-tar"))
            .ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal("Idempotency-Key", problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    private static async IAsyncEnumerable<BuildFact> SendAsync(
        BuildSpec spec, Stream context, Stream target, byte[] file, BuildFailed? failure,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Assert.Equal(BuilderKind.BuildKit, spec.Builder);
        await context.CopyToAsync(Stream.Null, cancellationToken);
        yield return new StepStarted("1", 1, 1, "FROM scratch");
        await target.WriteAsync(file, cancellationToken);
        yield return new StepCompleted("1", false);
        if (failure is not null)
        {
            yield return failure;
        }
    }
}
