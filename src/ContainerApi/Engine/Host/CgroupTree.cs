namespace ContainerApi.Engine.Host;

/// <summary>
/// Finds the cgroups of containers by id. An engine keeps all its cgroups in one place, so the first one shows where the
/// others are. Only a container outside the known places needs a search of the whole tree.
/// </summary>
internal sealed class CgroupTree(string root, TimeProvider time) : IDisposable
{
    /// <summary>How many containers keep their seven files open; the files of further ones are opened in every collection.</summary>
    private const int MaxKeptOpen = 128;

    private const int MaxSearchDepth = 12;
    private const int MaxSearchedDirectories = 20_000;

    /// <summary>The minimum time between two searches that find nothing.</summary>
    private static readonly TimeSpan SearchInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan UnusedTimeout = TimeSpan.FromMinutes(1);

    /// <summary>The cgroup v1 hierarchies that list a container's processes; the engine itself uses the first.</summary>
    private static readonly string[] Memberships = ["devices", "pids", "memory", "cpuacct", "cpu,cpuacct", "freezer", "systemd"];

    private readonly Dictionary<string, ContainerCgroup> _known = [];

    /// <summary>The known places of containers, as the text before and after the id.</summary>
    private readonly List<(string Before, string After)> _places = [("docker/", ""), ("system.slice/docker-", ".scope")];

    private long _nextSearch = long.MinValue;
    private string? _members;
    private bool _unified;

    /// <summary>Returns the cgroup of a container, or null if this tree does not contain it.</summary>
    public ContainerCgroup? Find(string id, HashSet<string> wanted)
    {
        var cgroup = _known.GetValueOrDefault(id) ?? FindInKnownPlaces(id);
        if (cgroup is null && time.GetTimestamp() >= _nextSearch)
        {
            // This search also finds the other wanted containers outside the known places.
            _nextSearch = Search(wanted) ? long.MinValue : time.GetTimestamp() + (long)(SearchInterval.TotalSeconds * time.TimestampFrequency);
            cgroup = FindInKnownPlaces(id);
        }

        cgroup?.LastUsed = time.GetUtcNow();
        return cgroup;
    }

    /// <summary>Removes the cgroup of a stopped container.</summary>
    public void Forget(string id)
    {
        if (_known.Remove(id, out var cgroup))
        {
            cgroup.Dispose();
        }
    }

    /// <summary>Closes cgroups that were not requested recently.</summary>
    public void Trim()
    {
        var limit = time.GetUtcNow() - UnusedTimeout;
        foreach (var (id, _) in _known.Where(c => c.Value.LastUsed < limit))
        {
            Forget(id);
        }
    }

    public void Dispose()
    {
        foreach (var id in _known.Keys)
        {
            Forget(id);
        }
    }

    /// <summary>Lists the directories in a directory; empty if it cannot be read or is removed.</summary>
    public static IReadOnlyList<string> Directories(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private ContainerCgroup? FindInKnownPlaces(string id)
    {
        if (Members is not { } members)
        {
            return null;
        }

        foreach (var (before, after) in _places)
        {
            var path = before + id + after;
            var directory = $"{members}/{path}";
            if (Directory.Exists(directory))
            {
                return _known[id] = new ContainerCgroup(_unified, controller => DirectoryOf(controller, path), directory, _known.Count < MaxKeptOpen);
            }
        }

        return null;
    }

    /// <summary>The hierarchy that lists processes: the root on v2, one of several on v1, or null.</summary>
    private string? Members => _members ??= (_unified = File.Exists($"{root}/cgroup.controllers")) ? root
        : Memberships.Select(h => $"{root}/{h}").FirstOrDefault(Directory.Exists);

    /// <summary>CPU time is counted in the cpuacct hierarchy, which may be mounted together with cpu.</summary>
    private string DirectoryOf(string controller, string path) =>
        _unified ? $"{root}/{path}"
        : controller == "cpuacct" && !Directory.Exists($"{root}/cpuacct") ? $"{root}/cpu,cpuacct/{path}" : $"{root}/{controller}/{path}";

    /// <summary>Searches the tree for wanted containers outside the known places; true if any was found.</summary>
    private bool Search(HashSet<string> wanted)
    {
        if (Members is not { } members)
        {
            return false;
        }

        var lookup = wanted.GetAlternateLookup<ReadOnlySpan<char>>();
        var found = false;
        var left = MaxSearchedDirectories;
        var next = new Queue<(string Directory, int Depth)>([(members, 0)]);
        while (next.TryDequeue(out var at) && left-- > 0)
        {
            foreach (var directory in Directories(at.Directory))
            {
                if (KernelText.ContainerId(Path.GetFileName(directory.AsSpan()), lookup) is { } id)
                {
                    var path = directory[(members.Length + 1)..];
                    var start = path.LastIndexOf(id, StringComparison.Ordinal);
                    var place = (path[..start], path[(start + id.Length)..]);
                    if (!_places.Contains(place))
                    {
                        _places.Insert(0, place);
                        found = true;
                    }
                }

                if (at.Depth < MaxSearchDepth)
                {
                    next.Enqueue((directory, at.Depth + 1));
                }
            }
        }

        return found;
    }
}
