using ContainerApi.Api.Requests;

namespace ContainerApi.Tests.Api;

public sealed class RequestBodyTests
{
    [Theory]
    [InlineData("""{"image":"app","tag":"app:v2","colour":1}""", "colour", "is an unknown field. Allowed fields: image, tag, engine.")]
    [InlineData("""{"image":"app","image":"app","tag":"app:v2"}""", "image", "must be given once.")]
    [InlineData("""{"image":"app","tag":"app:v2","\ud800":1}""", "\uFFFD", "is an unknown field. Allowed fields: image, tag, engine.")]
    [InlineData("""{"image":"app","tag":"\ud800"}""", "tag", "must be valid Unicode.")]
    [InlineData("""{"image":"app","tag":"app:v2","engine":5}""", "engine", "must be a string.")]
    [InlineData("""{"image":"app","tag":null}""", "tag", "is required.")]
    [InlineData("""{"image":"app","tag":"app:v2","Tag":"app:v3"}""", "Tag", "must be given once.")]
    public async Task Invalid_field_is_reported_by_name(string body, string field, string message, string code = "invalid_request")
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync("/images/tag", new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, code);
        Assert.Equal(message, problem.GetProperty("errors").GetProperty(field)[0].GetString());
    }

    [Fact]
    public async Task Empty_body_is_named()
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostTextAsync("/images/tag", "");

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal("The body is empty; send a JSON object, at least {}.", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("512", 512L)]
    [InlineData("512b", 512L)]
    [InlineData("512m", 512L << 20)]
    [InlineData("1.5G", 1536L << 20)]
    [InlineData("2kb", 2048L)]
    [InlineData("2KiB", 2048L)]
    [InlineData("4096p", 4096L << 50)]
    [InlineData("0", null)]
    [InlineData("0.1", null)]
    [InlineData("-1", null)]
    [InlineData("1e3", null)]
    [InlineData("8192p", null)]
    [InlineData("9999999999999999999p", null)]
    [InlineData("512 m", null)]
    [InlineData("512bb", null)]
    [InlineData("m", null)]
    public void Size_is_a_number_of_bytes_or_has_a_unit(string text, long? bytes) =>
        Assert.Equal(bytes, ByteSize.TryParse(text, out var size) ? size.Bytes : null);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("90", 90)]
    [InlineData("-1", -1)]
    [InlineData("30s", 30)]
    [InlineData("10m", 600)]
    [InlineData("1h30m", 5400)]
    [InlineData("1h0m5s", 3605)]
    [InlineData("", null)]
    [InlineData("1.5", null)]
    [InlineData("-1m", null)]
    [InlineData("10 m", null)]
    [InlineData("30m1h", null)]
    [InlineData("10M", null)]
    [InlineData("1d", null)]
    [InlineData("9999999999", null)]
    public void Duration_is_a_number_of_seconds_or_has_units(string text, int? seconds) =>
        Assert.Equal(seconds, Durations.TryParse(text, out var duration) ? (int)duration.TotalSeconds : null);

    [Theory]
    [InlineData("/images/tag?engine=far", """{"image":"app","tag":"app:v2"}""", "")]
    [InlineData("/images/tag", """{"image":"app","tag":"app:v2","engine":"far"}""", "")]
    [InlineData("/images/tag?engine=far", """{"image":"app","tag":"app:v2","engine":"far"}""", "")]
    [InlineData("/images/tag?engine=near", """{"image":"app","tag":"app:v2","engine":"far"}""",
        "engine must be the same in the query and in the body")]
    [InlineData("/images/tag?engine=far&tag=x", """{"image":"app"}""", "tag must not be in the query: it is a field of the JSON body.")]
    public async Task Engine_is_in_the_query_or_in_the_body(string address, string body, string error)
    {
        var far = new FakeEngine { Name = "far" };
        far.TagImage = (_, _, _, _) => Task.CompletedTask;
        far.InspectImage = (id, _) => Task.FromResult(new ImageDetails { Summary = new ImageFacts { Id = id, CreatedAt = null, SizeBytes = 1 } });
        await using var host = new ApiHost(new FakeEngine { Name = "near" }, far);

        using var response = await host.Client.PostTextAsync(address, body);

        var answer = await response.ReadJsonAsync(error == "" ? HttpStatusCode.Created : HttpStatusCode.BadRequest);
        Assert.StartsWith(error, error == "" ? "" : answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_invalid_fields_are_reported_at_once()
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync(
            "/images/tag?x=1", new StringContent("""{"tag":"A","colour":1}""", Encoding.UTF8, "application/json"));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_reference");
        Assert.Equal(["x", "colour", "image", "tag"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Field_that_is_given_very_often_has_few_messages()
    {
        await using var host = new ApiHost(new FakeEngine());
        var body = "{" + string.Join(',', Enumerable.Repeat("\"image\":\"x\"", 50_000)) + "}";

        using var response = await host.Client.PostAsync("/images/tag", new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.InRange(problem.GetProperty("errors").GetProperty("image").GetArrayLength(), 1, 10);
    }

    [Theory]
    [InlineData("[]", "application/json", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("{", "application/json", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("{}", "text/plain", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    public async Task Body_that_is_not_a_JSON_object_is_a_problem(string body, string contentType, HttpStatusCode status, string code)
    {
        await using var host = new ApiHost(new FakeEngine());

        using var response = await host.Client.PostAsync("/images/tag", new StringContent(body, Encoding.UTF8, contentType));

        await response.ReadProblemAsync(status, code);
    }
}
