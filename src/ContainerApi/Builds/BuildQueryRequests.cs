using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Api.Requests;

namespace ContainerApi.Builds;

/// <summary>The parameters of <c>GET /builds</c>.</summary>
internal sealed record BuildListRequest(
    [Parameter("Only builds in these states.", CommaSeparated = true)]
    IReadOnlyList<BuildState> State,
    [Parameter("Only builds on these engines.", CommaSeparated = true)]
    IReadOnlyList<EngineName> Engine,
    [Parameter("The build's id.", CommaSeparated = true)]
    IReadOnlyList<BuildId> Id,
    [Parameter("Only these fields, separated by commas.", Example = "id,state,tags")]
    ListFields<Build>? Fields,
    [Parameter("The field to order by, prefixed with `-` for descending order. Unknown values come last; a list is ordered by its length. Ids sort "
        + "by time.", Default = "-id", Example = "-durationMs")]
    ListSort<Build> Sort,
    [Parameter("Maximum number of builds on a page.", Default = "50", Min = 1, Max = 500)]
    int Limit,
    [Parameter("The `nextCursor` of the previous page.")]
    ListCursor? Cursor,
    [Parameter("The format of the response. Default: by `Accept`.")]
    Format? Format,
    LocalParameter Local)
{
    public bool Matches(Build build) =>
        (State.Count == 0 || State.Contains(build.State)) && (Engine.Count == 0 || Engine.Any(e => e.Value == build.Engine))
        && (Id.Count == 0 || Id.Any(i => i.Value == build.Id));
}

internal sealed class BuildListRequestValidator : AbstractValidator<BuildListRequest>
{
    public BuildListRequestValidator(ListCursors cursors) => RuleFor(q => q.Cursor).MatchesSort(cursors, q => q.Sort);
}

/// <summary>The path of one build.</summary>
internal sealed record BuildQuery(
    [Parameter("The build's id: 26 characters.", In = ParameterPlace.Route)]
    BuildId Build,
    [Parameter("The build's engine. A build of another engine is a 404. Default: any engine.")]
    EngineName? Engine)
{
    public bool Matches(Build build) => Engine is null || Engine.Value == build.Engine;
}

/// <summary>The parameters of <c>GET /builds/{build}</c>.</summary>
internal sealed record GetBuildQuery(BuildQuery Path, LocalParameter Local);

/// <summary>The parameters of <c>DELETE /builds/{build}</c>.</summary>
internal sealed record DeleteBuildQuery(
    BuildQuery Path,
    [Parameter("Whether to cancel a queued or running build first.", Default = "false")]
    bool Force);

/// <summary>The parameters of <c>GET /builds/{build}/events</c>.</summary>
internal sealed record BuildEventsRequest(
    BuildQuery Path,
    StreamPosition Position,
    [Parameter("Skips this many events.", Default = "0", Min = 0, IsReplaced = true)]
    int From,
    [Parameter(StreamParameters.Format)]
    StreamFormat? Format,
    [Parameter(BuildText.Colour, Default = "false")]
    bool Colour,
    LocalParameter Local)
{
    /// <summary>Returns the number of the first event to send.</summary>
    /// <param name="count">How many events there are.</param>
    /// <exception cref="ApiException">There is no such event.</exception>
    public long First(long count)
    {
        var (field, first) = Position.Seq is not { } seq ? ("from", From)
            : (Position.LastEventId is null ? "after" : ApiHeaders.LastEventId,
                long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last < count ? last + 1 : long.MaxValue);
        return first <= count
            ? first
            : throw new ApiException(
                ErrorCode.InvalidRequest,
                "There is no such event. " + (count == 0 ? "The build has none so far." : $"The build's last event so far has the seq {count - 1}."))
            {
                Fields = [field],
            };
    }
}
