namespace ContainerApi.Tests.Api;

/// <summary>The OpenAPI document is committed, so that every change of the contract is visible.</summary>
public sealed class OpenApiTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary><c>UPDATE_OPENAPI=1</c> in the environment updates the committed document.</summary>
    [Fact]
    public async Task Document_equals_the_committed_one()
    {
        await using var host = new ApiHost(new FakeEngine());
        var served = JsonSerializer.Serialize(await host.GetJsonAsync("/openapi.json"), Indented) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(ApiDocument.FilePath, served);
        }

        var committed = File.Exists(ApiDocument.FilePath) ? await File.ReadAllTextAsync(ApiDocument.FilePath) : "";

        Assert.True(committed == served, "docs/openapi.json is outdated; run 'make openapi'. Difference: " + FirstDifference(committed, served));
    }

    [Fact]
    public void Every_operation_has_a_name_a_summary_a_tag_and_documented_responses()
    {
        foreach (var operation in ApiDocument.Operations)
        {
            Assert.True(operation.TryGetProperty("operationId", out var name), $"An operation has no name: {operation}");
            Assert.True(operation.TryGetProperty("summary", out _), $"{name} has no summary");
            Assert.True(operation.TryGetProperty("tags", out var tags) && tags.GetArrayLength() == 1, $"{name} has no tag");
            var responses = operation.GetProperty("responses").EnumerateObject().ToList();
            Assert.Contains(responses, r => r.Name[0] == '2');
            Assert.All(responses.Where(r => r.Name[0] is '4' or '5'), r => r.Value.GetProperty("content").GetProperty("application/problem+json"));
            foreach (var parameter in ApiDocument.Root.ParametersOf(operation))
            {
                Assert.True(parameter.TryGetProperty("description", out _), $"{name}: {parameter.GetProperty("name")} is not described");
            }
        }
    }

    [Fact]
    public void Every_body_has_an_example_that_matches_its_schema()
    {
        var document = ApiDocument.Root;
        foreach (var operation in ApiDocument.Operations)
        {
            var name = operation.GetProperty("operationId").GetString();
            var bodies = operation.GetProperty("responses").EnumerateObject()
                .Where(r => r.Name[0] == '2' && r.Value.TryGetProperty("content", out _)).Select(r => r.Value);
            foreach (var body in operation.TryGetProperty("requestBody", out var request) ? bodies.Append(request) : bodies)
            {
                if (body.GetProperty("content").EnumerateObject().All(IsBinary))
                {
                    // An archive, which no text can show.
                    continue;
                }

                var examples = body.GetProperty("content").EnumerateObject().Where(c => c.Value.TryGetProperty("example", out _)).ToList();
                Assert.True(examples.Count > 0, $"{name} has a body without an example");
                foreach (var (type, content) in examples.Select(e => (e.Name, e.Value)))
                {
                    var example = content.GetProperty("example");
                    var values = type switch
                    {
                        "application/json" => [example],
                        "application/x-ndjson" => Lines(example.GetString()!),
                        _ => [],
                    };
                    foreach (var value in values)
                    {
                        var schema = content.GetProperty(type == "application/json" ? "schema" : "x-oai-itemSchema");
                        AssertFits(value, schema, document, $"{name} {type}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Field_has_one_name_and_one_form()
    {
        var fields = ApiDocument.Schemas.GetProperty("BuildRequest").GetProperty("properties");

        Assert.Equal("array of string", Name(fields.GetProperty("tags")));
        Assert.Equal("object of string", Name(fields.GetProperty("buildArgs")));
        Assert.Equal("array of object", Name(fields.GetProperty("registryAuth")));
        Assert.All(["tag", "buildArg", "label", "extraHost", "secret", "stream", "detach"], name => Assert.False(fields.TryGetProperty(name, out _)));

        static string Name(JsonElement schema) =>
            schema.TryGetProperty("items", out var items) ? "array of " + Name(items)
            : schema.TryGetProperty("additionalProperties", out var values) && values.ValueKind == JsonValueKind.Object ? "object of " + Name(values)
            : schema.GetProperty("type").GetString()!;
    }

    private static bool IsBinary(JsonProperty content) =>
        content.Value.GetProperty("schema").TryGetProperty("format", out var format) && format.GetString() == "binary"
        && !content.Value.TryGetProperty("x-oai-itemSchema", out _);

    private static void AssertFits(JsonElement value, JsonElement schema, JsonElement document, string where)
    {
        schema = Resolve(schema, value, document);
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
                Assert.True(properties.TryGetProperty(property.Name, out var itsSchema), $"{where} has {property.Name}, which its schema lacks");
                AssertFits(property.Value, itsSchema, document, $"{where}.{property.Name}");
            }
        }
    }

    private static IEnumerable<JsonElement> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(l => JsonDocument.Parse(l).RootElement);

    /// <summary>Follows references, and chooses the alternative of the value's type.</summary>
    private static JsonElement Resolve(JsonElement schema, JsonElement value, JsonElement document)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Resolve(Component(reference.GetString()!), value, document);
        }

        if (schema.TryGetProperty("anyOf", out var lines) && value.ValueKind == JsonValueKind.Object)
        {
            // The lines of a stream, each with the name of its type in its description. A list has rows, and a result as its last line.
            var name = value.GetProperty("type").GetString();
            var line = lines.EnumerateArray().FirstOrDefault(l =>
                l.TryGetProperty("$ref", out var known) && Component(known.GetString()!).TryGetProperty("description", out var text)
                && text.GetString()!.StartsWith($"A line of type `{name}`.", StringComparison.Ordinal));
            return Resolve(line.ValueKind == JsonValueKind.Object ? line : lines[name == "result" ? 1 : 0], value, document);
        }

        if (schema.TryGetProperty("oneOf", out var alternatives))
        {
            var kind = value.ValueKind == JsonValueKind.Null ? "object" : value.ValueKind.ToString().ToLowerInvariant();
            return alternatives.EnumerateArray().Select(a => Resolve(a, value, document)).First(a => a.GetProperty("type").GetString() == kind);
        }

        if (!schema.TryGetProperty("allOf", out var all))
        {
            return schema;
        }

        // All parts together describe the object.
        var properties = new JsonObject();
        foreach (var part in all.EnumerateArray().Select(each => Resolve(each, value, document)).Append(schema))
        {
            foreach (var property in part.TryGetProperty("properties", out var its) ? its.EnumerateObject() : default)
            {
                properties[property.Name] = JsonNode.Parse(property.Value.GetRawText());
            }
        }

        return JsonSerializer.SerializeToElement(new JsonObject { ["properties"] = properties });

        JsonElement Component(string path) => document.GetProperty("components").GetProperty("schemas").GetProperty(path.Split('/')[^1]);
    }

    private static string FirstDifference(string committed, string served)
    {
        var (a, b) = (committed.Split('\n'), served.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(a.Length, b.Length)).FirstOrDefault(i => a.ElementAtOrDefault(i) != b.ElementAtOrDefault(i));
        return $"line {line + 1}: committed '{a.ElementAtOrDefault(line)?.Trim()}', served '{b.ElementAtOrDefault(line)?.Trim()}'";
    }
}
