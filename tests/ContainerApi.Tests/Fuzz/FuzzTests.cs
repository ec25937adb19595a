using ContainerApi.Stubs;
using Xunit.Abstractions;

namespace ContainerApi.Tests.Fuzz;

/// <summary>
/// Random requests to every operation of the OpenAPI document: <c>FUZZ_REQUESTS</c> (5,000), repeatable with <c>FUZZ_SEED</c>. Each
/// response must be documented, the engine must see valid calls only, and a tenant must reach nothing of another.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int MaxFailures = 25;

    /// <summary>Responses of routing, without an operation.</summary>
    private static readonly Dictionary<int, string> RoutingCodes =
        new() { [404] = "not_found", [405] = "method_not_allowed" };

    /// <summary>
    /// Kestrel's own responses, without a body: an invalid target (400), a target or headers that are too long (414, 431). They are not
    /// in the document.
    /// </summary>
    private static readonly HashSet<int> KestrelStatuses = [400, 414, 431];

    [Fact]
    public async Task Random_requests_get_documented_responses_and_valid_engine_calls()
    {
        var (count, seed) = (Setting("FUZZ_REQUESTS", 5_000), Setting("FUZZ_SEED", 20261125));
        output.WriteLine($"FUZZ_REQUESTS={count} FUZZ_SEED={seed}");
        await using var engine = await DockerApiStub.StartAsync(new StubOptions { Running = 3, Exited = 1 });
        await using var host = new FuzzHost(engine);
        using var tenants = await FuzzTenants.StartAsync(engine, host);
        var fleet = engine.Containers.All.ToList();
        var operations = FuzzOperation.Read(await host.Http.GetJsonAsync("openapi.json"));
        var calls = new EngineCalls(engine);
        var random = new Random(seed);
        var requests = new FuzzRequests(new FuzzValues(random, tenants.References, tenants.Build));
        var (failures, statuses) = (new List<string>(), new SortedDictionary<string, int>());

        for (var n = 0; n < count && failures.Count < MaxFailures; n++)
        {
            var asked = operations[n % operations.Count];
            var request = requests.For(asked);
            var isAttack = n / operations.Count % 3 > 0 || tenants.NamesBuild(request);
            tenants.Begin();
            try
            {
                var answer = await SendAsync(host.Http, request, isAttack ? FuzzTenants.Attacker : FuzzTenants.Operator);
                var (wrong, created, made) = calls.Take(answer.Operation);
                wrong = isAttack ? [.. wrong, .. tenants.Check(answer.Headers + answer.Body, made)] : wrong;
                // With 409, the engine itself refused the call that would have created an object.
                if (created > 0 && answer.Status is >= 400 and < 500 and not 409)
                {
                    wrong = [.. wrong, $"{created} calls created an object although the status is {answer.Status}"];
                }

                failures.AddRange(Check(answer, operations).Concat(wrong).Select(w => $"#{n} {asked.Id}: {w}\n    {request}\n    {answer}"));
                var key = answer.Operation switch
                {
                    null => $"Kestrel {answer.Status}",
                    "" => $"routing {answer.Status}",
                    _ => $"{answer.Status}",
                };
                statuses[key] = statuses.GetValueOrDefault(key) + 1;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                failures.Add($"#{n} {asked.Id}: no answer: {e.Message}\n    {request}");
            }

            Restore(engine, fleet);
        }

        output.WriteLine(string.Join(", ", statuses.Select(s => $"{s.Key}: {s.Value}")));
        Assert.True(failures.Count == 0, $"FUZZ_SEED={seed}:\n" + string.Join('\n', failures));
        // The generator must produce valid and invalid requests.
        Assert.All(["200", "400"], status => Assert.True(statuses.GetValueOrDefault(status) > count / 20, $"Too few responses are {status}."));
        await tenants.AssertUntouchedAsync();
    }

    /// <summary>Requests that failed in earlier runs.</summary>
    [Theory]
    [InlineData("POST", "/images/tag", "application/json; charset=nonsense", "{}", 415)]
    [InlineData("GET", "/images?label=a&label=a", null, null, 200)]
    [InlineData("POST", "/images/build?builder=buildkit", "text/x-dockerfile", "FROM scratch\nLABEL a=b\n", 422)]
    public async Task Requests_that_failed_before_get_their_status(string method, string target, string? type, string? body, int status)
    {
        await using var engine = await DockerApiStub.StartAsync();
        await using var host = new FuzzHost(engine);
        var bytes = body is null ? null : Encoding.UTF8.GetBytes(body);

        var answer = await SendAsync(host.Http, new FuzzRequest(method, target, [], type, bytes), FuzzTenants.Operator);

        Assert.Equal(status, answer.Status);
    }

    private sealed record Answer(int Status, string? Operation, string ContentType, string Headers, string Body)
    {
        public override string ToString() => $"{Status} {ContentType} {(Body.Length > 500 ? Body[..500] + "…" : Body)}";
    }

    private static async Task<Answer> SendAsync(HttpClient http, FuzzRequest request, string key)
    {
        using var message = request.ToMessage(http.BaseAddress!);
        message.Headers.Add(ApiHeaders.ApiKey, key);
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        var operation = response.Headers.TryGetValues(FuzzHost.Reached, out var reached) ? reached.Single() : null;
        var endless = operation is "watchContainers" or "getLogs" or "getContainerLogs" && response.IsSuccessStatusCode;
        using var timeout = new CancellationTokenSource(http.Timeout);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(timeout.Token));
        // Read one event of a watch and one line of a log, which may be followed; other responses end.
        var body = endless ? await reader.ReadLineAsync(timeout.Token) ?? "" : await reader.ReadToEndAsync(timeout.Token);
        if (operation is "createBuild" or "buildImage" && response.StatusCode == HttpStatusCode.Accepted)
        {
            // A detached build continues; wait for its end, since its engine calls belong to this request.
            await http.GetStringAsync(response.Headers.Location + "/events", timeout.Token);
        }

        var type = response.Content.Headers.ContentType?.MediaType ?? "";
        return new Answer((int)response.StatusCode, operation, type, response.Headers.ToString(), body);
    }

    private static IEnumerable<string> Check(Answer answer, IReadOnlyList<FuzzOperation> operations)
    {
        if (answer.Operation is null)
        {
            return KestrelStatuses.Contains(answer.Status) && answer.Body == "" ? [] : ["an unexpected response of Kestrel"];
        }

        // The engine has no fault, so no 5xx is allowed.
        if (answer.Status >= 500)
        {
            return [$"the status is {answer.Status}"];
        }

        if (answer.Operation == "")
        {
            return RoutingCodes.TryGetValue(answer.Status, out var code) ? CheckProblem(answer, [code]) : [$"{answer.Status} without an operation"];
        }

        var operation = operations.FirstOrDefault(o => o.Id == answer.Operation);
        return operation is null ? [$"the operation {answer.Operation} is not documented"]
            : !operation.Codes.TryGetValue(answer.Status, out var codes) ? [$"{answer.Status} is not documented for {operation.Id}"]
            : answer.Status >= 400 ? CheckProblem(answer, codes)
            : [];
    }

    private static IEnumerable<string> CheckProblem(Answer answer, IReadOnlyList<string> codes)
    {
        if (answer.ContentType != "application/problem+json")
        {
            return ["the error has no problem details"];
        }

        var problem = JsonSerializer.Deserialize<JsonElement>(answer.Body);
        return new[] { "type", "title", "detail", "traceId" }.Where(n => string.IsNullOrEmpty(Text(n))).Select(n => $"the problem has no {n}")
            .Concat(problem.GetProperty("status").GetInt32() == answer.Status ? [] : ["the problem has a different status"])
            .Concat(codes.Contains(Text("code")) ? [] : [$"the code {Text("code")} is not documented for {answer.Status}"]);

        string? Text(string name) => problem.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    /// <summary>Restores the engine's containers, so that requests are independent.</summary>
    private static void Restore(DockerApiStub engine, IReadOnlyList<StubContainer> fleet)
    {
        foreach (var other in engine.Containers.All.Except(fleet))
        {
            engine.Containers.Remove(other);
        }

        foreach (var gone in fleet.Except(engine.Containers.All).ToList())
        {
            engine.Containers.Add(gone);
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
