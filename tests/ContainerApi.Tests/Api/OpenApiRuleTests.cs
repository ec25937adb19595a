namespace ContainerApi.Tests.Api;

/// <summary>Rules of the OpenAPI document: what generated clients and Swagger UI need, and what keeps the contract open.</summary>
public sealed class OpenApiRuleTests
{
    private static readonly string[] Combinations = ["allOf", "anyOf", "oneOf"];

    [Fact]
    public void Answers_are_open_and_requests_are_closed()
    {
        var (requests, answers) = (SchemasOf("requestBody"), SchemasOf("responses"));

        Assert.DoesNotContain(answers, s => Forbids(s.Value));
        Assert.DoesNotContain(answers, s => s.Value.TryGetProperty("discriminator", out _));
        Assert.DoesNotContain(answers, s => s.Value.TryGetProperty("enum", out var values) && values[0].ValueKind != JsonValueKind.Null);
        Assert.Contains(answers, s => s.Value.TryGetProperty("x-extensible-enum", out _));
        Assert.All(
            requests.Where(s => s.Key.EndsWith("Request", StringComparison.Ordinal)),
            s => Assert.True(Forbids(s.Value), $"{s.Key} takes every field"));

        static bool Forbids(JsonElement schema) =>
            schema.TryGetProperty("additionalProperties", out var allowed) && allowed.ValueKind == JsonValueKind.False;
    }

    [Theory]
    [InlineData("Container", "state", "exited")]
    [InlineData("Container", "health", "unhealthy")]
    [InlineData("EngineReport", "state", "timeout")]
    [InlineData("EngineStatus", "state", "timeout")]
    public void States_name_their_known_values(string schema, string property, string value)
    {
        var states = ApiDocument.Schemas.GetProperty(schema).GetProperty("properties").GetProperty(property);

        Assert.Contains(value, states.GetProperty("x-extensible-enum").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal("string", states.GetProperty("type").GetString());
    }

    [Fact]
    public void Required_fields_of_requests_are_marked()
    {
        var schemas = ApiDocument.Schemas;

        Assert.Equal(["container"], Required("CommitRequest"));
        Assert.Equal(["image"], Required("CreateContainerRequest"));
        Assert.Equal(["image", "tag"], Required("TagRequest"));

        IEnumerable<string?> Required(string name) => schemas.GetProperty(name).GetProperty("required").EnumerateArray().Select(r => r.GetString());
    }

    [Fact]
    public void Rows_with_selected_fields_have_no_required_field()
    {
        var schemas = ApiDocument.Schemas;

        Assert.All(["Container", "ProcessesSection", "NetworkSection", "UsageSection"], name =>
            Assert.False(schemas.GetProperty(name).TryGetProperty("required", out _), $"{name} has required fields"));
        Assert.Contains("items", schemas.GetProperty("ContainerList").GetProperty("required").EnumerateArray().Select(r => r.GetString()));
    }

    [Fact]
    public void Reference_that_can_be_null_says_so()
    {
        var properties = ApiDocument.Schemas.GetProperty("Build").GetProperty("properties");

        var alternatives = properties.GetProperty("error").GetProperty("oneOf");

        Assert.Equal("#/components/schemas/BuildError", alternatives[0].GetProperty("$ref").GetString());
        Assert.True(alternatives[1].GetProperty("nullable").GetBoolean());
    }

    [Fact]
    public void Every_nullable_schema_has_a_type()
    {
        var document = ApiDocument.Root;

        Assert.All(
            Objects(document).Where(o => o.TryGetProperty("nullable", out _)),
            o => Assert.True(o.TryGetProperty("type", out _), o.ToString()));
    }

    /// <summary>Swagger UI sends them as if its user had typed them.</summary>
    [Fact]
    public void No_optional_parameter_has_a_default_or_an_example()
    {
        foreach (var operation in ApiDocument.Operations)
        {
            foreach (var parameter in ApiDocument.Root.ParametersOf(operation))
            {
                var where = $"{operation.GetProperty("operationId")} {parameter.GetProperty("name")}";
                var schema = parameter.GetProperty("schema");
                Assert.False(schema.TryGetProperty("default", out _), where);
                Assert.False(schema.TryGetProperty("items", out var items) && items.TryGetProperty("default", out _), where);
                var isRequired = parameter.TryGetProperty("required", out var required) && required.GetBoolean();
                Assert.False(!isRequired && parameter.TryGetProperty("example", out _), where);
            }
        }
    }

    /// <summary>A generated client has the parameters of the query and of the form in one list.</summary>
    [Fact]
    public void Form_takes_files_and_repeats_no_parameter_of_the_query()
    {
        var forms = ApiDocument.Operations
            .Where(o => o.TryGetProperty("requestBody", out var body)
                && body.GetProperty("content").TryGetProperty("multipart/form-data", out _)).ToList();

        Assert.NotEmpty(forms);
        foreach (var operation in forms)
        {
            var form = operation.GetProperty("requestBody").GetProperty("content").GetProperty("multipart/form-data").GetProperty("schema");
            var file = form.GetProperty("properties").GetProperty("file");
            Assert.Equal("binary", file.GetProperty("items").GetProperty("format").GetString());
            var names = ApiDocument.Root.ParametersOf(operation).Select(p => p.GetProperty("name").GetString());
            Assert.Empty(form.GetProperty("properties").EnumerateObject().Select(p => p.Name).Intersect(names));
        }
    }

    [Fact]
    public void Stream_is_bytes_with_a_schema_for_its_lines()
    {
        var streams = ApiDocument.Operations
            .SelectMany(o => o.GetProperty("responses").EnumerateObject())
            .Where(r => r.Value.TryGetProperty("content", out _))
            .SelectMany(r => r.Value.GetProperty("content").EnumerateObject())
            .Where(c => c.Name is "application/x-ndjson" or "text/event-stream")
            .Select(c => c.Value).ToList();

        Assert.NotEmpty(streams);
        Assert.All(streams, s => Assert.Equal("binary", s.GetProperty("schema").GetProperty("format").GetString()));
        Assert.All(streams, s => s.GetProperty("x-oai-itemSchema"));
    }

    [Fact]
    public void The_license_the_tags_and_the_needed_keys_are_described()
    {
        var document = ApiDocument.Root;

        Assert.Equal("MIT", document.GetProperty("info").GetProperty("license").GetProperty("name").GetString());
        Assert.All(document.GetProperty("tags").EnumerateArray(), t => Assert.NotEmpty(t.GetProperty("description").GetString()!));
        Assert.All(ApiDocument.Operations, o => o.GetProperty("security"));
        Assert.Equal(0, document.GetProperty("paths").GetProperty("/healthz").GetProperty("get").GetProperty("security").GetArrayLength());
    }

    [Fact]
    public void Every_response_names_its_headers()
    {
        var responses = ApiDocument.Operations.SelectMany(o => o.GetProperty("responses").EnumerateObject()).ToList();

        Assert.All(responses, r => Assert.Contains("ContainerApi-Version", Headers(r.Value)));
        Assert.All(responses.Where(r => r.Name == "201"), r => Assert.Contains("Location", Headers(r.Value)));
        Assert.All(responses.Where(r => r.Name == "304"), r => Assert.Contains("ETag", Headers(r.Value)));
        Assert.All(responses.Where(r => r.Name == "429"), r => Assert.Contains("Retry-After", Headers(r.Value)));

        static IEnumerable<string> Headers(JsonElement response) => response.GetProperty("headers").EnumerateObject().Select(h => h.Name);
    }

    /// <summary>The schemas that a part of the operations refers to, directly or through others.</summary>
    private static Dictionary<string, JsonElement> SchemasOf(string part)
    {
        var found = new Dictionary<string, JsonElement>();
        var waiting = new Queue<JsonElement>(ApiDocument.Operations.Where(o => o.TryGetProperty(part, out _)).Select(o => o.GetProperty(part)));
        while (waiting.TryDequeue(out var element))
        {
            foreach (var reference in Objects(element).Where(o => o.TryGetProperty("$ref", out _)).Select(o => o.GetProperty("$ref").GetString()!))
            {
                var name = reference.Split('/')[^1];
                if (reference.Contains("/schemas/", StringComparison.Ordinal) && found.TryAdd(name, ApiDocument.Schemas.GetProperty(name)))
                {
                    waiting.Enqueue(found[name]);
                }
            }
        }

        // With the schemas inside of them.
        return found.SelectMany(f => Objects(f.Value).Select((o, i) => (Name: i == 0 ? f.Key : $"{f.Key} {i}", Schema: o)))
            .Where(s => s.Schema.TryGetProperty("type", out _) || Combinations.Any(c => s.Schema.TryGetProperty(c, out _)))
            .ToDictionary(s => s.Name, s => s.Schema);
    }

    private static IEnumerable<JsonElement> Objects(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => Objects(p.Value)).Prepend(element),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Objects),
        _ => [],
    };
}
