namespace ContainerApi.Hosting;

/// <summary>
/// Keeps open connections below the process's limit of file descriptors (RLIMIT_NOFILE, getrlimit(2)). A process without a free
/// descriptor cannot accept connections, open files or reach an engine.
/// </summary>
internal static class FileDescriptors
{
    /// <summary>What the service opens after its start: assemblies (.NET holds each one open), the store, watches of engines, builds.
    /// 120 were measured.</summary>
    private const int Reserve = 160;

    /// <summary>A request holds its own connection and one to an engine.</summary>
    private const int PerConnection = 2;

    private const int MinConnections = 8;

    /// <summary>.NET opens 270 files until the service listens, and ends the process with a stack trace when it cannot.</summary>
    private const int MinLimit = 512;

    private const string OpenDirectory = "/proc/self/fd";

    /// <summary>Returns the number of connections that the limit allows, at most <paramref name="configured"/>.</summary>
    /// <param name="limit">The limit of file descriptors; null for an unknown or unlimited one.</param>
    /// <param name="open">The number of open descriptors.</param>
    public static int Clamp(int configured, long? limit, int open) => limit is { } descriptors
        ? (int)Math.Min(configured, Math.Max(MinConnections, (descriptors - open - Reserve) / PerConnection))
        : configured;

    /// <summary>Returns why a service with this limit cannot start; null if it can.</summary>
    public static string? FindShortage(long? limit) => limit < MinLimit
        ? $"RLIMIT_NOFILE is {limit}, but the service needs {MinLimit} open files. Raise it with `ulimit -n`, `LimitNOFILE=` (systemd) or "
            + "`--ulimit nofile=` (Docker)."
        : null;

    /// <summary>Returns the number of open descriptors; 0 if it is unknown.</summary>
    public static int CountOpen() => Directory.Exists(OpenDirectory) ? Directory.EnumerateFileSystemEntries(OpenDirectory).Count() : 0;

    /// <summary>Reads the soft limit from <c>/proc/self/limits</c> (proc_pid_limits(5)); null if it is unknown or unlimited.</summary>
    public static long? ReadLimit()
    {
        try
        {
            return ParseLimit(File.ReadLines("/proc/self/limits"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static long? ParseLimit(IEnumerable<string> lines)
    {
        const string Name = "Max open files";
        var line = lines.FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal));
        var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }
}

/// <summary>The number of connections: <c>Limits:Connections</c>, or what the process has file descriptors for.</summary>
internal sealed partial class ConnectionLimit
{
    public ConnectionLimit(LimitOptions options, ILogger<ConnectionLimit> logger)
    {
        var descriptors = FileDescriptors.ReadLimit();
        Max = FileDescriptors.Clamp(options.Connections, descriptors, FileDescriptors.CountOpen());
        // Half of a common limit of 20,000 is a few below the default: nothing to warn about.
        if (Max < options.Connections && Max < FewConnections)
        {
            Log.Clamped(logger, options.Connections, descriptors!.Value, Max);
        }
    }

    private const int FewConnections = 2000;

    public int Max { get; }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "Limits:Connections is {Configured}, but RLIMIT_NOFILE is {Limit}; the service accepts {Connections} connections")]
        public static partial void Clamped(ILogger logger, int configured, long limit, int connections);
    }
}
