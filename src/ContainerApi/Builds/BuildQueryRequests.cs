using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Builds;

/// <summary>What <c>GET /builds</c> takes.</summary>
internal sealed record BuildsQuery
{
    public const int MostItems = 500;
    private const int UsualItems = 50;

    /// <summary>Only builds in these states; repeatable.</summary>
    [FromQuery(Name = "state")]
    [QueryValue(Allowed = ["queued", "running", "succeeded", "failed", "cancelled", "interrupted"])]
    public string[]? State { get; init; }

    /// <summary>Only builds of these engines; repeatable.</summary>
    [FromQuery(Name = "engine")]
    public string[]? Engine { get; init; }

    /// <summary>How many at most.</summary>
    [FromQuery(Name = "limit")]
    [QueryValue("integer", Default = "50", Minimum = 1, Maximum = MostItems)]
    public string? Limit { get; init; }

    /// <summary>Where the last page ended: its `nextCursor`.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }

    public int ToLimit() => Rules.ToInteger(Limit) ?? UsualItems;

    public bool Matches(Build build) =>
        (State is not { Length: > 0 } states || states.Any(s => Enum.Parse<BuildState>(s, ignoreCase: true) == build.State))
        && (Engine is not { Length: > 0 } engines || engines.Contains(build.Engine));
}

internal sealed class BuildsQueryValidator : AbstractValidator<BuildsQuery>
{
    public BuildsQueryValidator()
    {
        RuleForEach(q => q.State).OneOf([.. Enum.GetNames<BuildState>().Select(name => name.ToLowerInvariant())]);
        RuleFor(q => q.Limit).Integer(1, BuildsQuery.MostItems);
        RuleFor(q => q.Cursor).Must(cursor => cursor is null || BuildId.IsValid(cursor)).WithMessage("must be the nextCursor of an answer.");
    }
}

/// <summary>Names one build.</summary>
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

/// <summary>What <c>GET /builds/{build}/events</c> takes.</summary>
internal sealed record BuildEventsQuery
{
    /// <summary>The build's id: 26 characters.</summary>
    [FromRoute(Name = "build")]
    public string? Build { get; init; }

    /// <summary>The first event to send: one more than the `seq` of the last one seen.</summary>
    [FromQuery(Name = "from")]
    [QueryValue("integer", Default = "0", Minimum = 0)]
    public string? From { get; init; }

    /// <summary>`ndjson`, or `text` for people; without it the `Accept` header decides, and NDJSON where it does not.</summary>
    [FromQuery(Name = "format")]
    [QueryValue(Allowed = ["ndjson", "text"])]
    public string? Format { get; init; }

    /// <exception cref="ApiException">There are fewer events.</exception>
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
