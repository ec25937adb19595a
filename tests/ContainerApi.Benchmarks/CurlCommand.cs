using System.Diagnostics;

namespace ContainerApi.Benchmarks;

/// <summary>Uploads with curl.</summary>
internal static class CurlCommand
{
    /// <summary>Posts a file and reads the whole answer. Throws if the build failed.</summary>
    /// <param name="where">The address, after <c>--unix-socket</c> if needed.</param>
    public static async Task PostFileAsync(string file, string type, params IReadOnlyList<string> where)
    {
        // The Expect header would cost an extra round trip.
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
