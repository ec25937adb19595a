namespace ContainerApi.Access;

/// <summary>Permissions of a caller. Every endpoint requires one; an anonymous caller has all.</summary>
internal static class Scopes
{
    public const string ContainersRead = "containers:read";
    public const string ContainersWrite = "containers:write";
    public const string ImagesRead = "images:read";
    public const string ImagesWrite = "images:write";
    public const string BuildsRead = "builds:read";
    public const string BuildsWrite = "builds:write";
    public const string LogsRead = "logs:read";
    public const string EnginesRead = "engines:read";
    public const string MetricsRead = "metrics:read";

    /// <summary>Shows environment values and redacted text, and archives of images. No endpoint requires it alone.</summary>
    public const string ContainersSecrets = "containers:secrets";

    public static readonly IReadOnlyList<string> All =
    [
        ContainersRead, ContainersWrite, ContainersSecrets, LogsRead, ImagesRead, ImagesWrite, BuildsRead, BuildsWrite, EnginesRead, MetricsRead,
    ];

    /// <summary>Whether the scope permits changes.</summary>
    public static bool Changes(string scope) => scope.EndsWith(":write", StringComparison.Ordinal);
}
