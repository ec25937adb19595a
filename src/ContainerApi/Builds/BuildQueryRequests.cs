using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Builds;

/// <summary>Query of <c>GET /builds</c>.</summary>
internal sealed record BuildsQuery
{
    public const int MaxItems = 500;
    private const int DefaultItems = 50;

    /// <summary>Only builds in these states. Repeatable.</summary>
    [FromQuery(Name = "state")]
    [QueryValue(Allowed = ["queued", "running", "succeeded", "failed", "cancelled", "interrupted"])]
    public string[]? State { get; init; }

    /// <summary>Only builds on these engines. Repeatable.</summary>
    [FromQuery(Name = "engine")]
    public string[]? Engine { get; init; }

    /// <summary>Maximum number of builds.</summary>
    [FromQuery(Name = "limit")]
    [QueryValue("integer", Default = "50", Minimum = 1, Maximum = MaxItems)]
    public string? Limit { get; init; }

    /// <summary>The `nextCursor` of the previous page.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }

    public int ToLimit() => Rules.ToInteger(Limit) ?? DefaultItems;

    public bool Matches(Build build) =>
        (State is not { Length: > 0 } states || states.Any(s => Enum.Parse<BuildState>(s, ignoreCase: true) == build.State))
        && (Engine is not { Length: > 0 } engines || engines.Contains(build.Engine));
}

internal sealed class BuildsQueryValidator : AbstractValidator<BuildsQuery>
{
    public BuildsQueryValidator()
    {
        RuleForEach(q => q.State).OneOf([.. Enum.GetNames<BuildState>().Select(name => name.ToLowerInvariant())]);
        RuleFor(q => q.Limit).Integer(1, BuildsQuery.MaxItems);
        RuleFor(q => q.Cursor).Must(cursor => cursor is null || BuildId.IsValid(cursor)).WithMessage("must be the nextCursor of a previous page.");
    }
}

/// <summary>Path of one build.</summary>
internal sealed record BuildQuery
{
    /// <summary>The build's id: 26 characters.</summary>
    [FromRoute(Name = "build")]
    public string? Build { get; init; }
}

internal sealed class BuildQueryValidator : AbstractValidator<BuildQuery>
{
    public BuildQueryValidator() => RuleFor(q => q.Build).BuildIdentifier();
}

/// <summary>Query of <c>GET /builds/{build}/events</c>.</summary>
internal sealed record BuildEventsQuery
{
    /// <summary>The build's id: 26 characters.</summary>
    [FromRoute(Name = "build")]
    public string? Build { get; init; }

    /// <summary>The first event to send: the last seen `seq` plus one.</summary>
    [FromQuery(Name = "from")]
    [QueryValue("integer", Default = "0", Minimum = 0)]
    public string? From { get; init; }

    /// <summary>`ndjson` or `text`. By default the `Accept` header decides, and NDJSON is used if it does not.</summary>
    [FromQuery(Name = "format")]
    [QueryValue(Allowed = ["ndjson", "text"])]
    public string? Format { get; init; }

    /// <exception cref="ApiException">The build has fewer events.</exception>
    public long ToFrom(long count)
    {
        var from = Rules.ToInteger(From) ?? 0;
        return from <= count
            ? from
            : throw new ApiException(ErrorCode.InvalidRequest, $"from is past the end: there are {count} events so far.",
                new Dictionary<string, string[]> { ["from"] = [$"must be a whole number from 0 to {count}."] });
    }
}

internal sealed class BuildEventsQueryValidator : AbstractValidator<BuildEventsQuery>
{
    public BuildEventsQueryValidator()
    {
        RuleFor(q => q.Build).BuildIdentifier();
        RuleFor(q => q.From).Integer(0, int.MaxValue);
        RuleFor(q => q.Format).OneOf(BuildEventFormats.Names);
    }
}

internal static class BuildIdRule
{
    public static IRuleBuilderOptions<T, string?> BuildIdentifier<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(BuildId.IsValid).WithMessage("must be a build's id: 26 digits and upper-case letters.");
}
