using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>What cannot be built is said with the right code, by both builders, and leaves nothing behind.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildRefusalTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Fact]
    public async Task Bad_input_is_a_problem_and_leaves_nothing_behind()
    {
        var good = Tar(("Dockerfile", "FROM scratch\nCOPY a /a\n"), ("a", new string('a', 100_000)));
        await RefusesAsync("classic",
        [
            ([], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Encoding.ASCII.GetBytes(new string('x', 100_000)), "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..(good.Length / 2)], "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..700], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Tar(("other", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (new byte[1024], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Tar(("Dockerfile", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "FROM scratch\nNOPE x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "RUN x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile/x", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&target=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=../x", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&tag=A", HttpStatusCode.BadRequest, "invalid_reference"),
            (good, "&engine=none", HttpStatusCode.NotFound, "engine_not_found"),
        ]);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task What_fails_after_the_start_is_in_the_result(string builder)
    {
        var lines = await BuildAsync(With(builder), Tar(("Dockerfile", $"FROM {Fixture.Image}\nCOPY nope /x\n")));

        Assert.Equal("step_failed", lines[^1]["error"]!["code"]!.GetValue<string>());
        Assert.Equal("COPY nope /x", lines[^1]["error"]!["step"]!.GetValue<string>());
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task What_is_wrong_with_the_Dockerfile_and_shows_late_has_the_same_code(string builder)
    {
        foreach (var instruction in new[] { "EXPOSE nope/x", "STOPSIGNAL NOPE", "COPY --from=9 a /a" })
        {
            var lines = await BuildAsync(With(builder), Tar(("Dockerfile", $"FROM {Fixture.Image}\nUSER 1\n{instruction}\n")));

            Assert.Equal((instruction, "invalid_dockerfile"), (instruction, lines[^1]["error"]!["code"]!.GetValue<string>()));
        }
    }

    [Theory]
    [InlineData("classic", "RUN --mount=type=cache,target=/x true")]
    [InlineData("classic", "RUN <<EOF\necho never\nEOF")]
    [InlineData("buildkit", "RUN --mount=type=ssh true")]
    public async Task What_a_builder_cannot_do_is_refused_before_any_work(string builder, string instruction)
    {
        var before = await Fixture.DanglingAsync();

        using var response = await SendAsync(With(builder), Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN true\n{instruction}\n")));

        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "feature_unsupported"), (response.StatusCode, problem["code"]!.GetValue<string>()));
        Assert.StartsWith("Line 3 of the Dockerfile: ", problem["detail"]!.GetValue<string>());
        Assert.Empty((await Fixture.DanglingAsync()).Except(before));
    }

    [Fact]
    public async Task BuildKit_builds_refuse_bad_input_alike_and_leave_nothing_behind()
    {
        var good = Tar(("Dockerfile", "FROM scratch\nCOPY a /a\n"), ("a", new string('a', 100_000)));
        await RefusesAsync("buildkit",
        [
            ([], "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..(good.Length / 2)], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Encoding.ASCII.GetBytes(new string('x', 100_000)), "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..700], "", HttpStatusCode.BadRequest, "invalid_context"),
            (new byte[1024], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Tar(("Dockerfile/x", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=../x", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&engine=none", HttpStatusCode.NotFound, "engine_not_found"),
            (good, "&tag=A", HttpStatusCode.BadRequest, "invalid_reference"),
            (good, "&network=containerapi-none", HttpStatusCode.UnprocessableEntity, "feature_unsupported"),
            (Tar(("other", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "FROM scratch\nNOPE x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "RUN x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&target=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
        ]);
    }

    /// <summary>
    /// What only the frontend finds: the classic builder has said nothing yet, BuildKit has, so there it is a result. The code is one.
    /// </summary>
    [Theory]
    [InlineData("FROM scratch\nCOPY a\n")]
    [InlineData("FROM scratch\nCOPY --nope=x a /a\n")]
    [InlineData("FROM\n")]
    [InlineData("FROM scratch x y\n")]
    [InlineData("FROM scratch AS 1x\n")]
    [InlineData("FROM scratch\nENV A\n")]
    [InlineData("FROM scratch\nONBUILD FROM x\n")]
    [InlineData("FROM scratch\nHEALTHCHECK NOPE\n")]
    [InlineData("FROM UPPER\n")]
    [InlineData("FROM scratch\nWORKDIR\n")]
    public async Task A_Dockerfile_that_the_builder_refuses_has_one_code(string dockerfile)
    {
        foreach (var builder in new[] { "classic", "buildkit" })
        {
            using var response = await SendAsync(With(builder), Tar(("Dockerfile", dockerfile), ("a", "a")));
            var text = await response.Content.ReadAsStringAsync();

            var last = JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
            Assert.True("invalid_dockerfile" == (last["error"]?["code"] ?? last["code"])?.GetValue<string>(), $"{builder}: {text}");
            Assert.DoesNotContain("buildkit-mount", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_base_image_that_is_nowhere_is_a_failed_step(string builder)
    {
        var lines = await BuildAsync(With(builder), Tar(("Dockerfile", "FROM localhost:1/containerapi-test/nowhere:1\n")));

        Assert.Equal("step_failed", lines[^1]["error"]!["code"]!.GetValue<string>());
        Assert.Contains("localhost:1/containerapi-test/nowhere:1", lines[^1]["error"]!["step"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private async Task RefusesAsync(string builder, IReadOnlyList<(byte[] Body, string Query, HttpStatusCode Status, string Code)> cases)
    {
        var tag = Tag();
        var before = await Fixture.DanglingAsync();

        foreach (var (body, query, status, code) in cases)
        {
            using var response = await SendAsync($"tag={tag}&{With(builder)}{query}", body);
            var text = await response.Content.ReadAsStringAsync();

            Assert.True(response.StatusCode == status, $"{query} of {body.Length} bytes: {text}");
            Assert.Equal(code, JsonNode.Parse(text)!["code"]!.GetValue<string>());
            Assert.DoesNotContain("docker-builder", text, StringComparison.Ordinal);
        }

        await AssertNoImageAsync(tag);
        Assert.Empty((await Fixture.DanglingAsync()).Except(before));
    }
}
