namespace ContainerApi.Engine.Host;

/// <summary>
/// Finds containers' cgroups by their ids. Engines keep all of theirs in one place, so one that was found tells where
/// the next is; only a container in none of the known places costs a search of the whole tree.
/// </summary>
internal sealed class CgroupTree(string root, TimeProvider time) : IDisposable
{
    /// <summary>Seven files each stay open for this many containers; those of more are opened at every pass.</summary>
    private const int MostKeptOpen = 128;

    private const int DeepestSearch = 12;
    private const int WidestSearch = 20_000;

    /// <summary>How long after a search that found nothing the next may be.</summary>
    private static readonly TimeSpan SearchPause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan KeepUnused = TimeSpan.FromMinutes(1);

    /// <summary>The hierarchies of cgroup v1 that can tell a container's processes; the engine itself takes the first.</summary>
    private static readonly string[] Memberships = ["devices", "pids", "memory", "cpuacct", "cpu,cpuacct", "freezer", "systemd"];

    private readonly Dictionary<string, ContainerCgroup> _known = [];

    /// <summary>Where containers are, as the text before and after the id.</summary>
    private readonly List<(string Before, string After)> _places = [("docker/", ""), ("system.slice/docker-", ".scope")];

    private long _nextSearch = long.MinValue;
    private string? _members;
    private bool _unified;

    /// <summary>The cgroup of a container, or null where this tree does not show it.</summary>
    public ContainerCgroup? Find(string id, HashSet<string> wanted)
    {
        var cgroup = _known.GetValueOrDefault(id) ?? FindInKnownPlaces(id);
        if (cgroup is null && time.GetTimestamp() >= _nextSearch)
        {
            // Whatever else of the wanted is in unknown places is found by this search too.
            _nextSearch = Search(wanted) ? long.MinValue : time.GetTimestamp() + (long)(SearchPause.TotalSeconds * time.TimestampFrequency);
            cgroup = FindInKnownPlaces(id);
        }

        cgroup?.LastUsed = time.GetUtcNow();
        return cgroup;
    }

    /// <summary>A container that stopped has no cgroup any more.</summary>
    public void Forget(string id)
    {
        if (_known.Remove(id, out var cgroup))
        {
            cgroup.Dispose();
        }
    }

    /// <summary>Closes what has not been asked for lately.</summary>
    public void Trim()
    {
        var limit = time.GetUtcNow() - KeepUnused;
        foreach (var (id, cgroup) in _known)
        {
            if (cgroup.LastUsed < limit)
            {
                Forget(id);
            }
        }
    }

    public void Dispose()
    {
        foreach (var id in _known.Keys)
        {
            Forget(id);
        }
    }

    /// <summary>The directories in a directory; none where it cannot be read or vanishes.</summary>
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
            if (Directory.Exists($"{members}/{path}"))
            {
                return _known[id] = new ContainerCgroup(_unified, controller => DirectoryOf(controller, path), $"{members}/{path}", _known.Count < MostKeptOpen);
            }
        }

        return null;
    }

    /// <summary>The hierarchy that tells processes: the root on v2, one of several on v1, null while there is none.</summary>
    private string? Members
    {
        get
        {
            if (_members is null)
            {
                _unified = File.Exists($"{root}/cgroup.controllers");
                _members = _unified ? root : Memberships.Select(h => $"{root}/{h}").FirstOrDefault(Directory.Exists);
            }

            return _members;
        }
    }

    /// <summary>CPU time is counted in a hierarchy of its own or in one with the CPU's shares.</summary>
    private string DirectoryOf(string controller, string path) =>
        _unified ? $"{root}/{path}"
        : controller == "cpuacct" && !Directory.Exists($"{root}/cpuacct") ? $"{root}/cpu,cpuacct/{path}"
        : $"{root}/{controller}/{path}";

    /// <summary>Looks through the tree for directories of wanted containers that are in no known place; true where there were some.</summary>
    private bool Search(HashSet<string> wanted)
    {
        if (Members is not { } members)
        {
            return false;
        }

        var lookup = wanted.GetAlternateLookup<ReadOnlySpan<char>>();
        var found = false;
        var left = WidestSearch;
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

                if (at.Depth < DeepestSearch)
                {
                    next.Enqueue((directory, at.Depth + 1));
                }
            }
        }

        return found;
    }
}
