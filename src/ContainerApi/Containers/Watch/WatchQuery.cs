using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Containers.Watch;

/// <summary>The query of <c>GET /containers/watch</c>, as text.</summary>
internal sealed record WatchQuery : ContainerListQuery
{
    /// <summary>Seconds between samples.</summary>
    [QueryValue("integer", Default = "2", Minimum = 1, Maximum = 3600)]
    [FromQuery(Name = "interval")] public string? Interval { get; init; }

    /// <summary><c>ndjson</c> or <c>sse</c>; without it the <c>Accept</c> header decides, and NDJSON where it does not.</summary>
    [QueryValue(Allowed = ["ndjson", "sse"])]
    [FromQuery(Name = "format")] public string? Format { get; init; }

    /// <summary>The <c>id</c> of the last event seen, to be told only what came after it; the <c>Last-Event-ID</c> header does the same.</summary>
    [FromQuery(Name = "lastEventId")] public string? LastEventId { get; init; }

    public TimeSpan ToInterval() => TimeSpan.FromSeconds(Rules.ToInteger(Interval) ?? 2);

    /// <summary>What the text means; it is validated.</summary>
    public WatchView ToView()
    {
        var request = Select(ContainerRules.Sections(Include, fields: null));
        var all = request.All || request.States.Count > 0;
        return new WatchView(
            // The engine's own list without "all" has these.
            c => (all || c.State is ContainerStates.Running or ContainerStates.Paused or ContainerStates.Restarting) && request.Matches(c),
            request.Engines,
            request.Sections,
            WatchSelection.Of(request));
    }
}

internal sealed class WatchQueryValidator : AbstractValidator<WatchQuery>
{
    public WatchQueryValidator()
    {
        Include(new ContainerListRules());
        RuleFor(q => q.Interval).Integer(1, 3600);
        RuleFor(q => q.Format).OneOf("ndjson", "sse");
    }
}
