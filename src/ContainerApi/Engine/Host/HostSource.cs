using System.Buffers;
using System.Runtime.InteropServices;

namespace ContainerApi.Engine.Host;

/// <summary>
/// Reads containers from the kernel of the engine's host, if this service runs on that host. Container ids are random, so a
/// process in a cgroup with that id proves it; containers of a remote engine are not found.
/// </summary>
internal sealed class HostSource : IDisposable
{
    private static readonly IReadOnlyDictionary<string, HostSample> NoSamples = new Dictionary<string, HostSample>();

    /// <summary>The maximum size of one file. A container with more processes than fit (about 30,000) is read from the engine.</summary>
    private const int BufferSize = 256 * 1024;

    /// <summary>How long a host without containers of this engine is not read again, and how long its processes are not searched again.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly ProcTree _proc;
    private readonly CgroupTree _cgroups;
    private readonly SemaphoreSlim _gate = new(1);

    // State of the current collection.
    private readonly HashSet<string> _wanted = [];
    private readonly HashSet<string> _unseen = [];
    private readonly List<int> _pids = [];
    private readonly HashSet<int> _missed = [];

    private bool _sharesHost;
    private long _nextRead = long.MinValue;
    private long _nextSearch = long.MinValue;

    public HostSource(HostRoots options, TimeProvider time, CommandLimit? commands = null)
    {
        _time = time;
        _proc = new ProcTree(options.ProcRoot.TrimEnd('/'), time, commands ?? new CommandLimit());
        _cgroups = new CgroupTree(options.CgroupRoot.TrimEnd('/'), time);
    }

    /// <summary>
    /// Reads all <paramref name="containers"/> that have processes. Containers that are not visible are missing from the result.
    /// If cgroup files are not visible, statistics contain the network only.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, HostSample>> ReadAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken)
    {
        if (sections == HostSections.None || !OperatingSystem.IsLinux() || _time.GetTimestamp() < Volatile.Read(ref _nextRead))
        {
            return NoSamples;
        }

        var wanted = new Dictionary<string, ContainerFacts>(containers.Count);
        foreach (var container in containers.Where(c => c.HasProcesses))
        {
            wanted.TryAdd(container.Id, container);
        }

        if (wanted.Count == 0)
        {
            return NoSamples;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Read(wanted, sections, cancellationToken), cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _cgroups.Dispose();
        _gate.Dispose();
    }

    private IReadOnlyDictionary<string, HostSample> Read(
        Dictionary<string, ContainerFacts> wanted, HostSections sections, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var samples = new Dictionary<string, HostSample>(wanted.Count);
            _proc.Refresh(buffer);
            if (!ReadByCgroup(wanted, sections, samples, buffer, cancellationToken)
                || !ReadBySearch(wanted, sections, samples, buffer, cancellationToken))
            {
                samples.Clear();
            }

            _cgroups.Trim();
            _sharesHost |= samples.Count > 0;
            if (!_sharesHost)
            {
                Volatile.Write(ref _nextRead, NextTry());
            }

            return samples;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Reads the processes of containers with a visible cgroup from one file each. Returns false if process 1 is in one of them:
    /// then this is that container's own view, and its process ids are not the host's.
    /// </summary>
    private bool ReadByCgroup(
        Dictionary<string, ContainerFacts> wanted, HostSections sections, Dictionary<string, HostSample> samples, byte[] buffer,
        CancellationToken cancellationToken)
    {
        _unseen.Clear();
        _wanted.Clear();
        _wanted.UnionWith(wanted.Keys);
        foreach (var (id, container) in wanted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var cgroup = _proc.IsServiceNamespace ? _cgroups.Find(id, _wanted) : null;
            if (cgroup is null || !cgroup.TryReadProcesses(_pids, buffer, _wanted))
            {
                _unseen.Add(id);
            }
            else if (_pids.Contains(1))
            {
                return false;
            }
            else if (Sample(container, cgroup, _pids, sections, buffer) is { } sample && !HidesProcesses(cgroup, buffer))
            {
                samples.Add(id, sample);
            }
        }

        return true;
    }

    /// <summary>Searches the processes for the other containers, unless the last search found none. Returns false as above.</summary>
    private bool ReadBySearch(
        Dictionary<string, ContainerFacts> wanted, HostSections sections, Dictionary<string, HostSample> samples, byte[] buffer,
        CancellationToken cancellationToken)
    {
        if (_unseen.Count == 0 || _time.GetTimestamp() < _nextSearch)
        {
            return true;
        }

        // A process in a nested container belongs to the inner one, so all wanted ids are matched.
        var lookup = _wanted.GetAlternateLookup<ReadOnlySpan<char>>();
        var processes = new Dictionary<string, List<int>>();
        foreach (var pid in _proc.All())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_proc.ContainerOf(pid, lookup, buffer) is { } id && _unseen.Contains(id))
            {
                if (pid == 1)
                {
                    return false;
                }

                (CollectionsMarshal.GetValueRefOrAddDefault(processes, id, out _) ??= []).Add(pid);
            }
        }

        foreach (var (id, pids) in processes)
        {
            if (Sample(wanted[id], _cgroups.Find(id, _wanted), pids, sections, buffer) is { } sample)
            {
                samples.Add(id, sample);
            }
        }

        _nextSearch = processes.Count > 0 ? long.MinValue : NextTry();
        return true;
    }

    /// <summary>Reads one container from its processes; null if none is left.</summary>
    private HostSample? Sample(ContainerFacts container, ContainerCgroup? cgroup, List<int> pids, HostSections sections, byte[] buffer)
    {
        pids.Sort();
        _missed.Clear();
        var now = _time.GetUtcNow();
        List<ProcessFacts>? processes = null;
        if (sections.HasFlag(HostSections.Processes))
        {
            processes = new List<ProcessFacts>(pids.Count);
            foreach (var pid in pids)
            {
                if (_proc.ReadProcess(pid, buffer) is { } process)
                {
                    processes.Add(process);
                }
                else
                {
                    _missed.Add(pid);
                }
            }
        }

        StatisticsFacts? statistics = null;
        if (sections.HasFlag(HostSections.Statistics))
        {
            var sampledAt = _time.GetUtcNow();
            statistics = cgroup?.ReadStatistics(sampledAt, buffer, _proc.MemoryBytes) ?? new StatisticsFacts { SampledAt = sampledAt };
            statistics = sections.HasFlag(HostSections.OomKills) ? statistics with { OomKills = cgroup?.ReadOomKills(buffer) } : statistics;
            if (container.NetworkMode != "host")
            {
                statistics = statistics with { Interfaces = ReadDevices(pids, processes, container.Networks.Count, buffer) };
            }
        }

        return processes is { Count: 0 } || pids.Count == 0 ? null : new HostSample(now, processes, statistics);
    }

    /// <summary>
    /// Reads the network of the process that the engine started: its parent is outside the container. Other processes may have
    /// their own network namespaces, such as containers of a nested engine.
    /// </summary>
    private IReadOnlyDictionary<string, InterfaceCounters>? ReadDevices(List<int> pids, List<ProcessFacts>? processes, int networks, byte[] buffer)
    {
        for (var i = 0; i < pids.Count; i++)
        {
            var parent = pids.Count == 1 ? null : processes?.Count == pids.Count ? processes[i].ParentPid : _proc.ParentOf(pids[i], buffer);
            if (pids.BinarySearch(parent ?? 0) < 0 && _proc.ReadDevices(pids[i], networks, buffer) is { } devices)
            {
                return devices;
            }
        }

        return null;
    }

    /// <summary>Whether an unreadable process still exists: the host hides it (<c>hidepid</c>), so the process list would be incomplete.</summary>
    private bool HidesProcesses(ContainerCgroup cgroup, byte[] buffer) =>
        _missed.Count > 0 && cgroup.TryReadProcesses(_pids, buffer, _wanted) && _pids.Exists(_missed.Contains);

    private long NextTry() => _time.GetTimestamp() + (long)(RetryInterval.TotalSeconds * _time.TimestampFrequency);
}
