using System.Diagnostics;

namespace ContainerApi.Benchmarks;

/// <summary>curl, as a user sends a context with it.</summary>
internal static class CurlCommand
{
    /// <summary>Posts a file and reads the answer to its end. A build that failed is no measure.</summary>
    /// <param name="where">The address, with <c>--unix-socket</c> before it where it has one.</param>
    public static async Task PostFileAsync(string file, string type, params IReadOnlyList<string> where)
    {
        // Without a word of Expect, which costs the service and the engine one more round trip.
        string[] arguments = ["-fsS", "-X", "POST", "-H", "Expect:", "-H", "Content-Type: " + type, "--noproxy", "*", "-T", file, .. where];
        using var curl = Process.Start(new ProcessStartInfo("curl", arguments)
        {
            RedirectStandardOutput = true,
        })!;
        var text = await curl.StandardOutput.ReadToEndAsync();
        await curl.WaitForExitAsync();
        Measure.RequireImage(text);
    }
}
