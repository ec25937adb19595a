namespace ContainerApi.Engine.Facts;

/// <summary>The parameters of a new container.</summary>
internal sealed record ContainerSpec
{
    public required ImageNameOrId Image { get; init; }
    public string? Name { get; init; }

    /// <summary>Null keeps the image's own command.</summary>
    public IReadOnlyList<string>? Command { get; init; }
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<PublishedPort> Ports { get; init; } = [];
    public string? NetworkMode { get; init; }
}

/// <summary>A port to publish: on all host addresses without a host address, on a free port without a host port.</summary>
internal sealed record PublishedPort(int ContainerPort, string Protocol, string? HostIp, int? HostPort);

internal sealed record CreatedContainer(string Id, IReadOnlyList<string> Warnings);

/// <summary>The parameters of a commit. Engine 20.10 leaves an image without a name if it rejects the tag.</summary>
/// <param name="Container">The full id.</param>
internal sealed record CommitSpec(string Container, ImageName? Tag, string? Comment, string? Author, bool Pause, IReadOnlyList<string> Changes);
