using ContainerApi.Api;
using ContainerApi.Api.Requests;

namespace ContainerApi.Containers.Logs;

/// <summary>The parameters that both operations share.</summary>
internal sealed record LogOptions(
    [Parameter("Whether to wait for new lines.", Default = "false")]
    bool Follow,
    [Parameter("The number of lines before the end of each log, or `all`. Default: `100`, but `all` with `since`, `until` or `follow`.",
        Example = "100")]
    LogTail? Tail,
    [Parameter("The time of the first line: RFC 3339, or how long ago, in seconds or as in `10m`.", Example = "10m")]
    LogBound? Since,
    [Parameter("The time of the last line: RFC 3339, or how long ago, in seconds or as in `10m`. Not with `follow`.",
        Example = "2026-11-29T12:00:00Z")]
    LogBound? Until,
    [Parameter("The outputs to read. Default: both.", Example = "stderr", CommaSeparated = true)]
    IReadOnlyList<ContainerOutput> Output,
    [Parameter("Only lines with this text. Upper and lower case differ.", Example = "timeout", Pattern = @"[\s\S]{1,1024}",
        Expected = "must have 1 to 1024 characters.")]
    string? Search,
    [Parameter(StreamParameters.Format)]
    StreamFormat? Format,
    [Parameter("Whether the text form keeps colours. Other escape sequences are always removed from it.", Default = "false")]
    bool Colour,
    StreamPosition Position)
{
    private const int DefaultTail = 100;

    /// <summary>The one output to read; null for both.</summary>
    public LogOutput? OneOutput => Output.Distinct().ToList() switch
    {
        [ContainerOutput.Stdout] => LogOutput.Stdout,
        [ContainerOutput.Stderr] => LogOutput.Stderr,
        _ => null,
    };

    /// <summary>The part of each log to read.</summary>
    public LogRange ToRange(DateTimeOffset now)
    {
        var since = Since?.At(now);
        var tail = Tail is { } given ? given.Lines : since is null && Until is null && !Follow ? DefaultTail : null;
        // Without a first line to wait for, only a time says which lines are new after a lost connection.
        var onlyNew = Follow && tail == 0;
        return new LogRange(OneOutput, Follow, onlyNew ? LogTime.Of(now) : since, Until?.At(now), onlyNew ? null : tail);
    }
}

/// <summary>The parameters of <c>GET /containers/{container}/logs</c>.</summary>
internal sealed record ContainerLogQuery(ContainerSelector Selector, LogOptions Log, LocalParameter Local);

/// <summary>The parameters of <c>GET /logs</c>.</summary>
internal sealed record LogListQuery(ContainerSelection Selection, LogOptions Log, LocalParameter Local);

/// <summary>A number of lines; null for all.</summary>
internal sealed record LogTail(int? Lines) : IParameterValue<LogTail>
{
    public static string Expected => "must be a whole number of lines from 0 to 2147483647, or all.";

    public static bool TryParse(string text, [NotNullWhen(true)] out LogTail? value)
    {
        value = text.Equals("all", StringComparison.OrdinalIgnoreCase) ? new LogTail((int?)null)
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var lines) ? new LogTail(lines)
            : null;
        return value is not null;
    }
}

/// <summary>A time, or a duration before now.</summary>
internal sealed record LogBound(LogTime? Time, TimeSpan Ago) : IParameterValue<LogBound>
{
    public static string Expected => "must be a time as in 2026-11-29T12:00:00Z, or a duration as in 30s, 10m or 1h30m.";

    public LogTime At(DateTimeOffset now) => Time ?? LogTime.Of(now).Add(-Ago);

    public static bool TryParse(string text, [NotNullWhen(true)] out LogBound? value)
    {
        value = LogTime.TryParse(Encoding.UTF8.GetBytes(text), out var time) ? new LogBound(time, default)
            : Durations.TryParse(text, out var ago) && ago >= TimeSpan.Zero ? new LogBound(null, ago)
            : null;
        return value is not null;
    }
}

internal abstract class LogOptionsValidator<T> : AbstractValidator<T>
{
    /// <param name="options">Returns null where a parameter is invalid.</param>
    protected LogOptionsValidator(Func<T, LogOptions?> options)
    {
        RuleFor(q => options(q)).Must(o => o is not { Follow: true, Until: not null }).OverridePropertyName("until")
            .WithMessage("cannot be combined with follow.");
        RuleFor(q => options(q)).Must(o => o?.Position?.After is not { } seq || MergedLogPosition.IsValid(seq)).OverridePropertyName("after")
            .WithMessage(LogPosition.Expected);
        RuleFor(q => options(q)).Must(o => o?.Position?.LastEventId is not { } seq || MergedLogPosition.IsValid(seq))
            .OverridePropertyName("Last-Event-ID").WithMessage(LogPosition.Expected);
    }
}

internal sealed class ContainerLogQueryValidator() : LogOptionsValidator<ContainerLogQuery>(q => q.Log);

internal sealed class LogListQueryValidator() : LogOptionsValidator<LogListQuery>(q => q.Log);
