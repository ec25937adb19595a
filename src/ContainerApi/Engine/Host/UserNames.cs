using System.Globalization;

namespace ContainerApi.Engine.Host;

/// <summary>
/// Names of the host's users, as the <c>ps</c> that the engine runs there shows them. Read again when the file changes.
/// </summary>
internal sealed class UserNames(string procRoot)
{
    /// <summary>
    /// The root of the host's first process where we may look there (it takes the right to trace), else the directory
    /// that the tree of processes is mounted in: <c>/host/etc/passwd</c> beside <c>/host/proc</c>, our own beside <c>/proc</c>,
    /// and again <c>/host</c> where <c>/proc</c> is the host's but our root is a container's.
    /// </summary>
    private readonly string[] _paths = procRoot == "/proc" && !HasHostsRoot()
        ? ["/proc/1/root/etc/passwd", "/host/etc/passwd"]
        : [$"{procRoot}/1/root/etc/passwd", Path.GetDirectoryName(procRoot)!.TrimEnd('/') + "/etc/passwd"];

    private readonly Dictionary<uint, string> _numbers = [];
    private Dictionary<uint, string> _names = [];
    private (string? Path, DateTime ChangedAt) _read;

    /// <summary>The name, or the number where it has none.</summary>
    public string this[uint user] => _names.GetValueOrDefault(user) ?? Number(user);

    /// <summary>Takes note of a changed file; once before every pass.</summary>
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
                // Not there, or not ours to read: the next.
            }
        }
    }

    /// <summary>In a container that sees the host's processes our own users are still not the host's: the root filesystems tell.</summary>
    private static bool HasHostsRoot()
    {
        try
        {
            return KernelText.RootDevice(File.ReadAllText("/proc/1/mountinfo")) is { } device
                && device == KernelText.RootDevice(File.ReadAllText("/proc/self/mountinfo"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string Number(uint user)
    {
        if (!_numbers.TryGetValue(user, out var number))
        {
            _numbers[user] = number = user.ToString(CultureInfo.InvariantCulture);
        }

        return number;
    }
}
