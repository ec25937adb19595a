using ContainerApi.Access;
using ContainerApi.Tests.Api;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>Calls every operation of the OpenAPI document with and without its scope, so that no endpoint is forgotten.</summary>
public sealed class AccessTests
{
    private static readonly IReadOnlyList<string> Open = ["getService", "getHealth", "getReadiness"];

    [Fact]
    public async Task Every_operation_without_credentials_returns_401()
    {
        await using var host = new ApiHost(new Keys().Add("some", [Scopes.ContainersRead]), Engine());

        foreach (var operation in Operations)
        {
            using var response = await host.Client.SendAsync(operation.Request());

            if (Open.Contains(operation.Id))
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                continue;
            }

            await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
            Assert.Equal("Bearer realm=\"containerapi\"", response.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task Invalid_credentials_are_named_in_the_challenge()
    {
        await using var host = new ApiHost(new Keys().Add("some", [Scopes.ContainersRead]), Engine());
        using var client = host.With("unknown");

        using var response = await client.GetAsync("/containers");

        await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.Contains("error=\"invalid_token\"", response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Every_operation_requires_the_scope_that_it_documents()
    {
        var keys = Scopes.All.Aggregate(new Keys(), (all, scope) => all.Add(scope.Replace(':', '.'), [scope]));
        await using var host = new ApiHost(keys, Engine());

        foreach (var operation in Operations)
        {
            Assert.True(Open.Contains(operation.Id) ? operation.Scope is null : Scopes.All.Contains(operation.Scope), operation.Id);
            foreach (var scope in Scopes.All)
            {
                using var client = host.With(scope.Replace(':', '.'));
                using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
                using var response = await client.SendAsync(operation.Request(), HttpCompletionOption.ResponseHeadersRead, timeout.Token);

                if (Open.Contains(operation.Id) || operation.Scope == scope)
                {
                    // The engine may fail, because it does not expect the call.
                    Assert.False(await IsRefusedAsync(response), $"{operation.Id} with {scope}: {response.StatusCode}");
                }
                else
                {
                    var problem = await response.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
                    Assert.Contains(operation.Scope!, problem.GetProperty("detail").GetString());
                    Assert.Equal(
                        $"Bearer realm=\"containerapi\", error=\"insufficient_scope\", scope=\"{operation.Scope}\"",
                        response.Headers.WwwAuthenticate.ToString());
                }
            }
        }
    }

    [Fact]
    public async Task Read_only_service_refuses_changes_and_allows_reads()
    {
        await using var host = new ApiHost(new Keys().With("Security:ReadOnly", "true"), Engine());

        foreach (var operation in Operations)
        {
            using var response = await host.Client.SendAsync(operation.Request(), HttpCompletionOption.ResponseHeadersRead);

            Assert.Equal(operation.Scope is { } scope && Scopes.Changes(scope), await IsRefusedAsync(response));
        }
    }

    [Fact]
    public async Task Service_metrics_require_their_scope()
    {
        await using var host = new ApiHost(new Keys().Add("metrics", [Scopes.MetricsRead]).Add("other", [Scopes.EnginesRead]), Engine());

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(host.With("other")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host.Client));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host.With("metrics")));

        static async Task<HttpStatusCode> StatusAsync(HttpClient client)
        {
            using var response = await client.GetAsync("/metrics");
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Unknown_path_returns_404_with_a_key_and_401_without()
    {
        await using var host = new ApiHost(new Keys().Add("some", [Scopes.EnginesRead]), Engine());
        using var client = host.With("some");

        using var unknown = await client.GetAsync("/nowhere");
        using var method = await client.PutAsync("/engines", null);
        using var without = await host.Client.GetAsync("/nowhere");

        await unknown.ReadProblemAsync(HttpStatusCode.NotFound, "not_found");
        await method.ReadProblemAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        await without.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Commit_that_stops_the_container_requires_the_scope_of_containers()
    {
        await using var host = new ApiHost(new Keys().Add("images", [Scopes.ImagesWrite]), Keys.TwoTeams());

        using var response = await host.With("images").PostTextAsync("/images/commit", """{"container":"mine","tag":"a","stop":true}""");

        var problem = await response.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        Assert.Contains(Scopes.ContainersWrite, problem.GetProperty("detail").GetString());
    }

    private static async Task<bool> IsRefusedAsync(HttpResponseMessage response) => response.StatusCode switch
    {
        HttpStatusCode.Unauthorized => true,
        HttpStatusCode.Forbidden => (await response.ReadJsonAsync(HttpStatusCode.Forbidden)).GetProperty("code").GetString() == "forbidden",
        _ => false,
    };

    private static FakeEngine Engine()
    {
        var engine = Facts.Engine(Facts.Container('1', "web"));
        engine.Ping = _ => Task.FromResult("1.41");
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        return engine;
    }

    internal sealed record Operation(string Id, HttpMethod Method, string Path, string? BodyType, string? Body, string? Scope)
    {
        public HttpRequestMessage Request() => new(Method, Path)
        {
            Content = Body is null ? null : new StringContent(Body, Encoding.UTF8, BodyType!),
        };
    }

    internal static IEnumerable<Operation> Operations => ApiDocument.Calls.Select(call => Read(call.Path, call.Method, call.Operation));

    private static Operation Read(string path, string method, JsonElement operation)
    {
        const string Marker = "Needs the scope `";
        var description = operation.TryGetProperty("description", out var text) ? text.GetString()! : "";
        var scope = description.Contains(Marker, StringComparison.Ordinal) ? description.Split(Marker)[^1].Split('`')[0] : null;
        Assert.Equal(scope is not null, operation.TryGetProperty("security", out var needs) && needs.GetArrayLength() > 0);
        foreach (var (name, value) in new[] { ("container", "web"), ("reference", "app"), ("engine", "local"), ("build", new string('0', 26)) })
        {
            path = path.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        }

        var required = ApiDocument.Root.ParametersOf(operation)
            .Where(p => p.GetProperty("in").GetString() == "query" && p.TryGetProperty("required", out _));
        path += string.Concat(required.Select(p => $"?{p.GetProperty("name").GetString()}={p.GetProperty("example")}"));
        var (type, body) = ReadBody(operation);
        return new Operation(operation.GetProperty("operationId").GetString()!, HttpMethod.Parse(method), path, type, body, scope);
    }

    /// <summary>The example of a JSON body, or an invalid body of another type.</summary>
    private static (string? Type, string? Body) ReadBody(JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out var body))
        {
            return (null, null);
        }

        var content = body.GetProperty("content");
        return content.TryGetProperty("application/json", out var json)
            ? ("application/json", json.GetProperty("example").GetRawText())
            : (content.EnumerateObject().First().Name, "no archive");
    }
}
