namespace ContainerApi.Engine.Host;

/// <summary>User names of the host, as shown by the <c>ps</c> that the engine runs there. Read again when the file changes.</summary>
internal sealed class UserNames(string procRoot)
{
    /// <summary>
    /// The root of process 1 if it may be read (this requires the right to trace), else the directory that contains the process
    /// tree: <c>/host/etc/passwd</c> beside <c>/host/proc</c>, <c>/etc/passwd</c> beside <c>/proc</c>, and <c>/host</c> again if
    /// <c>/proc</c> is the host's but the service's root is a container's.
    /// </summary>
    private readonly string[] _paths = procRoot == "/proc" && !HasHostsRoot()
        ? ["/proc/1/root/etc/passwd", "/host/etc/passwd"]
        : [$"{procRoot}/1/root/etc/passwd", Path.GetDirectoryName(procRoot)!.TrimEnd('/') + "/etc/passwd"];

    private readonly Dictionary<uint, string> _numbers = [];
    private Dictionary<uint, string> _names = [];
    private (string? Path, DateTime ChangedAt) _read;

    /// <summary>Returns the name, or the id if it has none.</summary>
    public string this[uint user] => _names.GetValueOrDefault(user) ?? Number(user);

    /// <summary>Reads a changed file; called once before each collection.</summary>
    public void Refresh()
    {
        foreach (var path in _paths)
        {
            try
            {
                var changedAt = File.GetLastWriteTimeUtc(path);
                if (_read != (path, changedAt))
                {
                    _names = KernelText.Users(File.ReadAllText(path));
                    _read = (path, changedAt);
                }

                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Missing or not readable: try the next.
            }
        }
    }

    /// <summary>In a container with the host's processes the users are still the container's; the root file systems show the difference.</summary>
    private static bool HasHostsRoot() => KernelText.RootDevice(KernelFile.ReadText("/proc/1/mountinfo")) is { } device
        && device == KernelText.RootDevice(KernelFile.ReadText("/proc/self/mountinfo"));

    private string Number(uint user)
    {
        if (!_numbers.TryGetValue(user, out var number))
        {
            _numbers[user] = number = user.ToString(CultureInfo.InvariantCulture);
        }

        return number;
    }
}
