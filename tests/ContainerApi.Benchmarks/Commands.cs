using System.Diagnostics;

namespace ContainerApi.Benchmarks;

/// <summary>The docker and curl commands, whose results the service is compared with.</summary>
internal static class Commands
{
    /// <summary>The distribution's docker command includes BuildKit's client; others need a plug-in.</summary>
    private static readonly string Docker = File.Exists("/usr/bin/docker") ? "/usr/bin/docker" : "docker";

    /// <summary>Runs <c>docker build</c> and discards its output.</summary>
    /// <param name="buildKit">Whether to use BuildKit, with <c>--progress=plain</c>.</param>
    /// <param name="context">Written to standard input; null if the arguments name a directory.</param>
    /// <returns>The duration in milliseconds.</returns>
    public static async Task<double> DockerBuildAsync(string endpoint, bool buildKit, IReadOnlyList<string> arguments, byte[]? context = null)
    {
        var start = new ProcessStartInfo(Docker, ["build", .. buildKit ? ["--progress=plain"] : Array.Empty<string>(), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOCKER_HOST"] = endpoint;
        start.Environment["DOCKER_BUILDKIT"] = buildKit ? "1" : "0";
        var started = Stopwatch.GetTimestamp();
        using var docker = Process.Start(start)!;
        // BuildKit writes its progress to stderr.
        var errors = ReadTailAsync(docker.StandardError.BaseStream);
        var output = docker.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        await docker.StandardInput.BaseStream.WriteAsync(context ?? []);
        docker.StandardInput.Close();
        await output;
        var tail = await errors;
        await docker.WaitForExitAsync();
        return docker.ExitCode == 0
            ? Stopwatch.GetElapsedTime(started).TotalMilliseconds : throw new InvalidOperationException("docker build failed: " + tail);
    }

    /// <summary>Runs buildx, with the engine of <c>DOCKER_HOST</c>, and discards its output.</summary>
    /// <param name="input">The file for standard input; null for none.</param>
    public static Task BuildxAsync(string? input, params IReadOnlyList<string> arguments) => RunAsync(
        "sh",
        [
            "-c", "input=$1; shift; exec \"$BUILDX\" build --provenance=false --progress=plain \"$@\" <\"$input\" >/dev/null 2>&1",
            "sh", input ?? "/dev/null", "--label", EngineUnderTest.RunLabel, .. arguments,
        ]);

    /// <summary>Posts an archive with curl and reads the whole answer. Throws if the build failed.</summary>
    /// <param name="where">The address, after <c>--unix-socket</c> if needed.</param>
    public static async Task PostFileAsync(string file, params IReadOnlyList<string> where)
    {
        // The Expect header would cost an extra round trip.
        string[] arguments =
            ["-fsS", "-X", "POST", "-H", "Expect:", "-H", "Content-Type: application/x-tar", "--noproxy", "*", "-T", file, .. where];
        using var curl = Process.Start(new ProcessStartInfo("curl", arguments) { RedirectStandardOutput = true })!;
        var text = await curl.StandardOutput.ReadToEndAsync();
        await curl.WaitForExitAsync();
        Measure.RequireImage(text);
    }

    /// <summary>Runs a command to its end. Throws if it failed.</summary>
    public static async Task RunAsync(string command, params IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments))!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{command} ended with exit code {process.ExitCode}.");
        }
    }

    private static async Task<string> ReadTailAsync(Stream stream)
    {
        var buffer = new byte[64 * 1024];
        var tail = "";
        while (await stream.ReadAsync(buffer) is var read and > 0)
        {
            tail = System.Text.Encoding.UTF8.GetString(buffer, Math.Max(0, read - 1000), Math.Min(read, 1000));
        }

        return tail;
    }
}
