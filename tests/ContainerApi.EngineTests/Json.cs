using System.Diagnostics;
using System.Net.Sockets;

namespace ContainerApi.EngineTests;

/// <summary>Reads responses of the service and of the engine.</summary>
internal static class Json
{
    /// <summary>The string with this name, or an empty one.</summary>
    public static string Text(JsonNode node, string name) =>
        node[name] is { } value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

    public static IEnumerable<string> Texts(JsonNode? list) => list!.AsArray().Select(t => t!.GetValue<string>());

    /// <summary>The JSON document of a response whose status is <paramref name="expected"/>.</summary>
    public static async Task<JsonNode> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {text}");
        return JsonNode.Parse(text)!;
    }

    public static async Task<JsonNode> ProblemAsync(HttpResponseMessage response, HttpStatusCode expected, string code)
    {
        var problem = await ReadAsync(response, expected);
        Assert.Equal(code, Text(problem, "code"));
        return problem;
    }

    public static List<JsonObject> Lines(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];

    /// <summary>The lines of a stream that was read to its end.</summary>
    public static async Task<List<JsonObject>> LinesAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, text);
            return Lines(text);
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
