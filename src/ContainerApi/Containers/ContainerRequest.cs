using ContainerApi.Api.Lists;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>The parts of a container that are read container by container.</summary>
[Flags]
internal enum ContainerSections
{
    None = 0,
    Processes = 1,
    Network = 2,
    Usage = 4,
    Details = 8,
    Size = 16,

    /// <summary>The sections of a list that does not name any. The others cost the engine an inspect of each container.</summary>
    Default = Processes | Network | Usage,
    All = Default | Details | Size,
}

/// <summary>What one collection reads: the containers, their sections, the order and the page.</summary>
internal sealed record ContainerRequest(ContainerSelection Selection, ContainerSections Sections)
{
    /// <summary>Newest first by default, as <c>docker ps</c>.</summary>
    public ListSort<ContainerRow> Sort { get; init; } = new(ContainerColumns.Set.Find("createdAt")!, Descending: true);
    public int? Limit { get; init; }
    public PagePosition? After { get; init; }

    /// <summary>The sections of the rows, and the one that they are ordered by.</summary>
    public ContainerSections ReadSections => Sections | ((ContainerColumn)Sort.Field).Section;

    /// <summary>Equal for requests that can share a collection.</summary>
    public string Key() => string.Create(
        CultureInfo.InvariantCulture, $"{Selection.Key()};{Sections};{Sort};{Limit};{JsonSerializer.Serialize(After)}");
}
