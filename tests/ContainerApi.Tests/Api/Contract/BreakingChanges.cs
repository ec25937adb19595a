namespace ContainerApi.Tests.Api.Contract;

/// <summary>
/// Compares two OpenAPI documents and names what breaks a client of the older one: the rules of oasdiff that matter here. What
/// <c>docs/versioning.md</c> calls additive breaks nobody.
/// </summary>
internal sealed class BreakingChanges
{
    private readonly JsonElement _old;
    private readonly JsonElement _new;
    private readonly List<string> _found = [];
    private readonly HashSet<(string Old, string New, bool IsRequest)> _compared = [];

    private BreakingChanges(JsonElement old, JsonElement @new) => (_old, _new) = (old, @new);

    public static IReadOnlyList<string> Between(JsonElement old, JsonElement @new)
    {
        var changes = new BreakingChanges(old, @new);
        foreach (var path in Members(Member(old, "paths")))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var where = $"{operation.Name.ToUpperInvariant()} {path.Name}";
                changes.CompareOperation(where, operation.Value, Member(@new, "paths", path.Name, operation.Name));
            }
        }

        return changes._found;
    }

    private void CompareOperation(string where, JsonElement old, JsonElement @new)
    {
        if (@new.ValueKind == JsonValueKind.Undefined)
        {
            Report(where, "the operation is gone");
            return;
        }

        if (Text(old, "operationId") != Text(@new, "operationId"))
        {
            Report(where, $"operationId is '{Text(@new, "operationId")}', not '{Text(old, "operationId")}'");
        }

        CompareParameters(where, [.. _old.ParametersOf(old)], [.. _new.ParametersOf(@new)]);
        CompareBody(where, Member(old, "requestBody"), Member(@new, "requestBody"));
        foreach (var response in Members(Member(old, "responses")))
        {
            CompareResponse($"{where} {response.Name}", response.Value, Member(@new, "responses", response.Name));
        }
    }

    private void CompareParameters(string where, IReadOnlyList<JsonElement> old, IReadOnlyList<JsonElement> @new)
    {
        foreach (var parameter in old)
        {
            var its = $"{where}: the parameter {Text(parameter, "name")}";
            if (@new.FirstOrDefault(p => Key(p) == Key(parameter)) is not { ValueKind: JsonValueKind.Object } left)
            {
                Report(its, "is gone");
                continue;
            }

            CompareRequired(its, IsRequired(parameter), IsRequired(left));
            CompareSchema(its, Member(parameter, "schema"), Member(left, "schema"), isRequest: true);
        }

        foreach (var added in @new.Where(p => IsRequired(p) && !old.Any(o => Key(o) == Key(p))))
        {
            Report($"{where}: the parameter {Text(added, "name")}", "is new and required");
        }
    }

    private void CompareBody(string where, JsonElement old, JsonElement @new)
    {
        CompareRequired($"{where}: the body", IsRequired(old), IsRequired(@new));
        CompareContent($"{where}: the body", old, @new, isRequest: true);
    }

    private void CompareResponse(string where, JsonElement old, JsonElement @new)
    {
        if (@new.ValueKind == JsonValueKind.Undefined)
        {
            Report(where, "the status is gone");
            return;
        }

        foreach (var header in Members(Member(old, "headers")).Where(h => Member(@new, "headers", h.Name).ValueKind == JsonValueKind.Undefined))
        {
            Report(where, $"the header {header.Name} is gone");
        }

        CompareContent(where, old, @new, isRequest: false);
    }

    private void CompareContent(string where, JsonElement old, JsonElement @new, bool isRequest)
    {
        foreach (var media in Members(Member(old, "content")))
        {
            var left = Member(@new, "content", media.Name);
            if (left.ValueKind == JsonValueKind.Undefined)
            {
                Report(where, $"the media type {media.Name} is gone");
                continue;
            }

            CompareSchema($"{where} {media.Name}", Member(media.Value, "schema"), Member(left, "schema"), isRequest);
            CompareSchema($"{where} {media.Name} line", Member(media.Value, "x-oai-itemSchema"), Member(left, "x-oai-itemSchema"), isRequest);
        }
    }

    private void CompareSchema(string where, JsonElement oldSchema, JsonElement newSchema, bool isRequest)
    {
        if (oldSchema.ValueKind != JsonValueKind.Object || newSchema.ValueKind != JsonValueKind.Object)
        {
            if (oldSchema.ValueKind == JsonValueKind.Object)
            {
                Report(where, "the schema is gone");
            }

            return;
        }

        var (names, old, @new) = ((Text(oldSchema, "$ref") ?? where, Text(newSchema, "$ref") ?? where, isRequest),
            new Shape(_old, oldSchema), new Shape(_new, newSchema));
        if (!_compared.Add(names))
        {
            return;
        }

        var changed = !old.Types.SetEquals(@new.Types);
        // More types in a request and fewer in an answer are accepted by every old client.
        if (changed && !(isRequest ? old.Types.IsSubsetOf(@new.Types) : @new.Types.IsSubsetOf(old.Types)))
        {
            Report(where, $"the type is {string.Join("|", @new.Types)}, not {string.Join("|", old.Types)}");
        }

        CompareValues(where, old, @new, isRequest);
        CompareProperties(where, old, @new, isRequest);
        CompareSchema($"{where}[]", old.Items, @new.Items, isRequest);
        CompareSchema($"{where}{{}}", old.Values, @new.Values, isRequest);
        foreach (var (name, line) in old.Lines)
        {
            if (@new.Lines.TryGetValue(name, out var left))
            {
                CompareSchema($"{where} {name}", line, left, isRequest);
            }
            else
            {
                Report(where, $"the alternative {name} is gone");
            }
        }
    }

    private void CompareValues(string where, Shape old, Shape @new, bool isRequest)
    {
        if (isRequest && @new.Enum.Count > 0 && old.Enum.DefaultIfEmpty("other than the listed").Except(@new.Enum).ToList() is { Count: > 0 } refused)
        {
            Report(where, $"the values {string.Join(", ", refused)} are refused");
        }

        if (!isRequest && (old.Enum.Count == 0 ? old.Known : old.Enum).Except(@new.Enum).Except(@new.Known).ToList() is { Count: > 0 } gone)
        {
            Report(where, $"the values {string.Join(", ", gone)} are gone");
        }

        foreach (var (name, isTighter) in isRequest ? Bounds : [])
        {
            if (@new.Number(name) is { } bound && (old.Number(name) is not { } before || isTighter(before, bound)))
            {
                Report(where, $"{name} is {bound}");
            }
        }
    }

    private void CompareProperties(string where, Shape old, Shape @new, bool isRequest)
    {
        foreach (var (name, property) in old.Properties)
        {
            if (!@new.Properties.TryGetValue(name, out var left))
            {
                Report($"{where}.{name}", "is gone");
                continue;
            }

            if (!isRequest && old.Required.Contains(name) && !@new.Required.Contains(name))
            {
                Report($"{where}.{name}", "is no longer always there");
            }

            CompareSchema($"{where}.{name}", property, left, isRequest);
        }

        foreach (var name in isRequest ? @new.Required.Except(old.Required) : [])
        {
            Report($"{where}.{name}", "is required");
        }
    }

    private void CompareRequired(string where, bool old, bool @new)
    {
        if (@new && !old)
        {
            Report(where, "is required");
        }
    }

    private void Report(string where, string what) => _found.Add($"{where}: {what}");

    private static readonly (string Name, Func<decimal, decimal, bool> IsTighter)[] Bounds =
    [
        ("minimum", (old, bound) => bound > old), ("minLength", (old, bound) => bound > old), ("minItems", (old, bound) => bound > old),
        ("maximum", (old, bound) => bound < old), ("maxLength", (old, bound) => bound < old), ("maxItems", (old, bound) => bound < old),
    ];

    private static (string?, string?) Key(JsonElement parameter) => (Text(parameter, "in"), Text(parameter, "name"));

    private static bool IsRequired(JsonElement part) => Member(part, "required").ValueKind == JsonValueKind.True;

    internal static JsonElement Member(JsonElement element, params IEnumerable<string> names) =>
        names.Aggregate(element, (e, name) => e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out var value) ? value : default);

    internal static string? Text(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    internal static IReadOnlyList<JsonElement> Items(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray()] : [];

    internal static IReadOnlyList<JsonProperty> Members(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object ? [.. element.EnumerateObject()] : [];
}
