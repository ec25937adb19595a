using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ContainerApi.Tests.Api;

/// <summary>The OpenAPI document is committed, so that a change of the contract is a visible one.</summary>
public sealed class OpenApiTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>With <c>UPDATE_OPENAPI=1</c> in the environment the committed document is written anew instead.</summary>
    [Fact]
    public async Task The_document_is_the_committed_one()
    {
        await using var host = new ApiHost(new FakeEngine());
        var served = JsonSerializer.Serialize(await host.GetJsonAsync("/swagger/v1/swagger.json"), Indented) + "\n";
        var path = Path.Combine(RepositoryRoot(), "docs", "openapi.json");
        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(path, served);
        }

        var committed = File.Exists(path) ? await File.ReadAllTextAsync(path) : "";

        Assert.True(committed == served, "docs/openapi.json is not what the service serves; 'make openapi' writes it anew. First difference: " + FirstDifference(committed, served));
    }

    [Fact]
    public async Task Every_operation_has_a_name_a_summary_a_tag_and_documented_answers()
    {
        await using var host = new ApiHost(new FakeEngine());
        var document = await host.GetJsonAsync("/swagger/v1/swagger.json");

        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var where = $"{operation.Name} {path.Name}";
                Assert.True(operation.Value.TryGetProperty("operationId", out _), $"{where} has no name");
                Assert.True(operation.Value.TryGetProperty("summary", out _), $"{where} has no summary");
                Assert.True(operation.Value.TryGetProperty("tags", out var tags) && tags.GetArrayLength() == 1, $"{where} has no tag");
                Assert.Contains(operation.Value.GetProperty("responses").EnumerateObject(), r => r.Name.StartsWith('2'));
                foreach (var response in operation.Value.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] is '4' or '5'))
                {
                    Assert.True(response.Value.GetProperty("content").TryGetProperty("application/problem+json", out _), $"{where} {response.Name} is no problem");
                }

                foreach (var parameter in operation.Value.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : default)
                {
                    Assert.True(parameter.TryGetProperty("description", out _), $"{where}: {parameter.GetProperty("name")} is not described");
                }
            }
        }
    }

    [Fact]
    public async Task Every_body_has_an_example_and_every_example_is_what_its_schema_says()
    {
        await using var host = new ApiHost(new FakeEngine());
        var document = await host.GetJsonAsync("/swagger/v1/swagger.json");
        foreach (var operation in document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Select(o => o.Value))
        {
            var name = operation.GetProperty("operationId").GetString();
            var bodies = operation.GetProperty("responses").EnumerateObject()
                .Where(r => r.Name[0] == '2' && r.Value.TryGetProperty("content", out _)).Select(r => r.Value);
            foreach (var body in operation.TryGetProperty("requestBody", out var request) ? bodies.Append(request) : bodies)
            {
                var examples = body.GetProperty("content").EnumerateObject().Where(c => c.Value.TryGetProperty("example", out _)).ToList();
                Assert.True(examples.Count > 0, $"{name} has a body without an example");
                foreach (var (type, content) in examples.Select(e => (e.Name, e.Value)))
                {
                    var example = content.GetProperty("example");
                    var values = type switch
                    {
                        "application/json" => [example],
                        "application/x-ndjson" => example.GetString()!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement),
                        _ => [],
                    };
                    // A line of the list's NDJSON is a row or the result, which the schema of the whole list does not say.
                    foreach (var value in name is "listContainers" or "getContainer" && type != "application/json" ? [] : values)
                    {
                        AssertFits(value, content.GetProperty("schema"), document, $"{name} {type}");
                    }
                }
            }
        }
    }

    [Fact]
    public async Task A_field_of_several_forms_says_which()
    {
        await using var host = new ApiHost(new FakeEngine());
        var document = await host.GetJsonAsync("/swagger/v1/swagger.json");
        var fields = document.GetProperty("components").GetProperty("schemas").GetProperty("BuildRequest").GetProperty("properties");

        Assert.Equal(["array of string", "string"], Forms("tag"));
        Assert.Equal(Forms("tag"), Forms("cacheFrom"));
        Assert.Equal(["array of string", "string", "object of string"], Forms("secret"));
        Assert.Equal(["array of object", "object"], Forms("registryAuth"));

        string[] Forms(string field) => [.. fields.GetProperty(field).GetProperty("oneOf").EnumerateArray().Select(Name)];

        static string Name(JsonElement schema) =>
            schema.TryGetProperty("$ref", out var reference) ? reference.GetString()!.Split('/')[^1]
            : schema.TryGetProperty("items", out var items) ? "array of " + Name(items)
            : schema.TryGetProperty("additionalProperties", out var values) && values.ValueKind == JsonValueKind.Object ? "object of " + Name(values)
            : schema.GetProperty("type").GetString()!;
    }

    private static void AssertFits(JsonElement value, JsonElement schema, JsonElement document, string where)
    {
        schema = Resolve(schema, value, document);
        // Fields of more than one form have a schema that takes any.
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var item in value.EnumerateArray())
            {
                AssertFits(item, items, document, where + "[]");
            }
        }
        else if (value.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out var properties))
        {
            foreach (var required in schema.TryGetProperty("required", out var names) ? names.EnumerateArray() : default)
            {
                Assert.True(value.TryGetProperty(required.GetString()!, out _), $"{where} lacks {required}");
            }

            foreach (var property in value.EnumerateObject())
            {
                Assert.True(properties.TryGetProperty(property.Name, out var itsSchema), $"{where} has {property.Name}, which its schema has not");
                AssertFits(property.Value, itsSchema, document, $"{where}.{property.Name}");
            }
        }
    }

    /// <summary>Follows references; of alternatives takes the one that the value's discriminator names.</summary>
    private static JsonElement Resolve(JsonElement schema, JsonElement value, JsonElement document)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Resolve(Component(reference.GetString()!), value, document);
        }

        if (schema.TryGetProperty("oneOf", out var alternatives))
        {
            if (alternatives.EnumerateArray().FirstOrDefault(a => a.TryGetProperty("type", out var type) && type.GetString() == Kind(value)) is { ValueKind: JsonValueKind.Object } form)
            {
                return form;
            }

            // Each of them extends one base, whose discriminator names them.
            var first = Component(alternatives[0].GetProperty("$ref").GetString()!);
            var discriminator = Component(first.GetProperty("allOf")[0].GetProperty("$ref").GetString()!).GetProperty("discriminator");
            var kind = value.GetProperty(discriminator.GetProperty("propertyName").GetString()!).GetString()!;
            return Resolve(Component(discriminator.GetProperty("mapping").GetProperty(kind).GetString()!), value, document);
        }

        if (!schema.TryGetProperty("allOf", out var all))
        {
            return schema;
        }

        // The parts' properties together.
        var properties = new JsonObject();
        foreach (var part in all.EnumerateArray().Select(p => p.TryGetProperty("$ref", out var part) ? Component(part.GetString()!) : p).Append(schema))
        {
            foreach (var property in part.TryGetProperty("properties", out var its) ? its.EnumerateObject() : default)
            {
                properties[property.Name] = JsonNode.Parse(property.Value.GetRawText());
            }
        }

        return JsonSerializer.SerializeToElement(new JsonObject { ["properties"] = properties });

        static string Kind(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();

        JsonElement Component(string path) => document.GetProperty("components").GetProperty("schemas").GetProperty(path.Split('/')[^1]);
    }

    private static string FirstDifference(string committed, string served)
    {
        var (a, b) = (committed.Split('\n'), served.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(a.Length, b.Length)).FirstOrDefault(i => a.ElementAtOrDefault(i) != b.ElementAtOrDefault(i));
        return $"line {line + 1}: committed '{a.ElementAtOrDefault(line)?.Trim()}', served '{b.ElementAtOrDefault(line)?.Trim()}'";
    }

    private static string RepositoryRoot([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", ".."));
}
