using System.Text.RegularExpressions;
using ContainerApi.Engine;
using ContainerApi.Http;
using ContainerApi.Http.OpenApi;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Containers;

/// <summary>The query of <c>GET /containers</c>, as text.</summary>
internal sealed record ContainersQuery
{
    /// <summary>Also containers that do not run; default false.</summary>
    [QueryValue("boolean", Default = "false")]
    [FromQuery] public string? All { get; init; }

    /// <summary>States, separated by commas; implies <c>all</c>.</summary>
    [QueryValue(Example = "running,paused")]
    [FromQuery] public string? State { get; init; }

    /// <summary>Results of health checks, separated by commas; <c>none</c> is without a check.</summary>
    [QueryValue(Example = "unhealthy")]
    [FromQuery] public string? Health { get; init; }

    /// <summary>A part of the name.</summary>
    [QueryValue(Example = "web")]
    [FromQuery] public string? Name { get; init; }

    /// <summary>Made from this image, or from one that descends from it.</summary>
    [QueryValue(Example = "busybox:latest")]
    [FromQuery] public string? Image { get; init; }

    /// <summary><c>key</c> or <c>key=value</c>; given several times, all must hold.</summary>
    [FromQuery] public string[]? Label { get; init; }

    /// <summary>In the network of this name or id.</summary>
    [FromQuery] public string? Network { get; init; }

    /// <summary>With this port, inside or published: <c>80</c> or <c>80/tcp</c>.</summary>
    [QueryValue(Example = "80/tcp")]
    [FromQuery] public string? Port { get; init; }

    /// <summary>On this engine; may be given several times. Default: all.</summary>
    [FromQuery] public string[]? Engine { get; init; }

    /// <summary>Sections to read: <c>processes</c>, <c>network</c>, <c>usage</c>, or <c>none</c>. Default: all three.</summary>
    [QueryValue(Example = "processes,network")]
    [FromQuery] public string? Include { get; init; }

    /// <summary>Only these fields, separated by commas; <c>network.rxBytes</c> for one within a section. What no field needs is not read.</summary>
    [QueryValue(Example = "name,status,network.rxBytes")]
    [FromQuery] public string? Fields { get; init; }

    /// <summary>The field to order by, <c>-</c> in front for descending; default <c>-createdAt</c>. What is not known comes last, a list counts by its length.</summary>
    [QueryValue(Default = "-createdAt", Example = "-network.rxBytesPerSecond")]
    [FromQuery] public string? Sort { get; init; }

    /// <summary>Rows on a page, 1 to 10000; default all.</summary>
    [QueryValue("integer", Minimum = 1, Maximum = 10_000)]
    [FromQuery] public string? Limit { get; init; }

    /// <summary><c>nextCursor</c> of the page before.</summary>
    [FromQuery] public string? Cursor { get; init; }

    /// <summary>How many seconds old the answer may be, 0 to 3600; default 0: it is read after the request came.</summary>
    [QueryValue("integer", Default = "0", Minimum = 0, Maximum = PictureRules.OldestSeconds)]
    [FromQuery] public string? MaxAge { get; init; }

    /// <summary><c>json</c>, <c>ndjson</c>, <c>table</c> or <c>csv</c>; default by <c>Accept</c>.</summary>
    [QueryValue(Allowed = ["json", "ndjson", "table", "csv"])]
    [FromQuery] public string? Format { get; init; }

    /// <summary>What the text means; it is validated.</summary>
    public PictureRequest ToRequest()
    {
        var sort = Sort is null ? PictureSort.Default : PictureSort.TryParse(Sort, out var s) ? s : PictureSort.Default;
        PortFilter? port = null;
        PictureCursor? after = null;
        _ = Port is not null && PortFilter.TryParse(Port, out port);
        _ = Cursor is not null && PictureCursor.TryDecode(Cursor, out after);
        return new PictureRequest
        {
            Engines = Engine ?? [],
            All = Rules.ToBoolean(All),
            States = PictureRules.List(State),
            Healths = PictureRules.List(Health),
            Name = Name,
            Image = Image,
            Labels = Label ?? [],
            Network = Network,
            Port = port,
            Sections = PictureRules.Sections(Include, Fields),
            Sort = sort,
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
    [QueryValue("integer", Default = "0", Minimum = 0, Maximum = PictureRules.OldestSeconds)]
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
    [QueryValue("integer", Default = "0", Minimum = 0, Maximum = PictureRules.OldestSeconds)]
    [FromQuery] public string? MaxAge { get; init; }
}

internal sealed class ContainersQueryValidator : AbstractValidator<ContainersQuery>
{
    public ContainersQueryValidator()
    {
        RuleFor(q => q.All).Boolean();
        RuleFor(q => q.State).SomeOf(ContainerStates.All);
        RuleFor(q => q.Health).SomeOf("starting", "healthy", "unhealthy", "none");
        RuleFor(q => q.Name).Must(n => n is null || PictureRules.NamePart.IsMatch(n))
            .WithMessage("must be a part of a container's name: letters, digits, '_', '.' and '-'.");
        RuleFor(q => q.Image).Must(i => i is null || ImageReference.NamesAnImage(i))
            .WithMessage("must be an image's name or id.");
        RuleFor(q => q.Label).Must(l => l is null || l.All(v => v.Length is > 0 and <= 4096 && v[0] != '='))
            .WithMessage("must be key or key=value.");
        RuleFor(q => q.Network).ContainerReference()
            .WithMessage("must be a network's name or id: letters, digits, '_', '.' and '-', the first a letter or digit.");
        RuleFor(q => q.Port).Must(p => p is null || PortFilter.TryParse(p, out _))
            .WithMessage("must be a port from 1 to 65535, with /tcp, /udp or /sctp behind it for one protocol.");
        RuleFor(q => q.Include).Included();
        RuleFor(q => q.Fields).SomeOf(PictureFields.Names);
        RuleFor(q => q.Fields).Must((q, fields) => PictureRules.AreIncluded(q.Include, fields))
            .WithMessage("names fields of a section that include leaves out.");
        RuleFor(q => q.Sort).Must(s => s is null || PictureSort.TryParse(s, out _))
            .WithMessage($"must be one of {string.Join(", ", PictureFields.All.Select(f => f.Name))}, with '-' in front for descending.");
        RuleFor(q => q.Limit).Integer(1, 10_000);
        RuleFor(q => q.Cursor)
            .Must((q, c) => c is null || (PictureCursor.TryDecode(c, out var cursor) && cursor.Sort == q.ToRequest().Sort.ToString()))
            .WithMessage("must be the nextCursor of an answer with the same sort.");
        RuleFor(q => q.MaxAge).Integer(0, PictureRules.OldestSeconds);
        RuleFor(q => q.Format).OneOf(Formats.Names);
    }
}

internal sealed class ContainerQueryValidator : AbstractValidator<ContainerQuery>
{
    public ContainerQueryValidator()
    {
        RuleFor(q => q.Container).NotNull().ContainerReference();
        RuleFor(q => q.Include).Included();
        RuleFor(q => q.Fields).SomeOf(PictureFields.Names);
        RuleFor(q => q.Fields).Must((q, fields) => PictureRules.AreIncluded(q.Include, fields))
            .WithMessage("names fields of a section that include leaves out.");
        RuleFor(q => q.MaxAge).Integer(0, PictureRules.OldestSeconds);
        RuleFor(q => q.Format).OneOf(Formats.Names);
    }
}

internal sealed class ContainerSectionQueryValidator : AbstractValidator<ContainerSectionQuery>
{
    public ContainerSectionQueryValidator()
    {
        RuleFor(q => q.Container).NotNull().ContainerReference();
        RuleFor(q => q.MaxAge).Integer(0, PictureRules.OldestSeconds);
    }
}

/// <summary>What the queries of the picture have in common.</summary>
internal static partial class PictureRules
{
    public const int OldestSeconds = 3600;

    private static readonly IReadOnlyList<string> Includable = [.. PictureFields.Sections.Keys, "none"];

    /// <summary>Any part of a name; the engine's own may begin with each of its characters but the first.</summary>
    [GeneratedRegex(@"^[a-zA-Z0-9_.-]{1,255}\z", RegexOptions.CultureInvariant)]
    public static partial Regex NamePart { get; }

    public static IReadOnlyList<string> List(string? value) => value is null ? [] : value.Split(',', StringSplitOptions.TrimEntries);

    public static IRuleBuilderOptions<T, string?> Included<T>(this IRuleBuilder<T, string?> rule) =>
        rule.SomeOf(Includable)
            .Must(v => v is null || !List(v).Contains("none") || List(v).Count == 1)
            .WithMessage($"must be one or more of {string.Join(", ", PictureFields.Sections.Keys)}, separated by commas, or none alone.");

    /// <summary>What is to be read: what is included and, where fields are named, only what one of them needs.</summary>
    public static PictureSections Sections(string? include, string? fields)
    {
        var included = include is null ? PictureSections.All : Union(List(include));
        return fields is null ? included : included & Union(List(fields));
    }

    /// <summary>A client that leaves a section out and then asks for a part of it wants two things at once.</summary>
    public static bool AreIncluded(string? include, string? fields) =>
        include is null || fields is null || (Union(List(fields)) & ~Union(List(include))) == 0;

    private static PictureSections Union(IReadOnlyList<string> names) =>
        names.Aggregate(PictureSections.None, (sections, name) => sections | PictureFields.SectionOf(name));
}
