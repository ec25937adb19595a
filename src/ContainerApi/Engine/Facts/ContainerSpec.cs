namespace ContainerApi.Engine.Facts;

/// <summary>The parameters of a new container.</summary>
internal sealed record ContainerSpec
{
    public required ImageNameOrId Image { get; init; }
    public string? Name { get; init; }

    /// <summary>Null keeps the image's own command.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Null keeps the image's own; one empty string removes it.</summary>
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public string? User { get; init; }
    public string? WorkingDirectory { get; init; }
    public string? Hostname { get; init; }
    public RestartPolicy? Restart { get; init; }
    public long? MemoryBytes { get; init; }
    public decimal? Cpus { get; init; }
    public int? PidsLimit { get; init; }
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<PublishedPort> Ports { get; init; } = [];
    public string? NetworkMode { get; init; }
}

/// <summary>A port to publish: on all host addresses without a host address, on a free port without a host port.</summary>
/// <param name="LastHostPort">The end of a range that the engine takes a free port from; null for <paramref name="HostPort"/> itself.</param>
internal sealed record PublishedPort(int ContainerPort, string Protocol, string? HostIp, int? HostPort, int? LastHostPort = null);

/// <summary>When the engine starts a container again.</summary>
/// <param name="Name"><c>no</c>, <c>always</c>, <c>unless-stopped</c> or <c>on-failure</c>.</param>
/// <param name="MaxRetries">For <c>on-failure</c>; null is without a limit.</param>
internal sealed partial record RestartPolicy(string Name, int? MaxRetries) : IParameterValue<RestartPolicy>
{
    public static string Expected => "must be no, always, unless-stopped, on-failure, or on-failure:N with at most N retries.";

    public static bool TryParse(string text, [NotNullWhen(true)] out RestartPolicy? value)
    {
        value = Form.Match(text.ToLowerInvariant()) is { Success: true } match
            ? new RestartPolicy(
                match.Groups["name"].Value, match.Groups["max"] is { Success: true } max ? int.Parse(max.Value, CultureInfo.InvariantCulture) : null)
            : null;
        return value is not null;
    }

    public override string ToString() => MaxRetries is { } max ? string.Create(CultureInfo.InvariantCulture, $"{Name}:{max}") : Name;

    [GeneratedRegex(@"^(?:(?<name>no|always|unless-stopped|on-failure)|(?<name>on-failure):(?<max>[1-9][0-9]{0,8}))\z")]
    private static partial Regex Form { get; }
}

internal sealed record CreatedContainer(string Id, IReadOnlyList<string> Warnings);

/// <summary>The parameters of a commit. Engine 20.10 leaves an image without a name if it rejects the tag.</summary>
/// <param name="Container">The full id.</param>
internal sealed record CommitSpec(string Container, ImageName? Tag, string? Comment, string? Author, bool Pause, IReadOnlyList<string> Changes);
