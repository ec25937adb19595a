using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Engine.Host;

/// <summary>The cgroup files of one container; on v1 it has one cgroup in each hierarchy.</summary>
internal sealed class ContainerCgroup : IDisposable
{
    private readonly bool _unified;
    private readonly string _members;
    private readonly byte[] _membersPath;
    private readonly ReopenedFile _processes;
    private readonly ReopenedFile _cpu;
    private readonly ReopenedFile _memory;
    private readonly ReopenedFile _memoryLimit;
    private readonly ReopenedFile _memoryDetails;
    private readonly ReopenedFile _pids;
    private readonly ReopenedFile _block;
    private readonly ReopenedFile _oomKills;

    /// <param name="directoryOf">The container's directory in the hierarchy of a controller.</param>
    /// <param name="members">The directory in the hierarchy that lists its processes.</param>
    public ContainerCgroup(bool unified, Func<string, string> directoryOf, string members, bool keepOpen)
    {
        ReopenedFile File(string controller, string name) => new($"{directoryOf(controller)}/{name}", keepOpen);
        _unified = unified;
        _members = members;
        _membersPath = KernelFile.Path(members);
        // On v1 the kernel keeps the list of an open file: only a reopened file is sure to show a new process.
        _processes = new ReopenedFile($"{members}/cgroup.procs", keepOpen && unified);
        _cpu = File("cpuacct", unified ? "cpu.stat" : "cpuacct.usage");
        _memory = File("memory", unified ? "memory.current" : "memory.usage_in_bytes");
        _memoryLimit = File("memory", unified ? "memory.max" : "memory.limit_in_bytes");
        _memoryDetails = File("memory", "memory.stat");
        _pids = File("pids", "pids.current");
        _block = File("blkio", unified ? "io.stat" : "blkio.throttle.io_service_bytes");
        _oomKills = File("memory", unified ? "memory.events" : "memory.oom_control");
    }

    public DateTimeOffset LastUsed { get; set; }

    /// <summary>
    /// Puts the container's processes into <paramref name="pids"/>, including those in cgroups that it created; false if it no
    /// longer exists or some processes are not visible.
    /// </summary>
    /// <param name="wanted">Containers that are read separately even if they are inside this one.</param>
    public bool TryReadProcesses(List<int> pids, byte[] buffer, HashSet<string> wanted)
    {
        pids.Clear();
        var n = _processes.Read(buffer);
        if (n < 0 || n == buffer.Length)
        {
            return false;
        }

        KernelText.AddNumbers(buffer.AsSpan(0, n), pids);
        if (!Libc.IsLeaf(_membersPath))
        {
            AddInside(_members, pids, buffer, wanted.GetAlternateLookup<ReadOnlySpan<char>>());
        }

        // The kernel writes 0 for a process outside the service's PID namespace.
        return !pids.Contains(0);
    }

    /// <summary>Reads the statistics as the engine defines them (moby <c>daemon/stats</c>, containerd's cgroups), without the network.</summary>
    /// <param name="hostMemory">The limit of a container without a limit or with a higher one.</param>
    public StatisticsFacts ReadStatistics(DateTimeOffset now, byte[] buffer, long? hostMemory)
    {
        var times = Read(_cpu, buffer);
        var cpu = _unified
            ? KernelText.Number(times, "usage_usec"u8) * TimeSpan.TicksPerMicrosecond
            : KernelText.Number(times) / TimeSpan.NanosecondsPerTick;
        var usage = KernelText.Number(Read(_memory, buffer));
        var cache = usage is null ? null : KernelText.Number(Read(_memoryDetails, buffer), _unified ? "inactive_file"u8 : "total_inactive_file"u8);
        var limit = KernelText.Number(Read(_memoryLimit, buffer));
        var pids = KernelText.Number(Read(_pids, buffer));
        var n = _block.Read(buffer);
        var devices = buffer.AsSpan(0, Math.Max(0, n));
        (long Read, long Write)? block = n < 0 ? null : _unified ? KernelText.BlockBytesV2(devices) : KernelText.BlockBytesV1(devices);
        return new StatisticsFacts
        {
            SampledAt = now,
            CpuTime = cpu is { } ticks ? new TimeSpan(ticks) : null,
            MemoryBytes = usage - (cache < usage ? cache : 0),
            MemoryLimitBytes = limit < (hostMemory ?? long.MaxValue) ? limit : limit is null ? null : hostMemory,
            Pids = pids,
            BlockReadBytes = block?.Read,
            BlockWriteBytes = block?.Write,
        };
    }

    /// <summary>Reads how many processes the kernel killed at the memory limit; null on kernels before 4.13.</summary>
    public long? ReadOomKills(byte[] buffer) => KernelText.Number(Read(_oomKills, buffer), "oom_kill"u8);

    public void Dispose()
    {
        foreach (var file in (ReadOnlySpan<ReopenedFile>)[_processes, _cpu, _memory, _memoryLimit, _memoryDetails, _pids, _block, _oomKills])
        {
            file.Dispose();
        }
    }

    private static ReadOnlySpan<byte> Read(ReopenedFile file, byte[] buffer) => buffer.AsSpan(0, Math.Max(0, file.Read(buffer)));

    private static void AddInside(string directory, List<int> pids, byte[] buffer, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> wanted)
    {
        foreach (var inside in CgroupTree.Directories(directory))
        {
            if (KernelText.ContainerId(Path.GetFileName(inside.AsSpan()), wanted) is null)
            {
                // A removed cgroup and a threaded one have no processes of their own.
                var n = KernelFile.Read(KernelFile.Path($"{inside}/cgroup.procs"), buffer);
                KernelText.AddNumbers(buffer.AsSpan(0, Math.Max(0, n)), pids);
                AddInside(inside, pids, buffer, wanted);
            }
        }
    }
}
