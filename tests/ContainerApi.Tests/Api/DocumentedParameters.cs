namespace ContainerApi.Tests.Api;

internal static class DocumentedParameters
{
    /// <summary>The parameters of an operation, also those that several operations share.</summary>
    public static IEnumerable<JsonElement> ParametersOf(this JsonElement document, JsonElement operation) =>
        operation.TryGetProperty("parameters", out var parameters)
            ? parameters.EnumerateArray().Select(p => p.TryGetProperty("$ref", out var reference)
                ? document.GetProperty("components").GetProperty("parameters").GetProperty(reference.GetString()!.Split('/')[^1])
                : p)
            : [];
}
