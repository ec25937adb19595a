namespace ContainerApi.Access;

/// <summary>What a caller may do. Every endpoint needs one; who asks without a key where none is needed has all.</summary>
internal static class Scopes
{
    public const string ContainersRead = "containers:read";
    public const string ContainersWrite = "containers:write";
    public const string ImagesRead = "images:read";
    public const string ImagesWrite = "images:write";
    public const string BuildsRead = "builds:read";
    public const string BuildsWrite = "builds:write";
    public const string EnginesRead = "engines:read";
    public const string MetricsRead = "metrics:read";

    /// <summary>To see values of the environment, and what the mask patterns hide. No endpoint needs it.</summary>
    public const string ContainersSecrets = "containers:secrets";

    public static readonly IReadOnlyList<string> All =
    [
        ContainersRead, ContainersWrite, ContainersSecrets, ImagesRead, ImagesWrite, BuildsRead, BuildsWrite, EnginesRead, MetricsRead,
    ];

    /// <summary>Whether what needs this scope changes something.</summary>
    public static bool Changes(string scope) => scope.EndsWith(":write", StringComparison.Ordinal);
}
