using System.Buffers;
using System.Runtime.InteropServices;

namespace ContainerApi.Engine.Host;

/// <summary>
/// What the engine's own host shows of its containers, where this service shares that host. Ids of containers are
/// random, so a process in a cgroup of that name is proof; the containers of an engine elsewhere are simply not found.
/// </summary>
internal sealed class HostSource : IDisposable
{
    private static readonly IReadOnlyDictionary<string, HostSample> Nothing = new Dictionary<string, HostSample>();

    /// <summary>Bounds what is read of one file; a container with more processes than fit (some 30,000) is left to the engine.</summary>
    private const int BufferSize = 256 * 1024;

    /// <summary>How long a host that never showed a container of this engine is not looked at again, and how long one is not walked that showed none so.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly ProcTree _proc;
    private readonly CgroupTree _cgroups;
    private readonly SemaphoreSlim _onePass = new(1);

    // Of the pass that runs.
    private readonly HashSet<string> _wanted = [];
    private readonly HashSet<string> _unseen = [];
    private readonly List<int> _pids = [];
    private readonly HashSet<int> _missed = [];

    private bool _sharesHost;
    private long _nextPass = long.MinValue;
    private long _nextWalk = long.MinValue;

    public HostSource(HostRoots options, TimeProvider time)
    {
        _time = time;
        _proc = new ProcTree(options.ProcRoot.TrimEnd('/'), time);
        _cgroups = new CgroupTree(options.CgroupRoot.TrimEnd('/'), time);
    }

    /// <summary>
    /// One pass for all of <paramref name="containers"/> that have processes. Those that are not visible are missing from
    /// the answer. Where the cgroups' files are not visible, statistics hold the network alone.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, HostSample>> ReadAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken)
    {
        if (sections == HostSections.None || !OperatingSystem.IsLinux() || _time.GetTimestamp() < Volatile.Read(ref _nextPass))
        {
            return Nothing;
        }

        var wanted = new Dictionary<string, ContainerFacts>(containers.Count);
        foreach (var container in containers)
        {
            if (container.HasProcesses)
            {
                wanted.TryAdd(container.Id, container);
            }
        }

        if (wanted.Count == 0)
        {
            return Nothing;
        }

        await _onePass.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Pass(wanted, sections, cancellationToken), cancellationToken);
        }
        finally
        {
            _onePass.Release();
        }
    }

    public void Dispose()
    {
        _cgroups.Dispose();
        _onePass.Dispose();
    }

    private IReadOnlyDictionary<string, HostSample> Pass(
        Dictionary<string, ContainerFacts> wanted, HostSections sections, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var samples = new Dictionary<string, HostSample>(wanted.Count);
            _proc.Refresh(buffer);
            if (!ReadByCgroup(wanted, sections, samples, buffer, cancellationToken)
                || !ReadByWalk(wanted, sections, samples, buffer, cancellationToken))
            {
                samples.Clear();
            }

            _cgroups.Trim();
            _sharesHost |= samples.Count > 0;
            if (!_sharesHost)
            {
                Volatile.Write(ref _nextPass, InAWhile());
            }

            return samples;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Containers whose cgroup is visible tell their processes at the cost of one file. Answers false where the first
    /// process of all is in one of them: this is that container's own view, and its numbers are not the host's.
    /// </summary>
    private bool ReadByCgroup(
        Dictionary<string, ContainerFacts> wanted, HostSections sections, Dictionary<string, HostSample> samples, byte[] buffer, CancellationToken cancellationToken)
    {
        _unseen.Clear();
        _wanted.Clear();
        _wanted.UnionWith(wanted.Keys);
        foreach (var (id, container) in wanted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var cgroup = _proc.IsOurNamespace ? _cgroups.Find(id, _wanted) : null;
            if (cgroup is null || !cgroup.TryReadProcesses(_pids, buffer, _wanted))
            {
                _unseen.Add(id);
            }
            else if (_pids.Contains(1))
            {
                return false;
            }
            else if (Sample(container, cgroup, _pids, sections, buffer) is { } sample && !HidesSome(cgroup, buffer))
            {
                samples.Add(id, sample);
            }
        }

        return true;
    }

    /// <summary>The rest is looked for process by process, unless the last time found none so. Answers false as above.</summary>
    private bool ReadByWalk(
        Dictionary<string, ContainerFacts> wanted, HostSections sections, Dictionary<string, HostSample> samples, byte[] buffer, CancellationToken cancellationToken)
    {
        if (_unseen.Count == 0 || _time.GetTimestamp() < _nextWalk)
        {
            return true;
        }

        // A process in a container inside a wanted one is the inner one's, so all wanted ids are looked for.
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

        _nextWalk = processes.Count > 0 ? long.MinValue : InAWhile();
        return true;
    }

    /// <summary>One container by its processes, or null where none of them is left.</summary>
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
            statistics = cgroup?.ReadStatistics(_time.GetUtcNow(), buffer, _proc.MemoryBytes) ?? new StatisticsFacts { SampledAt = _time.GetUtcNow() };
            if (container.NetworkMode != "host")
            {
                statistics = statistics with { Interfaces = ReadDevices(pids, processes, container.Networks.Count, buffer) };
            }
        }

        return processes is { Count: 0 } || pids.Count == 0 ? null : new HostSample(now, processes, statistics);
    }

    /// <summary>
    /// The network of the process that the engine started: its parent is not in the container. Others may have gone into
    /// networks of their own, as the containers of an engine inside this one.
    /// </summary>
    private IReadOnlyDictionary<string, InterfaceCounters>? ReadDevices(List<int> pids, List<ProcessFacts>? processes, int networks, byte[] buffer)
    {
        for (var i = 0; i < pids.Count; i++)
        {
            var parent = pids.Count == 1 ? null
                : processes?.Count == pids.Count ? processes[i].ParentPid
                : _proc.ParentOf(pids[i], buffer);
            if (pids.BinarySearch(parent ?? 0) < 0 && _proc.ReadDevices(pids[i], networks, buffer) is { } devices)
            {
                return devices;
            }
        }

        return null;
    }

    /// <summary>
    /// Whether a process that could not be read is still there: the host hides it from us (<c>hidepid</c>), and the
    /// container would be told without it.
    /// </summary>
    private bool HidesSome(ContainerCgroup cgroup, byte[] buffer) =>
        _missed.Count > 0 && cgroup.TryReadProcesses(_pids, buffer, _wanted) && _pids.Exists(_missed.Contains);

    private long InAWhile() => _time.GetTimestamp() + (long)(Pause.TotalSeconds * _time.TimestampFrequency);
}
