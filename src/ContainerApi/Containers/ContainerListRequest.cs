using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Containers.Formatting;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Containers;

/// <summary>The query of <c>GET /containers</c>, as text.</summary>
internal sealed record ContainerListRequest : ContainerListQuery
{
    /// <summary>Only these fields, separated by commas; <c>network.rxBytes</c> for one within a section. What no field needs is not read.</summary>
    [QueryValue(Example = "name,status,network.rxBytes")]
    [FromQuery(Name = "fields")] public string? Fields { get; init; }

    /// <summary>The field to order by, <c>-</c> in front for descending; default <c>-createdAt</c>. What is not known comes last, a list counts by its length.</summary>
    [QueryValue(Default = "-createdAt", Example = "-network.rxBytesPerSecond")]
    [FromQuery(Name = "sort")] public string? Sort { get; init; }

    /// <summary>Rows on a page, 1 to 10000; default all.</summary>
    [QueryValue("integer", Minimum = 1, Maximum = 10_000)]
    [FromQuery(Name = "limit")] public string? Limit { get; init; }

    /// <summary><c>nextCursor</c> of the page before.</summary>
    [FromQuery(Name = "cursor")] public string? Cursor { get; init; }

    /// <summary>How many seconds old the answer may be, 0 to 3600; default 0: it is read after the request came.</summary>
    [QueryValue("integer", Default = "0", Minimum = 0, Maximum = ContainerRules.OldestSeconds)]
    [FromQuery(Name = "maxAge")] public string? MaxAge { get; init; }

    /// <summary><c>json</c>, <c>ndjson</c>, <c>table</c> or <c>csv</c>; default by <c>Accept</c>.</summary>
    [QueryValue(Allowed = ["json", "ndjson", "table", "csv"])]
    [FromQuery(Name = "format")] public string? Format { get; init; }

    /// <summary>What the text means; it is validated.</summary>
    public ContainerRequest ToRequest()
    {
        ContainerCursor? after = null;
        _ = Cursor is not null && ContainerCursor.TryDecode(Cursor, out after);
        return Select(ContainerRules.Sections(Include, Fields)) with
        {
            Sort = Sort is not null && ContainerSort.TryParse(Sort, out var sort) ? sort : ContainerSort.Default,
            Limit = Rules.ToInteger(Limit),
            After = after,
        };
    }
}

/// <summary>The query of <c>GET /containers/{container}</c>, as text.</summary>
internal sealed record ContainerQuery
{
    /// <summary>Name, full id, or the beginning of an id that no other container shares.</summary>
    [FromRoute(Name = "container")] public string? Container { get; init; }

    /// <summary>Look on this engine only.</summary>
    [FromQuery] public string? Engine { get; init; }

    /// <summary>Sections to read: <c>processes</c>, <c>network</c>, <c>usage</c>, or <c>none</c>. Default: all three.</summary>
    [QueryValue(Example = "processes,network")]
    [FromQuery] public string? Include { get; init; }

    /// <summary>Only these fields, separated by commas.</summary>
    [QueryValue(Example = "name,status,network.rxBytes")]
    [FromQuery] public string? Fields { get; init; }

    /// <summary>How many seconds old the answer may be, 0 to 3600; default 0.</summary>
    [QueryValue("integer", Default = "0", Minimum = 0, Maximum = ContainerRules.OldestSeconds)]
    [FromQuery] public string? MaxAge { get; init; }

    /// <summary><c>json</c>, <c>ndjson</c>, <c>table</c> or <c>csv</c>; default by <c>Accept</c>.</summary>
    [QueryValue(Allowed = ["json", "ndjson", "table", "csv"])]
    [FromQuery] public string? Format { get; init; }
}

/// <summary>The query of <c>GET /containers/{container}/processes</c> and <c>/stats</c>, as text.</summary>
internal sealed record ContainerSectionQuery
{
    /// <summary>Name, full id, or the beginning of an id that no other container shares.</summary>
    [FromRoute(Name = "container")] public string? Container { get; init; }

    /// <summary>Look on this engine only.</summary>
    [FromQuery] public string? Engine { get; init; }

    /// <summary>How many seconds old the answer may be, 0 to 3600; default 0.</summary>
    [QueryValue("integer", Default = "0", Minimum = 0, Maximum = ContainerRules.OldestSeconds)]
    [FromQuery] public string? MaxAge { get; init; }
}

internal sealed class ContainerListRequestValidator : AbstractValidator<ContainerListRequest>
{
    public ContainerListRequestValidator()
    {
        Include(new ContainerListRules());
        RuleFor(q => q.Fields).SomeOf(ContainerColumns.Names);
        RuleFor(q => q.Fields).Must((q, fields) => ContainerRules.AreIncluded(q.Include, fields))
            .WithMessage("names fields of a section that include leaves out.");
        RuleFor(q => q.Sort).Must(s => s is null || ContainerSort.TryParse(s, out _))
            .WithMessage($"must be one of {string.Join(", ", ContainerColumns.All.Select(f => f.Name))}, with '-' in front for descending.");
        RuleFor(q => q.Limit).Integer(1, 10_000);
        RuleFor(q => q.Cursor)
            .Must((q, c) => c is null || (ContainerCursor.TryDecode(c, out var cursor) && cursor.Sort == q.ToRequest().Sort.ToString()))
            .WithMessage("must be the nextCursor of an answer with the same sort.");
        RuleFor(q => q.MaxAge).Integer(0, ContainerRules.OldestSeconds);
        RuleFor(q => q.Format).OneOf(Formats.Names);
    }
}

internal sealed class ContainerQueryValidator : AbstractValidator<ContainerQuery>
{
    public ContainerQueryValidator()
    {
        RuleFor(q => q.Container).NotNull().ContainerReference();
        RuleFor(q => q.Include).Included();
        RuleFor(q => q.Fields).SomeOf(ContainerColumns.Names);
        RuleFor(q => q.Fields).Must((q, fields) => ContainerRules.AreIncluded(q.Include, fields))
            .WithMessage("names fields of a section that include leaves out.");
        RuleFor(q => q.MaxAge).Integer(0, ContainerRules.OldestSeconds);
        RuleFor(q => q.Format).OneOf(Formats.Names);
    }
}

internal sealed class ContainerSectionQueryValidator : AbstractValidator<ContainerSectionQuery>
{
    public ContainerSectionQueryValidator()
    {
        RuleFor(q => q.Container).NotNull().ContainerReference();
        RuleFor(q => q.MaxAge).Integer(0, ContainerRules.OldestSeconds);
    }
}

/// <summary>What the queries of the picture have in common.</summary>
internal static class ContainerRules
{
    public const int OldestSeconds = 3600;

    private static readonly IReadOnlyList<string> Includable = [.. ContainerColumns.Sections.Keys, "none"];

    public static IReadOnlyList<string> List(string? value) => value is null ? [] : value.Split(',', StringSplitOptions.TrimEntries);

    public static IRuleBuilderOptions<T, string?> Included<T>(this IRuleBuilder<T, string?> rule) =>
        rule.SomeOf(Includable)
            .Must(v => v is null || !List(v).Contains("none") || List(v).Count == 1)
            .WithMessage($"must be one or more of {string.Join(", ", ContainerColumns.Sections.Keys)}, separated by commas, or none alone.");

    /// <summary>What is to be read: what is included and, where fields are named, only what one of them needs.</summary>
    public static ContainerSections Sections(string? include, string? fields)
    {
        var included = include is null ? ContainerSections.All : Union(List(include));
        return fields is null ? included : included & Union(List(fields));
    }

    /// <summary>A client that leaves a section out and then asks for a part of it wants two things at once.</summary>
    public static bool AreIncluded(string? include, string? fields) =>
        include is null || fields is null || (Union(List(fields)) & ~Union(List(include))) == 0;

    private static ContainerSections Union(IReadOnlyList<string> names) =>
        names.Aggregate(ContainerSections.None, (sections, name) => sections | ContainerColumns.SectionOf(name));
}
