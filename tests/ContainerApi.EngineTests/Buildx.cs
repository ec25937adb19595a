using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ContainerApi.EngineTests;

/// <summary>The outcome of one build.</summary>
/// <param name="Steps">The steps of the Dockerfile that completed, in order of their names, as <c>RUN x: cached</c>.</param>
internal sealed record BuildOutcome(bool Succeeded, int? ExitCode, IReadOnlyList<string> Steps, string Output);

/// <summary>Docker's command line for BuildKit, on the engine of the tests. <c>BUILDX</c> is the path of its program.</summary>
internal static partial class Buildx
{
    public const string Category = "Buildx";

    private static readonly string Program = Environment.GetEnvironmentVariable("BUILDX") is { Length: > 0 } path
        ? path
        : throw new InvalidOperationException("BUILDX must be the path of docker-buildx; `make compare-buildx` sets it.");

    /// <summary>Builds a directory. The engines of all image stores make one manifest without attestations.</summary>
    /// <param name="state">A directory for the program's files.</param>
    public static async Task<BuildOutcome> BuildAsync(string state, string context, params IEnumerable<string> options)
    {
        var start = new ProcessStartInfo(Program, ["build", "--progress=rawjson", "--provenance=false", .. options, context])
        {
            RedirectStandardError = true,
            Environment = { ["DOCKER_HOST"] = EngineFixture.EndpointText, ["DOCKER_CONFIG"] = state },
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var steps = new Dictionary<string, (string Name, bool Cached)>();
        foreach (var line in output.Split('\n').Where(line => line.StartsWith('{')))
        {
            foreach (var vertex in JsonNode.Parse(line)!["vertexes"]?.AsArray() ?? [])
            {
                if (StepName.Match(Text(vertex!, "name")) is { Success: true } name && vertex!["completed"] is not null && vertex["error"] is null)
                {
                    steps[Text(vertex, "digest")] = (name.Groups[1].Value, vertex["cached"]?.GetValue<bool>() ?? false);
                }
            }
        }

        var code = ExitCode.Matches(output).LastOrDefault() is { } exit ? int.Parse(exit.Groups[1].Value, CultureInfo.InvariantCulture) : (int?)null;
        return new(process.ExitCode == 0, code, Describe(steps.Values), output);
    }

    /// <summary>Describes a response to a build of the service.</summary>
    public static async Task<BuildOutcome> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            if (!response.IsSuccessStatusCode)
            {
                return new(false, null, [], text);
            }

            var lines = Lines(text);
            var steps = new Dictionary<string, (string Name, bool Cached)>();
            foreach (var step in lines.Where(l => Text(l, "state") == "completed" && l["number"] is not null))
            {
                steps[Text(step, "stepId")] = (Text(step, "name"), step["cached"]!.GetValue<bool>());
            }

            return new(
                Text(lines[^1], "state") == "succeeded", lines[^1]["error"]?["exitCode"]?.GetValue<int>(), Describe(steps.Values), text);
        }
    }

    /// <summary>Without base images: the first of all builds on an engine finds them uncached.</summary>
    private static List<string> Describe(IEnumerable<(string Name, bool Cached)> steps) =>
    [
        .. steps.Where(s => !s.Name.StartsWith("FROM ", StringComparison.Ordinal))
            .Select(s => s.Name + (s.Cached ? ": cached" : "")).Order(StringComparer.Ordinal),
    ];

    /// <summary><c>[stage 1/2] RUN x</c>; steps of the builder itself have no number.</summary>
    [GeneratedRegex(@"^\[(?:[^\]]* )?[0-9]+/[0-9]+\] (.*)$", RegexOptions.Singleline)]
    private static partial Regex StepName { get; }

    [GeneratedRegex("exit code: ([0-9]+)")]
    private static partial Regex ExitCode { get; }
}
