using System.Text.Json.Serialization;
using ContainerApi.Api.Lists;

namespace ContainerApi.Images;

/// <summary>The images of one or more engines.</summary>
/// <param name="Items">The images of this page, in the order of <c>sort</c>.</param>
/// <param name="Engines">One entry for each requested engine. An engine that failed has no items.</param>
/// <param name="Total">The number of matching images on all pages.</param>
/// <param name="NextCursor">The value of <c>cursor</c> for the next page; null on the last page.</param>
/// <param name="Complete">Whether every engine answered.</param>
public sealed record ImageList(
    IReadOnlyList<ImageSummary> Items, IReadOnlyList<ImageListEngine> Engines, int Total, [property: JsonRequired] string? NextCursor, bool Complete)
    : IListDocument;

/// <summary>The state of one engine in a list of images.</summary>
/// <param name="Name">The engine's name.</param>
/// <param name="State"><c>ok</c>, <c>timeout</c>, <c>unavailable</c> or <c>error</c>.</param>
/// <param name="Images">The number of matching images; null if the engine failed.</param>
/// <param name="Error">Why the engine did not answer; null where it did.</param>
/// <param name="Since">When its replica was first found not to answer; null while the replica answers.</param>
public sealed record ImageListEngine(string Name, string State, int? Images, ErrorInfo? Error, DateTimeOffset? Since = null) : IListEngine;

/// <summary>An image in a list.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="Id"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="ShortId">The first 12 hex digits.</param>
/// <param name="Tags">The names, as in <c>busybox:latest</c>; empty for a dangling image.</param>
/// <param name="Digests">The names with a digest, for an image that was pulled or pushed.</param>
/// <param name="CreatedAt">The creation time; null if the image does not say.</param>
/// <param name="SizeBytes">Bytes on the engine's disk, including layers that other images share.</param>
/// <param name="Labels">The labels.</param>
/// <param name="Containers">The number of containers, running or not, that use the image; null if the engine could not list them.</param>
public record ImageSummary(
    [property: JsonPropertyOrder(ImageSummary.First)] string Engine,
    [property: JsonPropertyOrder(ImageSummary.First)] string Id,
    [property: JsonPropertyOrder(ImageSummary.First)] string ShortId,
    [property: JsonPropertyOrder(ImageSummary.First)] IReadOnlyList<string> Tags,
    [property: JsonPropertyOrder(ImageSummary.First)] IReadOnlyList<string> Digests,
    [property: JsonPropertyOrder(ImageSummary.First), JsonRequired] DateTimeOffset? CreatedAt,
    [property: JsonPropertyOrder(ImageSummary.First)] long SizeBytes,
    [property: JsonPropertyOrder(ImageSummary.First)] IReadOnlyDictionary<string, string> Labels,
    [property: JsonPropertyOrder(ImageSummary.First), JsonRequired] int? Containers) : IRow<ImageSummary>
{
    static ColumnSet<ImageSummary> IRow<ImageSummary>.Columns => ImageColumns.Set;

    /// <summary>For each name, whether its registry has another image. Only with <c>include=update</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ImageUpdate>? Updates { get; init; }

    /// <summary>Before the fields of a derived record.</summary>
    private const int First = -1;
}

/// <summary>All information about an image.</summary>
/// <param name="Comment">The comment of the image's author.</param>
/// <param name="Author">The author.</param>
/// <param name="Os">The operating system, as in <c>linux</c>.</param>
/// <param name="Architecture">The architecture, as in <c>amd64</c>.</param>
/// <param name="Variant">The variant of the architecture, as in <c>v8</c>.</param>
/// <param name="Command">The default command, or the arguments of the entrypoint.</param>
/// <param name="Entrypoint">The entrypoint.</param>
/// <param name="Environment">The environment variables by name.</param>
/// <param name="ExposedPorts">The exposed ports, as in <c>80/tcp</c>.</param>
/// <param name="Volumes">The paths of volumes.</param>
/// <param name="WorkingDirectory">The working directory of the command.</param>
/// <param name="User">The user of the command; null is root.</param>
/// <param name="Layers">The digests of the layers, from the lowest.</param>
/// <param name="History">The build steps, newest first.</param>
/// <param name="Digest">The digest of the manifest or the index; null if the engine has none or does not say.</param>
/// <param name="Platforms">The platforms that the engine has the image for, as in <c>linux/amd64</c>; null if the engine does not say.</param>
/// <param name="Attestations">
/// The digests of the manifests with attestations (provenance, SBOM), by platform; null if the engine does not say.
/// </param>
public sealed record ImageInspection(
    string Engine, string Id, string ShortId, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, DateTimeOffset? CreatedAt,
    long SizeBytes, IReadOnlyDictionary<string, string> Labels, int? Containers,
    [property: JsonRequired] string? Comment, [property: JsonRequired] string? Author, [property: JsonRequired] string? Os,
    [property: JsonRequired] string? Architecture, [property: JsonRequired] string? Variant, [property: JsonRequired] IReadOnlyList<string>? Command,
    [property: JsonRequired] IReadOnlyList<string>? Entrypoint, IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<string> ExposedPorts, IReadOnlyList<string> Volumes, [property: JsonRequired] string? WorkingDirectory,
    [property: JsonRequired] string? User,
    IReadOnlyList<string> Layers, IReadOnlyList<ImageHistoryEntry> History,
    [property: JsonRequired] string? Digest, [property: JsonRequired] IReadOnlyList<string>? Platforms,
    [property: JsonRequired] IReadOnlyDictionary<string, string>? Attestations)
    : ImageSummary(Engine, Id, ShortId, Tags, Digests, CreatedAt, SizeBytes, Labels, Containers);

/// <summary>One step of an image's history.</summary>
/// <param name="Id">The image after this step; null if the engine does not have it.</param>
/// <param name="CreatedAt">The time of the step; null if the image does not say.</param>
/// <param name="CreatedBy">The command of the step.</param>
/// <param name="Tags">The names of the image after this step.</param>
/// <param name="SizeBytes">The bytes that the step added.</param>
/// <param name="Comment">The comment of the step.</param>
public sealed record ImageHistoryEntry(
    string? Id, DateTimeOffset? CreatedAt, string CreatedBy, IReadOnlyList<string> Tags, long SizeBytes, string? Comment);

/// <summary>The result of removing an image.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="Untagged">The removed names.</param>
/// <param name="Deleted">The ids of the removed images and layers; empty if the image has another name.</param>
public sealed record ImageRemoval(string Engine, IReadOnlyList<string> Untagged, IReadOnlyList<string> Deleted);

/// <summary>An image with a new name.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="Id"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="Tags">All names of the image.</param>
public sealed record TaggedImage(string Engine, string Id, IReadOnlyList<string> Tags);

/// <summary>An image that was created from a container, or with <c>dryRun</c> would be.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="Id"><c>sha256:</c> and 64 hex digits; null with <c>dryRun</c>.</param>
/// <param name="Tags">The names, with <c>latest</c> as the default tag; empty if the request has no tag.</param>
/// <param name="Container">The container's full id.</param>
/// <param name="CreatedAt">The creation time by the engine's clock; null with <c>dryRun</c>.</param>
/// <param name="Preview">What a commit would take from the container, with <c>dryRun</c>; else null.</param>
public sealed record CommittedImage(
    string Engine, string? Id, IReadOnlyList<string> Tags, string Container, DateTimeOffset? CreatedAt, CommitPreview? Preview);

/// <summary>The changed files and the current configuration of a container.</summary>
/// <param name="Changes">Paths that differ from the container's image, at most 10,000.</param>
/// <param name="ChangesCut">Whether <c>changes</c> is truncated.</param>
/// <param name="Command">The container's current command, or the arguments of its entrypoint; the request's <c>changes</c> are not applied.</param>
/// <param name="Entrypoint">The container's current entrypoint.</param>
/// <param name="Environment">The container's current environment variables by name.</param>
/// <param name="User">The container's current user; null is root.</param>
/// <param name="WorkingDirectory">The container's current working directory.</param>
public sealed record CommitPreview(
    IReadOnlyList<CommitChange> Changes, bool ChangesCut, IReadOnlyList<string>? Command, IReadOnlyList<string>? Entrypoint,
    IReadOnlyDictionary<string, string> Environment, string? User, string? WorkingDirectory);

/// <summary>A path that a container changed.</summary>
/// <param name="Path">Absolute, in the container.</param>
/// <param name="Kind"><c>added</c>, <c>modified</c> or <c>deleted</c>.</param>
public sealed record CommitChange(string Path, string Kind);
