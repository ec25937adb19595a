namespace ContainerApi.Tests.Api.Contract;

/// <summary>The contract only grows within a version: <c>docs/openapi.json</c> is compared with the document of the last release.</summary>
public sealed class BreakingChangesTests
{
    private const string Document = """
        {"paths": {"/things": {
          "get": {"operationId": "listThings",
            "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                           {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["on", "off"]}}],
            "responses": {"200": {"headers": {"ETag": {}}, "content": {
              "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
              "application/x-ndjson": {"schema": {"type": "string", "format": "binary"},
                "x-oai-itemSchema": {"anyOf": [{"$ref": "#/components/schemas/Line"}]}}}},
              "404": {}}},
          "post": {"operationId": "createThing",
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingRequest"}}}},
            "responses": {"204": {}}}}},
         "components": {"schemas": {
          "Thing": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "size": {"type": "integer", "nullable": true},
            "state": {"type": "string", "x-extensible-enum": ["on", "off"]},
            "parts": {"type": "array", "items": {"type": "string"}}}},
          "Line": {"allOf": [{"type": "object", "properties": {"type": {"type": "string"}}}, {"properties": {"text": {"type": "string"}}}]},
          "ThingRequest": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "mode": {"type": "string", "enum": ["a", "b"]}, "labels": {"type": "object"}}}}}}
        """;

    /// <summary>
    /// <c>UPDATE_OPENAPI_BASELINE=1</c> in the environment takes the current document as the baseline, for a release.
    /// </summary>
    [Fact]
    public async Task Document_breaks_no_client_of_the_last_release()
    {
        var current = ApiDocument.FilePath;
        var baseline = Path.Combine(Repository.Root, "docs", "openapi-baseline.json");
        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI_BASELINE") == "1")
        {
            File.Copy(current, baseline, overwrite: true);
        }

        var changes = BreakingChanges.Between(Parse(await File.ReadAllTextAsync(baseline)), Parse(await File.ReadAllTextAsync(current)));

        Assert.True(
            changes.Count == 0,
            $"docs/openapi.json breaks clients of docs/openapi-baseline.json (docs/versioning.md):\n{string.Join('\n', changes)}\n"
            + "If no release has that contract, take the new one with 'make openapi-baseline'.");
    }

    [Theory]
    [InlineData("\"get\": {", "\"head\": {", "GET /things: the operation is gone")]
    [InlineData("\"/things\"", "\"/stuff\"", "GET /things: the operation is gone")]
    [InlineData("\"listThings\"", "\"getThings\"", "GET /things: operationId is 'getThings', not 'listThings'")]
    [InlineData("\"404\": {}", "\"410\": {}", "GET /things 404: the status is gone")]
    [InlineData("{\"ETag\": {}}", "{}", "GET /things 200: the header ETag is gone")]
    [InlineData("\"application/x-ndjson\"", "\"text/csv\"", "GET /things 200: the media type application/x-ndjson is gone")]
    [InlineData("\"name\": \"limit\"", "\"name\": \"top\"", "GET /things: the parameter limit: is gone")]
    [InlineData("\"in\": \"query\", \"schema\": {\"type\": \"integer\"", "\"in\": \"query\", \"required\": true, \"schema\": {\"type\": \"integer\"",
        "GET /things: the parameter limit: is required")]
    [InlineData("\"parameters\": [", "\"parameters\": [{\"name\": \"new\", \"in\": \"query\", \"required\": true},",
        "GET /things: the parameter new: is new and required")]
    [InlineData("\"maximum\": 100", "\"maximum\": 10", "GET /things: the parameter limit: maximum is 10")]
    [InlineData("{\"type\": \"integer\", \"maximum\": 100}", "{\"type\": \"string\"}",
        "GET /things: the parameter limit: the type is string, not integer")]
    [InlineData("\"enum\": [\"on\", \"off\"]}", "\"enum\": [\"on\"]}", "GET /things: the parameter state: the values off are refused")]
    [InlineData("\"x-extensible-enum\": [\"on\", \"off\"]", "\"x-extensible-enum\": [\"on\"]",
        "GET /things 200 application/json.state: the values off are gone")]
    [InlineData("\"required\": [\"name\"], \"properties\": {\n    \"name\": {\"type\": \"string\"}, \"size\"",
        "\"properties\": {\"name\": {\"type\": \"string\"}, \"size\"", "GET /things 200 application/json.name: is no longer always there")]
    [InlineData("\"size\": {\"type\": \"integer\", ", "\"bytes\": {\"type\": \"integer\", ", "GET /things 200 application/json.size: is gone")]
    [InlineData("\"name\": {\"type\": \"string\"}, \"size\"", "\"name\": {\"type\": \"string\", \"nullable\": true}, \"size\"",
        "GET /things 200 application/json.name: the type is string|null, not string")]
    [InlineData("\"items\": {\"type\": \"string\"}", "\"items\": {\"type\": \"integer\"}",
        "GET /things 200 application/json.parts[]: the type is integer, not string")]
    [InlineData("{\"text\":", "{\"message\":", "GET /things 200 application/x-ndjson line Line.text: is gone")]
    [InlineData("[{\"$ref\": \"#/components/schemas/Line\"}]", "[]", "GET /things 200 application/x-ndjson line: the alternative Line is gone")]
    [InlineData("\"requestBody\": {", "\"requestBody\": {\"required\": true, ", "POST /things: the body: is required")]
    [InlineData("\"required\": [\"name\"], \"properties\": {\n    \"name\": {\"type\": \"string\"}, \"mode\"",
        "\"required\": [\"name\", \"mode\"], \"properties\": {\"name\": {\"type\": \"string\"}, \"mode\"",
        "POST /things: the body application/json.mode: is required")]
    [InlineData("\"labels\": {\"type\": \"object\"}", "\"tags\": {\"type\": \"object\"}", "POST /things: the body application/json.labels: is gone")]
    [InlineData("\"enum\": [\"a\", \"b\"]", "\"enum\": [\"a\", \"c\"]", "POST /things: the body application/json.mode: the values b are refused")]
    public void Breaking_change_is_found(string old, string @new, string expected)
    {
        var changes = BreakingChanges.Between(Parse(Document), Parse(Changed(old, @new)));

        Assert.Contains(expected, changes);
    }

    [Theory]
    [InlineData("\"/things\": {", "\"/new\": {}, \"/things\": {")]
    [InlineData("\"404\": {}", "\"404\": {}, \"409\": {}")]
    [InlineData("\"parameters\": [", "\"parameters\": [{\"name\": \"new\", \"in\": \"query\"},")]
    [InlineData("\"maximum\": 100", "\"maximum\": 1000")]
    [InlineData("\"enum\": [\"a\", \"b\"]", "\"enum\": [\"a\", \"b\", \"c\"]")]
    [InlineData("\"x-extensible-enum\": [\"on\", \"off\"]", "\"x-extensible-enum\": [\"on\", \"off\", \"broken\"]")]
    [InlineData("\"size\": {\"type\": \"integer\", \"nullable\": true}", "\"size\": {\"type\": \"integer\"}, \"more\": {\"type\": \"string\"}")]
    [InlineData("\"labels\": {\"type\": \"object\"}", "\"labels\": {\"type\": \"object\", \"nullable\": true}, \"more\": {\"type\": \"string\"}")]
    [InlineData("[{\"$ref\": \"#/components/schemas/Line\"}]",
        "[{\"$ref\": \"#/components/schemas/Line\"}, {\"$ref\": \"#/components/schemas/Thing\"}]")]
    public void Additive_change_breaks_nothing(string old, string @new) =>
        Assert.Empty(BreakingChanges.Between(Parse(Document), Parse(Changed(old, @new))));

    /// <summary>The document with one change. Indentation does not count.</summary>
    private static string Changed(string old, string @new)
    {
        var (document, text) = (Flat(Document), Flat(old));
        Assert.Contains(text, document, StringComparison.Ordinal);
        return document.Replace(text, @new, StringComparison.Ordinal);

        static string Flat(string text) => string.Concat(text.Split('\n', StringSplitOptions.TrimEntries));
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
