using ContainerApi.Tests.Api;

namespace ContainerApi.Tests.Fuzz;

/// <summary>The part of an OpenAPI operation that requests and checks need.</summary>
/// <param name="Queries">The query parameters.</param>
/// <param name="Headers">The headers that are parameters.</param>
/// <param name="BodyTypes">The content types of its body; empty without a body.</param>
/// <param name="Fields">The fields of its JSON body; the query parameters without one.</param>
/// <param name="Example">A valid body.</param>
/// <param name="Codes">The documented problem codes by status; empty for other responses.</param>
internal sealed record FuzzOperation(
    string Id, string Method, string Path, IReadOnlyList<string> Queries, IReadOnlyList<string> Headers, IReadOnlyList<string> BodyTypes,
    IReadOnlyList<string> Fields, JsonElement? Example, IReadOnlyDictionary<int, IReadOnlyList<string>> Codes)
{
    public static IReadOnlyList<FuzzOperation> Read(JsonElement document) =>
    [
        .. from path in document.GetProperty("paths").EnumerateObject()
           from operation in path.Value.EnumerateObject()
           select Read(document, path.Name, operation.Name.ToUpperInvariant(), operation.Value),
    ];

    private static FuzzOperation Read(JsonElement document, string path, string method, JsonElement operation)
    {
        var parameters = document.ParametersOf(operation).ToList();
        var content = operation.TryGetProperty("requestBody", out var body) ? body.GetProperty("content").EnumerateObject().ToList() : [];
        var json = content.Where(c => c.Name == "application/json").Select(c => c.Value).ToList();
        return new FuzzOperation(
            operation.GetProperty("operationId").GetString()!, method, path, Names("query"), Names("header"),
            [.. content.Select(c => c.Name)],
            json.Count > 0 ? [.. json.SelectMany(c => FieldsOf(document, c.GetProperty("schema")))] : Names("query"),
            json.Select(c => (JsonElement?)c.GetProperty("example")).FirstOrDefault(),
            operation.GetProperty("responses").EnumerateObject()
                .ToDictionary(r => int.Parse(r.Name, System.Globalization.CultureInfo.InvariantCulture), CodesOf));

        IReadOnlyList<string> Names(string place) =>
            [.. parameters.Where(p => p.GetProperty("in").GetString() == place).Select(p => p.GetProperty("name").GetString()!)];
    }

    private static IEnumerable<string> FieldsOf(JsonElement document, JsonElement schema) =>
        document.GetProperty("components").GetProperty("schemas").GetProperty(schema.GetProperty("$ref").GetString()!.Split('/')[^1])
            .GetProperty("properties").EnumerateObject().Select(p => p.Name);

    private static IReadOnlyList<string> CodesOf(JsonProperty response) =>
        response.Value.TryGetProperty("content", out var content)
        && content.TryGetProperty("application/problem+json", out var problem)
        && problem.TryGetProperty("examples", out var examples)
            ? [.. examples.EnumerateObject().Select(e => e.Name)]
            : [];
}
