using System.Globalization;
using System.Net;
using System.Text.Json;
using ContainerApi.Stubs;
using Xunit.Abstractions;

namespace ContainerApi.Tests.Fuzz;

/// <summary>
/// Random requests to every operation of the OpenAPI document: <c>FUZZ_REQUESTS</c> (5,000), repeatable with <c>FUZZ_SEED</c>. Each
/// response must be documented, and the engine must see valid calls only.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int MaxFailures = 25;

    /// <summary>Responses of routing, without an operation.</summary>
    private static readonly Dictionary<int, string> RoutingCodes =
        new() { [404] = "not_found", [405] = "method_not_allowed", [415] = "unsupported_media_type" };

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
        var fleet = engine.Containers.All.ToList();
        await using var host = new FuzzHost(engine);
        using var http = new HttpClient(
            new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = host.Address,
            Timeout = TimeSpan.FromSeconds(
                20)
        };
        var operations = FuzzOperation.Read(JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync("swagger/v1/swagger.json")));
        var calls = new EngineCalls(engine);
        var random = new Random(seed);
        var requests = new FuzzRequests(new FuzzValues(random, [.. fleet.Select(c => c.Name), fleet[0].Id, fleet[1].Id[..12]]));
        var (failures, statuses) = (new List<string>(), new SortedDictionary<string, int>());

        for (var n = 0; n < count && failures.Count < MaxFailures; n++)
        {
            var asked = operations[n % operations.Count];
            var request = requests.For(asked);
            try
            {
                var answer = await SendAsync(http, request);
                var (wrong, made) = calls.Take(answer.Operation);
                failures.AddRange(Check(answer, operations).Concat(wrong)
                    // A 409 is the engine's refusal of the call that would have made something.
                    .Concat(
                        made > 0 && answer.Status is >= 400 and < 500 and not 409 ? [$"{made} calls made something though the answer is {answer.Status}"] : [])
                    .Select(w => $"#{n} {asked.Id}: {w}\n    {request}\n    {answer}"));
                var key = answer.Operation is null
                    ? $"Kestrel {answer.Status}"
                    : answer.Operation == ""
                    ? $"routing {answer.Status}"
                    : answer.Status.ToString(CultureInfo.InvariantCulture);
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
        Assert.True(
            statuses.GetValueOrDefault("200") > count / 20 && statuses.GetValueOrDefault("400") > count / 20,
            "Too few requests were understood, or too many.");
        using var after = await http.GetAsync(new Uri("containers", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
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
        using var http = new HttpClient(
            new SocketsHttpHandler { UseProxy = false })
        { BaseAddress = host.Address, Timeout = TimeSpan.FromSeconds(20) };

        var answer = await SendAsync(http, new FuzzRequest(method, target, [], type, body is null ? null : System.Text.Encoding.UTF8.GetBytes(body)));

        Assert.Equal(status, answer.Status);
    }

    private sealed record Answer(int Status, string? Operation, string ContentType, string Body)
    {
        public override string ToString() => $"{Status} {ContentType} {(Body.Length > 500 ? Body[..500] + "…" : Body)}";
    }

    private static async Task<Answer> SendAsync(HttpClient http, FuzzRequest request)
    {
        using var message = request.ToMessage(http.BaseAddress!);
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        var operation = response.Headers.TryGetValues(FuzzHost.Reached, out var reached) ? reached.Single() : null;
        var endless = operation == "watchContainers" && response.IsSuccessStatusCode;
        using var timeout = new CancellationTokenSource(http.Timeout);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(timeout.Token));
        // Read one event of a watch; other responses end.
        var body = endless ? await reader.ReadLineAsync(timeout.Token) ?? "" : await reader.ReadToEndAsync(timeout.Token);
        if (operation == "buildImage" && response.StatusCode == HttpStatusCode.Accepted)
        {
            // A detached build continues; wait for its end, since its engine calls belong to this request.
            await http.GetStringAsync(response.Headers.Location + "/events", timeout.Token);
        }

        return new Answer((int)response.StatusCode, operation, response.Content.Headers.ContentType?.MediaType ?? "", body);
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
            return [$"the answer is {answer.Status}"];
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
            return ["the failure is no problem"];
        }

        var problem = JsonSerializer.Deserialize<JsonElement>(answer.Body);
        return new[] { "type", "title", "detail", "traceId" }.Where(n => string.IsNullOrEmpty(Text(n))).Select(n => $"the problem has no {n}")
            .Concat(problem.GetProperty("status").GetInt32() == answer.Status ? [] : ["the problem has another status"])
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
