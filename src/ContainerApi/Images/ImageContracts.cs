using System.Text.Json.Serialization;

namespace ContainerApi.Images;

/// <summary>The images of the engines that were asked.</summary>
/// <param name="Items">Newest first, engine by engine.</param>
/// <param name="Engines">One entry for each engine that was asked; one that failed has no items above.</param>
/// <param name="Total">How many items there are.</param>
public sealed record ImageList(IReadOnlyList<ImageSummary> Items, IReadOnlyList<ImageListEngine> Engines, int Total);

/// <summary>How one engine took part in a list of images.</summary>
/// <param name="State"><c>ok</c>, <c>timeout</c>, <c>unavailable</c> or <c>error</c>.</param>
/// <param name="Images">How many it has that match; null where it failed.</param>
/// <param name="Error">Why it failed, else null.</param>
public sealed record ImageListEngine(string Name, string State, int? Images, string? Error);

/// <summary>An image as a list shows it.</summary>
public record ImageSummary
{
    /// <summary>Before what a record that derives from this one adds.</summary>
    private const int First = -1;

    /// <summary>The engine that has it.</summary>
    [JsonPropertyOrder(First)]
    public required string Engine { get; init; }

    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    [JsonPropertyOrder(First)]
    public required string Id { get; init; }

    /// <summary>The first 12 hex digits.</summary>
    [JsonPropertyOrder(First)]
    public required string ShortId { get; init; }

    /// <summary>Its names, as in <c>busybox:latest</c>; none for a dangling image.</summary>
    [JsonPropertyOrder(First)]
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Its names by digest, for what came from or went to a registry.</summary>
    [JsonPropertyOrder(First)]
    public required IReadOnlyList<string> Digests { get; init; }

    /// <summary>When it was made; null where the image does not say.</summary>
    [JsonPropertyOrder(First)]
    public required DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Bytes on the engine's disk, layers shared with other images included.</summary>
    [JsonPropertyOrder(First)]
    public required long SizeBytes { get; init; }

    /// <summary>Its labels.</summary>
    [JsonPropertyOrder(First)]
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>How many containers, running or not, were made from it; null where the engine could not tell.</summary>
    [JsonPropertyOrder(First)]
    public required int? Containers { get; init; }
}

/// <summary>An image in full.</summary>
public sealed record ImageInspection : ImageSummary
{
    /// <summary>The note its maker left.</summary>
    public required string? Comment { get; init; }

    /// <summary>Its maker.</summary>
    public required string? Author { get; init; }

    /// <summary>As in <c>linux</c>.</summary>
    public required string? Os { get; init; }

    /// <summary>As in <c>amd64</c>.</summary>
    public required string? Architecture { get; init; }

    /// <summary>Of the architecture, as in <c>v8</c>.</summary>
    public required string? Variant { get; init; }

    /// <summary>What its containers run, or the entrypoint's arguments.</summary>
    public required IReadOnlyList<string>? Command { get; init; }

    /// <summary>What its containers run in front of the command.</summary>
    public required IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>Environment variables as <c>NAME=value</c>.</summary>
    public required IReadOnlyList<string> Environment { get; init; }

    /// <summary>Ports it says it listens on, as in <c>80/tcp</c>.</summary>
    public required IReadOnlyList<string> ExposedPorts { get; init; }

    /// <summary>Paths that become volumes.</summary>
    public required IReadOnlyList<string> Volumes { get; init; }

    /// <summary>Where its command starts.</summary>
    public required string? WorkingDirectory { get; init; }

    /// <summary>Who runs its command; null is root.</summary>
    public required string? User { get; init; }

    /// <summary>Digests of its layers, the lowest first.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>How it came to be, the newest step first.</summary>
    public required IReadOnlyList<ImageHistoryEntry> History { get; init; }
}

/// <summary>One step of an image's history.</summary>
/// <param name="Id">The image as it was after this step; null where the engine does not have it.</param>
/// <param name="CreatedAt">When; null where the image does not say.</param>
/// <param name="CreatedBy">The command that made it.</param>
/// <param name="Tags">Names of that image.</param>
/// <param name="SizeBytes">What the step added.</param>
/// <param name="Comment">The note its maker left.</param>
public sealed record ImageHistoryEntry(
    string? Id, DateTimeOffset? CreatedAt, string CreatedBy, IReadOnlyList<string> Tags, long SizeBytes, string? Comment);

/// <summary>What the removal of an image did.</summary>
/// <param name="Untagged">Names that were taken off.</param>
/// <param name="Deleted">Ids of images and layers that are gone; none while another name still holds them.</param>
public sealed record ImageRemoval(IReadOnlyList<string> Untagged, IReadOnlyList<string> Deleted);

/// <summary>An image that got a name.</summary>
/// <param name="Id"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="Tags">All its names now.</param>
public sealed record TaggedImage(string Id, IReadOnlyList<string> Tags);

/// <summary>An image that was made from a container.</summary>
/// <param name="Id"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="Tags">Its names; none where none was asked for.</param>
/// <param name="Container">The container's full id.</param>
/// <param name="CreatedAt">When it was made, by the engine's clock.</param>
public sealed record CommittedImage(string Id, IReadOnlyList<string> Tags, string Container, DateTimeOffset? CreatedAt);

/// <summary>The changed files and the current configuration of a container, as a preview of its commit.</summary>
/// <param name="Container">The container's full id.</param>
/// <param name="Tag">The name that the image would get; the default tag is <c>latest</c>. Null if the request has no tag.</param>
/// <param name="Changes">Paths that differ from the container's image, at most 10,000.</param>
/// <param name="ChangesCut">Whether <c>changes</c> is truncated.</param>
/// <param name="Command">The container's current command, or the arguments of its entrypoint; the request's <c>changes</c> are not applied.</param>
/// <param name="Entrypoint">The container's current entrypoint.</param>
/// <param name="Environment">The container's current environment variables as <c>NAME=value</c>.</param>
/// <param name="User">The container's current user; null is root.</param>
/// <param name="WorkingDirectory">The container's current working directory.</param>
public sealed record CommitDryRun(
    string Container, string? Tag, IReadOnlyList<CommitChange> Changes, bool ChangesCut, IReadOnlyList<string>? Command,
    IReadOnlyList<string>? Entrypoint, IReadOnlyList<string> Environment, string? User, string? WorkingDirectory);

/// <summary>A path that a container changed.</summary>
/// <param name="Path">Absolute, in the container.</param>
/// <param name="Kind"><c>added</c>, <c>modified</c> or <c>deleted</c>.</param>
public sealed record CommitChange(string Path, string Kind);
