using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>Builds that fail have the same error code with both builders and leave nothing behind.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildRefusalTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Invalid_input_returns_a_problem_and_leaves_no_image(string builder)
    {
        var tag = Tag();
        var before = await Fixture.DanglingAsync();
        var good = Tar(("Dockerfile", "FROM scratch\nCOPY a /a\n"), ("a", new string('a', 100_000)));

        foreach (var (body, query, status, code) in new (byte[], string, HttpStatusCode, string)[]
        {
            ([], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Encoding.ASCII.GetBytes(new string('x', 100_000)), "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..(good.Length / 2)], "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..700], "", HttpStatusCode.BadRequest, "invalid_context"),
            (new byte[1024], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Tar(("other", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "FROM scratch\nNOPE x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "RUN x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile/x", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&target=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=../x", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&tag=A", HttpStatusCode.BadRequest, "invalid_reference"),
            (good, "&engine=none", HttpStatusCode.NotFound, "engine_not_found"),
            (good, "&network=containerapi-none", HttpStatusCode.UnprocessableEntity, "feature_unsupported"),
        }.Where(c => builder == "buildkit" || c.Item4 != "feature_unsupported"))
        {
            using var response = await SendAsync($"tag={tag}&{With(builder)}{query}", body);
            var text = await response.Content.ReadAsStringAsync();

            Assert.True(response.StatusCode == status, $"{query} of {body.Length} bytes: {text}");
            Assert.Equal(code, Text(JsonNode.Parse(text)!, "code"));
            Assert.DoesNotContain("docker-builder", text, StringComparison.Ordinal);
        }

        await AssertNoImageAsync(tag);
        Assert.Empty((await Fixture.DanglingAsync()).Except(before));
    }

    [Theory]
    [InlineData("classic", "FROM {0}\nCOPY nope /x\n", "COPY nope /x")]
    [InlineData("buildkit", "FROM {0}\nCOPY nope /x\n", "COPY nope /x")]
    public async Task Failure_after_the_start_is_in_the_result(string builder, string dockerfile, string step)
    {
        var lines = await BuildAsync(With(builder), Tar(("Dockerfile", string.Format(null, dockerfile, Fixture.Image))));

        Assert.Equal("step_failed", Text(lines[^1]["error"]!, "code"));
        Assert.EndsWith(step, Text(lines[^1]["error"]!, "step"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("classic", "RUN --mount=type=cache,target=/x true")]
    [InlineData("classic", "COPY <<EOF /f\nnever\nEOF")]
    public async Task Features_that_a_builder_lacks_return_422(string builder, string instruction)
    {
        var before = await Fixture.DanglingAsync();

        using var response = await SendAsync(With(builder), Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN true\n{instruction}\n")));

        var problem = await ProblemAsync(response, HttpStatusCode.UnprocessableEntity, "feature_unsupported");
        Assert.StartsWith("Line 3 of the Dockerfile: ", Text(problem, "detail"));
        Assert.Empty((await Fixture.DanglingAsync()).Except(before));
    }

    /// <summary>
    /// Errors that only the builder's parser finds: a problem with the classic builder, a result with BuildKit, both with the same code.
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
    [InlineData("FROM scratch\nUSER 1\nEXPOSE nope/x\n")]
    [InlineData("FROM scratch\nUSER 1\nSTOPSIGNAL NOPE\n")]
    public async Task Dockerfile_refused_by_the_builder_has_one_error_code(string dockerfile)
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
}
