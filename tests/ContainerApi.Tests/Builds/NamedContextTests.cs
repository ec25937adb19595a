namespace ContainerApi.Tests.Builds;

/// <summary>Contexts beside the main one.</summary>
public sealed class NamedContextTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("containerapi-named-").FullName;
    private readonly BuiltContextEngine _engine = new("1.51");

    public NamedContextTests()
    {
        Directory.CreateDirectory(Path.Combine(_root, "lib"));
        File.WriteAllText(Path.Combine(_root, "lib", "file"), "x");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("context:base=docker-image://alpine:3&context=lib%3Dlib&context:src=https://git.example.com/team/a.git")]
    [InlineData("context=lib%3Dnone&context:lib=lib&context:base=docker-image://alpine:3&context:src=https://git.example.com/team/a.git")]
    [InlineData("""{"contexts":{"base":"docker-image://alpine:3","lib":"lib","src":"https://git.example.com/team/a.git"},"dockerfile":"FROM x\n"}""")]
    public async Task Names_become_addresses_of_the_frontend(string request)
    {
        using var response = await PostAsync(_engine, request);

        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var contexts = _engine.Spec!.Contexts;
        Assert.Equal(["base", "lib", "src"], contexts.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("docker-image://alpine:3", "https://git.example.com/team/a.git"), (contexts["base"], contexts["src"]));
        var directory = _engine.Input!.Directories!.ByName[contexts["lib"]["local:".Length..]];
        Assert.Equal("file", Assert.Single(directory.Find([], CancellationToken.None)).Path);
        Assert.False(_engine.Input.Directories.HasContext);
    }

    [Theory]
    [InlineData("1.51", "context:Base=lib", 400, "invalid_request")]
    [InlineData("1.51", "context=lib", 400, "invalid_request")]
    [InlineData("1.51", "context:a=docker-image://A!", 400, "invalid_request")]
    [InlineData("1.51", "context:a=none", 400, "invalid_context")]
    [InlineData("1.51", "context:a=/etc", 403, "context_path_not_allowed")]
    [InlineData("1.51", "context:a=../x", 403, "context_path_not_allowed")]
    [InlineData("1.51", "context:a=https://other.example.com/x", 403, "remote_context_not_allowed")]
    [InlineData("1.51", "context:a=ssh://git.example.com/x", 400, "invalid_request")]
    [InlineData("1.51", "context:a=lib&builder=classic", 422, "feature_unsupported")]
    [InlineData("1.41", "context:a=lib", 422, "feature_unsupported")]
    public async Task Context_that_cannot_be_used_is_refused_before_the_engine_is_called(string api, string query, int status, string code)
    {
        var engine = new BuiltContextEngine(api);

        using var response = await PostAsync(engine, query);

        var problem = await response.ReadProblemAsync((HttpStatusCode)status, code);
        Assert.StartsWith("context", problem.GetProperty("errors").EnumerateObject().Single().Name, StringComparison.Ordinal);
        var hasHint = problem.GetRawText().Contains("docker-image://none", StringComparison.Ordinal);
        Assert.Equal(query.EndsWith("=none", StringComparison.Ordinal), hasHint);
        Assert.Null(engine.Spec);
    }

    private async Task<HttpResponseMessage> PostAsync(BuiltContextEngine engine, string request)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Builds:ContextRoots:0"] = _root,
            ["Builds:RemoteContexts:0"] = "https://git.example.com/team/",
        };
        await using var host = new ApiHost(settings, engine.Fake);
        var isJson = request.StartsWith('{');
        using var body = new StringContent(isJson ? request : "FROM x\n", Encoding.UTF8, isJson ? "application/json" : "text/x-dockerfile");
        return await host.Client.PostAsync("/images/build" + (isJson ? "" : "?" + request), body);
    }

    /// <summary>An engine that keeps what it gets.</summary>
    private sealed class BuiltContextEngine
    {
        public BuiltContextEngine(string api) => Fake = new FakeEngine
        {
            ApiVersion = api,
            InspectImage = (id, _) => Task.FromResult(BuildApi.Details(id)),
            BuildInput = (spec, input) => (Spec, Input) = (spec, input),
            Build = (_, _, _) => new[] { (BuildFact)new ImageBuilt(BuildApi.Image) }.ToAsyncEnumerable(),
        };

        public FakeEngine Fake { get; }
        public BuildSpec? Spec { get; private set; }
        public BuildInput? Input { get; private set; }
    }
}
