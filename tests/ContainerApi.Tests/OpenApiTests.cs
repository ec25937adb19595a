using System.Runtime.CompilerServices;
using System.Text.Json;

namespace ContainerApi.Tests;

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

    private static string FirstDifference(string committed, string served)
    {
        var (a, b) = (committed.Split('\n'), served.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(a.Length, b.Length)).FirstOrDefault(i => a.ElementAtOrDefault(i) != b.ElementAtOrDefault(i));
        return $"line {line + 1}: committed '{a.ElementAtOrDefault(line)?.Trim()}', served '{b.ElementAtOrDefault(line)?.Trim()}'";
    }

    private static string RepositoryRoot([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}
