using ContainerApi.Api;

namespace ContainerApi.Builds;

/// <summary>
/// Renders a build's events as a text log like <c>docker build --progress=plain</c>. Steps are numbered in the order in which they
/// started, and each block of interleaved output names its step. The last line is the outcome. One instance per reader.
/// </summary>
/// <param name="keepColours">Whether the output of steps keeps its colours.</param>
internal sealed class BuildText(bool keepColours = false)
{
    public const string Colour = "Whether the text log keeps the colours of the steps' output. All other escape sequences are removed.";

    private readonly StringBuilder _text = new();
    private readonly Dictionary<string, Step> _steps = [];
    private readonly Dictionary<(string? Step, string Id), string> _transfers = [];
    private int _warnings;
    private string? _open;
    private bool _any;

    /// <summary>Renders the next events.</summary>
    public string Render(IEnumerable<BuildEvent> events)
    {
        _text.Clear();
        foreach (var buildEvent in events)
        {
            Write(buildEvent);
        }

        return _text.ToString();
    }

    private void Write(BuildEvent buildEvent)
    {
        switch (buildEvent)
        {
            case QueuedEvent queued:
                Line($"Build {queued.BuildId} waits for the engine {queued.Engine}: number {queued.Position} in the queue");
                break;
            case StartedEvent started:
                Line($"Build {started.BuildId} on {started.Engine} ({started.Builder})");
                break;
            case StepEvent { State: StepState.Started } step:
                // A step that starts again keeps its number.
                _steps[step.StepId] = new Step(_steps.TryGetValue(step.StepId, out var known) ? known.Index : _steps.Count + 1, Title(step), step.At);
                _open = null;
                Open(step.StepId);
                break;
            case StepEvent { State: StepState.Failed }:
                // The result has the error.
                break;
            case StepEvent step:
                var end = step.State == StepState.Cancelled ? "CANCELED" : step.Cached is true ? "CACHED" : "DONE " + Seconds(step.DurationMs ?? 0);
                Line(Open(step.StepId) + end);
                _open = null;
                break;
            case LogEvent log:
                Log(log);
                break;
            case ProgressEvent progress when progress.StepId is null || Changes(progress):
                Line($"{Open(progress.StepId)}{progress.Layer} {progress.Status}{Amount(progress)}");
                break;
            case WarningEvent warning:
                _warnings++;
                Line("WARNING: " + Text(warning));
                break;
            case ResultEvent result:
                Result(result);
                break;
        }
    }

    private void Log(LogEvent log)
    {
        var prefix = Open(log.StepId);
        var since = log.StepId is not null && _steps.TryGetValue(log.StepId, out var step)
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (log.At - step.Began).TotalSeconds):0.000} ")
            : "";
        var text = log.Text.EndsWith('\n') ? log.Text.AsSpan(0, log.Text.Length - 1) : log.Text;
        foreach (var line in text.Split('\n'))
        {
            Line(prefix + since, VisibleText.OfOutput(text[line].TrimEnd('\r').ToString(), keepColours));
        }
    }

    private void Result(ResultEvent result)
    {
        var error = result.Error;
        if (error?.Step is { } name && _steps.FirstOrDefault(s => s.Value.Title.EndsWith(OneLine(name), StringComparison.Ordinal)).Key is { } failed)
        {
            Line($"{Open(failed)}ERROR: {OneLine(error.Message)}");
        }

        Blank();
        if (error is null)
        {
            var image = result.ImageId is { } id ? string.Join(' ', result.Tags.Prepend(id))
                : $"no image, {_warnings} {(_warnings == 1 ? "warning" : "warnings")}";
            Line($"Build succeeded{(result.DurationMs is { } took ? " in " + Seconds(took) : "")}: {image}");
            return;
        }

        string?[] parts =
            [error.Step is null ? null : $"step {OneLine(error.Step)}", error.ExitCode is { } code ? $"exit code {code}" : null];
        var where = string.Join(", ", parts.OfType<string>());
        var duration = result.DurationMs is { } worked ? " after " + Seconds(worked) : "";
        Line($"Build failed{duration}: {error.Code}: {OneLine(error.Message)}{(where.Length > 0 ? $" ({where})" : "")}");
    }

    /// <summary>Opens the block of a step if it is not open; returns the prefix of its lines.</summary>
    private string Open(string? id)
    {
        if (id is null || !_steps.TryGetValue(id, out var step))
        {
            return "";
        }

        if (_open != id)
        {
            Blank();
            Line($"#{step.Index} {step.Title}");
            _open = id;
        }

        return $"#{step.Index} ";
    }

    /// <summary>Reports a transfer in a step only when its status changes. The context has one event per second.</summary>
    private bool Changes(ProgressEvent progress)
    {
        var key = (progress.StepId, progress.Layer);
        if (_transfers.TryGetValue(key, out var status) && status == progress.Status)
        {
            return false;
        }

        _transfers[key] = progress.Status;
        return true;
    }

    private void Blank()
    {
        if (_any)
        {
            _text.Append('\n');
        }
    }

    /// <param name="output">Output of a step, already escaped.</param>
    private void Line(string line, string output = "")
    {
        _text.Append(VisibleText.Escape(line, keepTabs: true)).Append(output).Append('\n');
        _any = true;
    }

    private static string Title(StepEvent step) => step.Number is { } number && step.Total is { } total
        ? $"[{number}/{total}] {OneLine(step.Name)}"
        : OneLine(step.Name);

    private static string Amount(ProgressEvent progress) => (progress.CurrentBytes, progress.TotalBytes) switch
    {
        ({ } current, { } total) => $" {current}/{total} bytes",
        ({ } current, null) => $" {current} bytes",
        _ => "",
    };

    private static string Text(WarningEvent warning)
    {
        // BuildKit's text ends with the line.
        var (text, line) = (OneLine(warning.Text), warning.Line is { } number ? $" (line {number})" : "");
        return (text.EndsWith(line, StringComparison.Ordinal) ? text : text + line) + (warning.Url is { } url ? " " + url : "");
    }

    private static string Seconds(long milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000.0:0.0}s");

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();

    private readonly record struct Step(int Index, string Title, DateTimeOffset Began);
}
