using System.Net;
using System.Text;
using System.Text.Json;
using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>Every operation of the OpenAPI document, by callers who may and may not: an endpoint that nobody thought of fails here.</summary>
public sealed class AccessTests
{
    private static readonly IReadOnlyList<string> Open = ["healthz", "readyz"];

    [Fact]
    public async Task Every_operation_without_a_configured_key_returns_401()
    {
        await using var host = new ApiHost(new Keys().Add("some", [Scopes.ContainersRead]), Pinging());

        foreach (var operation in await OperationsAsync(host))
        {
            using var response = await host.Client.SendAsync(operation.Request());

            if (Open.Contains(operation.Id))
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                continue;
            }

            await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        }
    }

    [Fact]
    public async Task A_key_opens_what_its_scope_is_for_and_nothing_else()
    {
        var keys = Scopes.All.Aggregate(new Keys(), (all, scope) => all.Add(scope.Replace(':', '.'), [scope]));
        await using var host = new ApiHost(keys, Pinging());

        foreach (var operation in await OperationsAsync(host))
        {
            foreach (var scope in Scopes.All)
            {
                using var client = host.With(scope.Replace(':', '.'));
                using var answer = new CancellationTokenSource(TimeSpan.FromSeconds(30));
                using var response = await client.SendAsync(operation.Request(), HttpCompletionOption.ResponseHeadersRead, answer.Token);

                if (Open.Contains(operation.Id) || operation.Scope == scope)
                {
                    // The engine does not expect the call, or knows no such thing: all the same the caller got that far.
                    Assert.False(await IsRefusedAsync(response), $"{operation.Id} with {scope}: {response.StatusCode}");
                }
                else
                {
                    var problem = await response.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
                    Assert.Contains(operation.Scope!, problem.GetProperty("detail").GetString());
                }
            }
        }
    }

    [Fact]
    public async Task Every_operation_documents_its_scope_and_authentication()
    {
        await using var host = new ApiHost(new FakeEngine());

        foreach (var operation in await OperationsAsync(host))
        {
            Assert.True(Open.Contains(operation.Id) ? operation.Scope is null : Scopes.All.Contains(operation.Scope), operation.Id);
        }
    }

    [Fact]
    public async Task Read_only_refuses_every_change_and_nothing_else()
    {
        await using var host = new ApiHost(new Dictionary<string, string?> { ["Security:ReadOnly"] = "true" }, Pinging());

        foreach (var operation in await OperationsAsync(host))
        {
            using var response = await host.Client.SendAsync(operation.Request(), HttpCompletionOption.ResponseHeadersRead);

            Assert.Equal(operation.Scope is { } scope && Scopes.Changes(scope), await IsRefusedAsync(response));
        }
    }

    [Fact]
    public async Task Service_metrics_require_their_scope()
    {
        await using var host = new ApiHost(new Keys().Add("figures", [Scopes.MetricsRead]).Add("other", [Scopes.EnginesRead]), Pinging());

        using var refused = await host.With("other").GetAsync("/metrics");
        using var without = await host.Client.GetAsync("/metrics");
        using var shown = await host.With("figures").GetAsync("/metrics");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
    }

    [Fact]
    public async Task An_unknown_path_returns_404_with_a_key_and_401_without()
    {
        await using var host = new ApiHost(new Keys().Add("some", [Scopes.EnginesRead]), Pinging());
        using var client = host.With("some");

        using var unknown = await client.GetAsync("/nowhere");
        using var method = await client.PutAsync("/engines", null);
        using var without = await host.Client.GetAsync("/nowhere");

        await unknown.ReadProblemAsync(HttpStatusCode.NotFound, "not_found");
        await method.ReadProblemAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        await without.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_request_may_require_a_second_scope()
    {
        await using var host = new ApiHost(new Keys().Add("images", [Scopes.ImagesWrite]), Keys.TwoTeams());

        using var response = await host.With("images").PostAsync(
            "/images/commit", new StringContent("""{"container":"mine","tag":"a","stop":true}""", Encoding.UTF8, "application/json"));

        var problem = await response.ReadProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        Assert.Contains(Scopes.ContainersWrite, problem.GetProperty("detail").GetString());
    }

    private static async Task<bool> IsRefusedAsync(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.Unauthorized
        || (response.StatusCode == HttpStatusCode.Forbidden && (await response.ReadJsonAsync(HttpStatusCode.Forbidden)).GetProperty("code").GetString() == "forbidden");

    private static FakeEngine Pinging()
    {
        var engine = Facts.Engine(Facts.Container('1', "web"));
        engine.Ping = _ => Task.FromResult("1.41");
        return engine;
    }

    internal sealed record Operation(string Id, HttpMethod Method, string Path, string? Body, string? ContentType, string? Scope)
    {
        public HttpRequestMessage Request() => new(Method, Path)
        {
            Content = Body is null ? null : new StringContent(Body, Encoding.UTF8, ContentType!),
        };
    }

    internal static async Task<IReadOnlyList<Operation>> OperationsAsync(ApiHost host)
    {
        var document = await host.GetJsonAsync("/swagger/v1/swagger.json");
        return
        [
            .. document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(operation =>
            {
                var description = operation.Value.TryGetProperty("description", out var text) ? text.GetString()! : "";
                var needs = description.LastIndexOf("Needs the scope `", StringComparison.Ordinal);
                var scope = needs < 0 ? null : description[(needs + 17)..].Split('`')[0];
                Assert.Equal(scope is not null, operation.Value.TryGetProperty("security", out _));
                var content = operation.Value.TryGetProperty("requestBody", out var body) ? body.GetProperty("content").GetProperty("application/json") : (JsonElement?)null;
                return new Operation(
                    operation.Value.GetProperty("operationId").GetString()!,
                    HttpMethod.Parse(operation.Name),
                    path.Name.Replace("{container}", "web").Replace("{reference}", "app").Replace("{name}", "local").Replace("{build}", "01JZZZZZZZZZZZZZZZZZZZZZZZ"),
                    content?.GetProperty("example").GetRawText(),
                    content is null ? null : "application/json",
                    scope);
            })),
        ];
    }
}
