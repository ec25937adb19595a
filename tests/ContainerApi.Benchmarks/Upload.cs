using System.Net.Http.Headers;

namespace ContainerApi.Benchmarks;

/// <summary>Sends a body and reads the answer to its end, the same way to the service and to the engine.</summary>
internal static class Upload
{
    public static async Task FileAsync(HttpClient http, string path, string file, string type)
    {
        await using var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var body = new StreamContent(content, 256 * 1024);
        body.Headers.ContentType = new MediaTypeHeaderValue(type);
        await Async(http, path, body);
    }

    public static async Task Async(HttpClient http, string path, HttpContent body)
    {
        using var response = await http.PostAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        // The engine's last words are "Successfully built", the service's a result.
        if (!response.IsSuccessStatusCode || !(text.Contains("succeeded", StringComparison.Ordinal) || text.Contains("Successfully built", StringComparison.Ordinal)))
        {
            throw new InvalidOperationException($"{path}: {response.StatusCode} {text}");
        }
    }
}
