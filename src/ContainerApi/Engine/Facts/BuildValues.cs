namespace ContainerApi.Engine.Facts;

/// <summary>
/// A source of cached steps: an image, as in <c>app:v1</c>, or in the form of Docker's command line <c>type=registry,ref=app:v1</c>.
/// </summary>
internal sealed record CacheSource(ImageNameOrId Image) : IParameterValue<CacheSource>
{
    public static string Expected => "must be an image's name or id, as in app:v1, or type=registry,ref=app:v1.";

    public static bool TryParse(string text, [NotNullWhen(true)] out CacheSource? value)
    {
        value = null;
        if (!text.StartsWith("type=", StringComparison.Ordinal))
        {
            value = ImageNameOrId.TryParse(text, out var image) ? new CacheSource(image) : null;
        }
        else if (BuildAttributes.Parse(text) is { Count: 2 } given && given["type"] == "registry")
        {
            value = ImageReference.TryParse(given.GetValueOrDefault("ref"), out var reference) ? new CacheSource(reference.ToNameOrId()) : null;
        }

        return value is not null;
    }
}

/// <summary>Where a build writes its cache: into the image (<c>type=inline</c>), or to a registry.</summary>
/// <param name="Registry">The image in the registry; null for <c>type=inline</c>.</param>
/// <param name="IsMax">Whether the cache has the steps of all stages; otherwise it has those of the result.</param>
internal sealed record CacheTarget(ImageReference? Registry, bool IsMax = false) : IParameterValue<CacheTarget>
{
    public static string Expected => "must be type=inline, or type=registry,ref=app:cache with mode=min or mode=max.";

    public static bool TryParse(string text, [NotNullWhen(true)] out CacheTarget? value)
    {
        var given = BuildAttributes.Parse(text) ?? [];
        var mode = given.GetValueOrDefault("mode");
        value = null;
        if (given.GetValueOrDefault("type") == "inline" && given.Count == 1)
        {
            value = new CacheTarget(Registry: null);
        }
        else if (given.GetValueOrDefault("type") == "registry" && mode is (null or "min" or "max")
            && given.Keys.All(key => key is "type" or "ref" or "mode"))
        {
            value = ImageReference.TryParse(given.GetValueOrDefault("ref"), out var registry) ? new CacheTarget(registry, mode == "max") : null;
        }

        return value is not null;
    }
}

/// <summary>A limit of the processes of <c>RUN</c> steps, <c>nofile=1024:2048</c>; -1 is no limit.</summary>
internal sealed partial record StepUlimit(string Name, long Soft, long Hard) : IParameterValue<StepUlimit>
{
    public static string Expected =>
        "must be name=soft or name=soft:hard, as in nofile=1024:2048. The soft limit is at most the hard one; -1 is no limit.";

    public static bool TryParse(string text, [NotNullWhen(true)] out StepUlimit? value)
    {
        value = null;
        if (Grammar.Match(text) is { Success: true } match && long.TryParse(match.Groups["soft"].Value, CultureInfo.InvariantCulture, out var soft))
        {
            var hard = !match.Groups["hard"].Success ? soft
                : long.TryParse(match.Groups["hard"].Value, CultureInfo.InvariantCulture, out var given) ? given
                : (long?)null;
            value = hard is { } limit && (limit == -1 || (soft != -1 && soft <= limit))
                ? new StepUlimit(match.Groups["name"].Value, soft, limit)
                : null;
        }

        return value is not null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}={Soft}:{Hard}");

    [GeneratedRegex(
        "^(?<name>core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack)"
        + @"=(?<soft>-1|[0-9]{1,19})(?::(?<hard>-1|[0-9]{1,19}))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Grammar { get; }
}

/// <summary>The provenance attestation that BuildKit adds to an image.</summary>
internal enum Provenance
{
    None,
    Min,
    Max,
}

/// <summary>What a build makes: an image in the engine, or a file for its client.</summary>
internal enum BuildOutput
{
    Image,

    /// <summary>The file system of the result, as a tar archive.</summary>
    Tar,

    /// <summary>An image in the layout of the Open Container Initiative, as a tar archive.</summary>
    Oci,
}

internal static class BuildAttributes
{
    /// <summary>Parses <c>name=value,name=value</c>; null if a name is missing or is given twice.</summary>
    public static Dictionary<string, string>? Parse(string text)
    {
        var pairs = text.Split(',').Select(part => part.Split('=', 2)).ToList();
        return pairs.All(pair => pair.Length == 2) && pairs.DistinctBy(pair => pair[0]).Count() == pairs.Count
            ? pairs.ToDictionary(pair => pair[0], pair => pair[1])
            : null;
    }
}
