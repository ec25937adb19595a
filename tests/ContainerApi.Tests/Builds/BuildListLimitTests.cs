namespace ContainerApi.Tests.Builds;

/// <summary>Bounds of the lists in a build request, in JSON and in a form. A query is bounded by the server.</summary>
public sealed class BuildListLimitTests : BuildEndpointFixture
{
    private const int MaxItems = 1000;

    [Theory]
    [InlineData("buildArg", "A{0}=x", MaxItems + 1)]
    [InlineData("buildArg", "A{0}=x", 100_000)]
    [InlineData("label", "a{0}=x", MaxItems + 1)]
    [InlineData("secret", "a{0}=x", MaxItems + 1)]
    [InlineData("extraHost", "a{0}:1.2.3.4", MaxItems + 1)]
    [InlineData("tag", "a{0}:1", MaxItems + 1)]
    [InlineData("cacheFrom", "a{0}:1", MaxItems + 1)]
    public async Task Too_many_values_in_JSON_are_a_problem(string field, string value, int count)
    {
        var values = Enumerable.Range(0, count).Select(n => string.Format(CultureInfo.InvariantCulture, value, n));

        var problem = await (await PostJsonAsync(Document(field, values))).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        AssertError(problem, field, "must have at most 1000 values.");
    }

    [Fact]
    public async Task Too_many_secrets_in_an_object_are_a_problem()
    {
        var secrets = Enumerable.Range(0, MaxItems + 1).ToDictionary(n => $"a{n}", _ => "x");
        var json = JsonSerializer.Serialize(new { dockerfile = "FROM scratch", secret = secrets });

        var problem = await (await PostJsonAsync(json)).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        AssertError(problem, "secret", "must have at most 1000 values.");
    }

    [Fact]
    public async Task Too_long_values_in_JSON_are_a_problem()
    {
        var values = Enumerable.Range(0, 11).Select(n => $"A{n}=" + new string('x', 100_000));

        var problem = await (await PostJsonAsync(Document("buildArg", values))).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        AssertError(problem, "buildArg", "must have at most 1048576 characters in total.");
    }

    [Theory]
    [InlineData(20, "buildArg must have at most 1048576 characters in total.")]
    [InlineData(80, "The parameters of a form must have at most 4194304 characters together.")]
    public async Task Too_long_values_in_a_form_are_a_problem(int count, string detail)
    {
        var body = new StringBuilder();
        for (var n = 0; n < count; n++)
        {
            body.Append($"--b\r\nContent-Disposition: form-data; name=buildArg\r\n\r\nA{n}={new string('x', 60_000)}\r\n");
        }

        body.Append("--b\r\nContent-Disposition: form-data; name=f; filename=Dockerfile\r\n\r\nFROM scratch\n\r\n--b--\r\n");

        // Its contexts may be larger than those of the fixture.
        using var api = new BuildApi();
        using var response = await api.PostAsync("", body.ToString(), "multipart/form-data; boundary=b");

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(detail, problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task As_many_values_as_allowed_are_built()
    {
        var values = Enumerable.Range(0, MaxItems).Select(n => $"A{n}=x");

        await LinesAsync(await PostJsonAsync(Document("buildArg", values)));

        Assert.Equal(MaxItems, _built.Spec!.BuildArguments.Count);
    }

    [Fact]
    public async Task Problem_names_at_most_100_unknown_fields()
    {
        var json = JsonSerializer.Serialize(Enumerable.Range(0, 10_000).ToDictionary(n => $"a{n}", n => n));

        var problem = await (await PostJsonAsync(json)).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(100, problem.GetProperty("errors").EnumerateObject().Count());
    }

    private static string Document(string field, IEnumerable<string> values) =>
        JsonSerializer.Serialize(new Dictionary<string, object> { ["dockerfile"] = "FROM scratch", [field] = values });

    private static void AssertError(JsonElement problem, string field, string message) =>
        Assert.Equal(message, problem.GetProperty("errors").GetProperty(field)[0].GetString());
}
