using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>The error code of a build says what the cause is, whichever builder and engine found it. Null is a success.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildErrorTests(EngineFixture fixture) : BuildCalls(fixture)
{
    /// <summary>A success on new engines, <c>feature_unsupported</c> on 20.10.</summary>
    private const string SinceEngine23 = "engine 23";

    [Theory]
    [InlineData("FROM localhost:1/x/y:1", "registry_unavailable", "registry_unavailable")]
    [InlineData("FROM scratch\nCOPY --from=localhost:1/x/y:1 /a /a", "registry_unavailable", "registry_unavailable")]
    [InlineData("# syntax=localhost:1/x/y:1\nFROM scratch\nLABEL a=b", null, "registry_unavailable")]
    [InlineData("FROM {0}\nRUN --mount=type=ssh true", "feature_unsupported", null)]
    [InlineData("FROM {0}\nRUN --mount=type=ssh,required=true true", "feature_unsupported", "feature_unsupported")]
    [InlineData("FROM {0}\nRUN --security=insecure true", "feature_unsupported", "feature_unsupported")]
    [InlineData("FROM {0}\nRUN --network=none true", "feature_unsupported", SinceEngine23)]
    [InlineData("FROM {0}\nRUN <<EOF\ntrue\nEOF", SinceEngine23, SinceEngine23)]
    [InlineData("FROM {0}\nCOPY --link a /a", SinceEngine23, SinceEngine23)]
    [InlineData("FROM {0}\nCOPY --nope a /a", "invalid_dockerfile", "invalid_dockerfile")]
    [InlineData("FROM {0}\nCOPY --from=9 a /a", "invalid_dockerfile", "invalid_dockerfile")]
    [InlineData("FROM {0}\nRUN echo 'dial tcp /v2/: connection refused' && false", "step_failed", "step_failed")]
    [InlineData("FROM scratch AS one\nLABEL a=b\nFROM {0}\nRUN --mount=type=cache,target=/c true", null, null, "&target=one")]
    public async Task Build_error_has_the_code_of_its_cause(string dockerfile, string? classic, string? buildKit, string query = "")
    {
        foreach (var (builder, code) in new[] { ("classic", classic), ("buildkit", buildKit) })
        {
            var context = Tar(("Dockerfile", string.Format(null, dockerfile, Fixture.Image) + "\n"), ("a", "a"));
            await AssertCodeAsync(builder, code, await SendAsync(With(builder) + query, context));
        }
    }

    [Fact]
    public async Task Remote_context_that_cannot_be_fetched_is_an_invalid_context()
    {
        foreach (var builder in new[] { "classic", "buildkit" })
        {
            var build = new JsonObject { ["remote"] = EngineFixture.RemoteContexts + "none.tar", ["builder"] = builder };
            await AssertCodeAsync(builder, "invalid_context", await Fixture.Client.PostAsJsonAsync("/images/build", build));
        }
    }

    private async Task AssertCodeAsync(string builder, string? code, HttpResponseMessage response)
    {
        if (code == SinceEngine23)
        {
            code = Fixture.Capabilities.HasNewDockerfileFrontend ? null : "feature_unsupported";
        }

        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            var last = JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
            Assert.True(code == (last["error"]?["code"] ?? last["code"])?.GetValue<string>(), $"{builder}, not {code ?? "a success"}: {text}");
        }
    }
}
