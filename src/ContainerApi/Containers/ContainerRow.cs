using ContainerApi.Api.Lists;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>One collected container: the facts of its engine and the sections that were read. Its contract is <see cref="Container"/>.</summary>
internal sealed record ContainerRow(string Engine, ContainerFacts Facts) : IRow<ContainerRow>
{
    public static ColumnSet<ContainerRow> Columns => ContainerColumns.Set;

    public ProcessesSection? Processes { get; init; }
    public NetworkSection? Network { get; init; }
    public UsageSection? Usage { get; init; }
    public DetailsSection? Details { get; init; }
    public SizeSection? Size { get; init; }

    /// <summary>Equal for containers of one engine that share a network namespace; null where the network was not read.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>Processes that the kernel killed at the memory limit; null where it is unknown or was not read.</summary>
    public long? OomKills { get; init; }

    /// <summary>The last start: of the details, else of the first process, whose parent is outside the container.</summary>
    public DateTimeOffset? StartedAt => Details?.StartedAt ?? Processes?.Items?.Min(p => p.StartedAt);

    public string Id => Facts.Id;

    public string ShortId => new ShortId(Facts.Id).ToString();

    public bool Has(ContainerSections section) => section switch
    {
        ContainerSections.Processes => Processes is not null,
        ContainerSections.Network => Network is not null,
        ContainerSections.Usage => Usage is not null,
        ContainerSections.Details => Details is not null,
        ContainerSections.Size => Size is not null,
        _ => true,
    };

    private ContainerSections Sections =>
        (Processes is null ? 0 : ContainerSections.Processes) | (Network is null ? 0 : ContainerSections.Network)
        | (Usage is null ? 0 : ContainerSections.Usage) | (Details is null ? 0 : ContainerSections.Details)
        | (Size is null ? 0 : ContainerSections.Size);

    /// <summary>Without other sections than these.</summary>
    public ContainerRow Only(ContainerSections sections) => (Sections & ~sections) == ContainerSections.None ? this : this with
    {
        Processes = sections.HasFlag(ContainerSections.Processes) ? Processes : null,
        Network = sections.HasFlag(ContainerSections.Network) ? Network : null,
        Usage = sections.HasFlag(ContainerSections.Usage) ? Usage : null,
        Details = sections.HasFlag(ContainerSections.Details) ? Details : null,
        Size = sections.HasFlag(ContainerSections.Size) ? Size : null,
    };
}

/// <summary>What one collection found: the rows of a page, the state of every asked engine, and the number of matching containers.</summary>
internal sealed record ContainerCollection(
    IReadOnlyList<ContainerRow> Rows, IReadOnlyList<EngineReport> Engines, int Total, PagePosition? NextPage)
{
    public static readonly ContainerCollection Empty = new([], [], 0, null);

    /// <summary>The text of <see cref="NextPage"/> for the caller; null on the last page.</summary>
    public string? NextCursor { get; init; }

    /// <summary>Whether every engine answered.</summary>
    public bool IsComplete => Engines.All(e => e.Error is null);

    public ListPage<ContainerRow> ToPage() => new(Rows, Engines, Total, NextCursor, IsComplete);
}
