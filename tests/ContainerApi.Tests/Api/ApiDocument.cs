namespace ContainerApi.Tests.Api;

/// <summary><c>docs/openapi.json</c>, which <see cref="OpenApiTests"/> compares with the document of the service.</summary>
internal static class ApiDocument
{
    public static string FilePath { get; } = Path.Combine(Repository.Root, "docs", "openapi.json");

    public static JsonElement Root { get; } = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(FilePath));

    public static JsonElement Schemas => Root.GetProperty("components").GetProperty("schemas");

    /// <summary>All operations, with their path and method.</summary>
    public static IEnumerable<(string Path, string Method, JsonElement Operation)> Calls =>
        from path in Root.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select (path.Name, operation.Name, operation.Value);

    public static IEnumerable<JsonElement> Operations => Calls.Select(call => call.Operation);
}
