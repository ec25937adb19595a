using ContainerApi.Engine;
using ContainerApi.Http;
using ContainerApi.Http.OpenApi;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Containers.Watch;

/// <summary>What <c>GET /containers/watch</c> takes.</summary>
internal sealed record WatchQuery
{
    /// <summary>Also containers that do not run.</summary>
    [FromQuery(Name = "all")]
    [QueryValue("boolean", Default = "false")]
    public string? All { get; init; }

    /// <summary>Only containers in these states; implies `all`.</summary>
    [FromQuery(Name = "state")]
    public string[]? State { get; init; }

    /// <summary>Only containers whose name holds this.</summary>
    [FromQuery(Name = "name")]
    public string? Name { get; init; }

    /// <summary>Only containers with this label, as `key` or `key=value`; all of several.</summary>
    [FromQuery(Name = "label")]
    public string[]? Label { get; init; }

    /// <summary>Only these engines.</summary>
    [FromQuery(Name = "engine")]
    public string[]? Engine { get; init; }

    /// <summary>Sections to sample: any of `processes`, `network`, `usage`, separated by commas, or `none`.</summary>
    [FromQuery(Name = "include")]
    [QueryValue(Default = "processes,network,usage")]
    public string? Include { get; init; }

    /// <summary>Seconds between samples.</summary>
    [FromQuery(Name = "interval")]
    [QueryValue("integer", Default = "2", Minimum = 1, Maximum = 3600)]
    public string? Interval { get; init; }

    /// <summary>`ndjson` or `sse`; without it the `Accept` header decides, and NDJSON where it does not.</summary>
    [FromQuery(Name = "format")]
    [QueryValue(Allowed = ["ndjson", "sse"])]
    public string? Format { get; init; }

    /// <summary>The `id` of the last event seen, to be told only what came after it; the `Last-Event-ID` header does the same.</summary>
    [FromQuery(Name = "lastEventId")]
    public string? LastEventId { get; init; }

    public TimeSpan ToInterval() => TimeSpan.FromSeconds(Rules.ToInteger(Interval) ?? 2);

    public WatchView ToView()
    {
        var states = State ?? [];
        var labels = (Label ?? []).Select(l => l.Split('=', 2)).ToList();
        var all = Rules.ToBoolean(All) || states.Length > 0;
        return new WatchView(
            c => (all || c.State is ContainerStates.Running or ContainerStates.Paused or ContainerStates.Restarting)
                && (states.Length == 0 || states.Contains(c.State))
                && (Name is null || c.Name?.Contains(Name, StringComparison.Ordinal) == true)
                && labels.All(l => c.Labels.TryGetValue(l[0], out var value) && (l.Length == 1 || value == l[1])),
            Engine ?? [],
            ToSections());
    }

    private PictureSections ToSections() => Include switch
    {
        null => PictureSections.All,
        "none" => PictureSections.None,
        _ => Include.Split(',', StringSplitOptions.TrimEntries).Aggregate(PictureSections.None, (all, name) => all | PictureFields.Sections[name]),
    };
}

internal sealed class WatchQueryValidator : AbstractValidator<WatchQuery>
{
    public WatchQueryValidator()
    {
        RuleFor(q => q.All).Boolean();
        RuleForEach(q => q.State).OneOf([.. ContainerStates.All]);
        RuleFor(q => q.Include).SomeOf("processes", "network", "usage").Unless(q => q.Include == "none");
        RuleFor(q => q.Interval).Integer(1, 3600);
        RuleFor(q => q.Format).OneOf("ndjson", "sse");
    }
}
