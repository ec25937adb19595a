using System.Text.RegularExpressions;

namespace ContainerApi.EngineTests;

/// <summary>The response forms of a build: replayed events, text and one document.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildResponseTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Events_of_a_detached_build_can_be_read_from_any_position(string builder)
    {
        var tag = Tag();
        var id = await DetachAsync(
            Fixture.Client, builder, $"FROM {Fixture.Image}\nRUN echo one; sleep 1; echo two >&2; echo {Guid.NewGuid():n}\n", $"&tag={tag}");

        var all = await EventsAsync(Fixture.Client, id);

        Assert.Equal("succeeded", Text(all[^1], "state"));
        Assert.Equal(tag, all[^1]["tags"]![0]!.GetValue<string>());
        Assert.Equal(Enumerable.Range(0, all.Count).Select(n => $"{n}"), all.Select(e => Text(e, "seq")));
        for (var from = 0; from <= all.Count; from++)
        {
            Assert.Equal(
                all[from..].Select(e => e.ToJsonString()), (await EventsAsync(Fixture.Client, id, $"?from={from}")).Select(e => e.ToJsonString()));
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Text_format_shows_steps_and_ends_with_a_summary(string builder)
    {
        var unique = Guid.NewGuid().ToString("n");
        using var good = await SendAsync(Fixture.Client, $"builder={builder}&format=text", $"FROM {Fixture.Image}\nRUN echo said {unique}\n");
        using var bad = await SendAsync(Fixture.Client, $"builder={builder}&format=text", $"FROM {Fixture.Image}\nRUN echo said {unique}; exit 3\n");
        var (succeeded, failed) = (await good.Content.ReadAsStringAsync(), await bad.Content.ReadAsStringAsync());

        Assert.Equal("text/plain", good.Content.Headers.ContentType?.MediaType);
        // BuildKit interleaves its steps; each line has the step's number.
        var number = Regex.Match(succeeded, $@"(?m)^#(\d+) \[2/\d+\] RUN echo said {unique}$").Groups[1].Value;
        Assert.NotEmpty(number);
        Assert.Matches($@"(?m)^#{number} \d+\.\d{{3}} said {unique}$", succeeded);
        Assert.Matches($@"(?m)^#{number} DONE \d+\.\ds$", succeeded);
        Assert.Matches(@"\n\nBuild succeeded in \d+\.\ds: sha256:[0-9a-f]{64}\n\z", succeeded);
        Assert.Matches(@"(?m)^#\d+ ERROR: ", failed);
        Assert.Matches(@"\n\nBuild failed after \d+\.\ds: step_failed: .*exit code 3\)\n\z", failed);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Build_without_stream_returns_one_document(string builder)
    {
        var unique = Guid.NewGuid().ToString("n");
        using var good = await SendAsync(Fixture.Client, $"builder={builder}&stream=false", $"FROM {Fixture.Image}\nRUN echo said {unique}\n");
        var built = (await good.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(HttpStatusCode.Created, good.StatusCode);
        using var image = await Fixture.Client.GetAsync(good.Headers.Location);
        Assert.Equal(HttpStatusCode.OK, image.StatusCode);
        Assert.Equal("succeeded", Text(built, "state"));

        using var bad = await SendAsync(Fixture.Client, $"builder={builder}&stream=false", $"FROM {Fixture.Image}\nRUN echo said {unique}; exit 3\n");
        var problem = (await bad.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(
            (HttpStatusCode.UnprocessableEntity, "build_failed", "step_failed", 3),
            (bad.StatusCode, Text(problem, "code"), Text(problem, "reason"), problem["exitCode"]!.GetValue<int>()));
        Assert.Equal($"said {unique}", problem["log"]!.AsArray()[^1]!.GetValue<string>());
    }
}
