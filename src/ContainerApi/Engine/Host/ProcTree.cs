using System.Buffers;
using System.Buffers.Text;

namespace ContainerApi.Engine.Host;

/// <summary>Reads the engine host's <c>/proc</c>. A process that ends while it is read is treated as missing.</summary>
internal sealed class ProcTree(string root, TimeProvider time, CommandLimit commands)
{
    private readonly UserNames _users = new(root);
    private readonly byte[] _root = Encoding.UTF8.GetBytes(root);
    private bool? _isServiceNamespace;
    private DateTimeOffset? _bootedAt;
    private DateTimeOffset _clockStart;
    private CommandLimit.Budget _commands = commands.StartAnswer();

    /// <summary>
    /// Whether process ids in this tree equal those in other files, such as <c>cgroup.procs</c>. In a tree that is mounted from
    /// outside the service's container they differ.
    /// </summary>
    public bool IsServiceNamespace => _isServiceNamespace ??= KernelFile.ReadText($"{root}/self/status").Split('\n')
        .FirstOrDefault(l => l.StartsWith("NSpid:", StringComparison.Ordinal))?.Split('\t', StringSplitOptions.RemoveEmptyEntries).Length == 2;

    /// <summary>The host's memory in bytes.</summary>
    public long? MemoryBytes { get; private set; }

    /// <summary>Reads what rarely changes; called once before each collection.</summary>
    public void Refresh(byte[] buffer)
    {
        _users.Refresh();
        _commands = commands.StartAnswer();
        MemoryBytes ??= KernelText.Number(Encoding.UTF8.GetBytes(KernelFile.ReadText($"{root}/meminfo")), "MemTotal"u8) * 1024;

        // The boot time is in whole seconds and changes only when the clock is set.
        var clockStart = time.GetUtcNow() - time.GetElapsedTime(0);
        if (_bootedAt is null || (clockStart - _clockStart).Duration() > TimeSpan.FromMilliseconds(500))
        {
            var n = KernelFile.Read(KernelFile.Path($"{root}/stat"), buffer);
            var bootedAt = n > 0 ? KernelText.Number(buffer.AsSpan(0, n), "btime"u8) : null;
            _bootedAt = bootedAt is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
            _clockStart = clockStart;
        }
    }

    /// <summary>Reads a process; null if it has ended.</summary>
    public ProcessFacts? ReadProcess(int pid, byte[] buffer)
    {
        // 1. User.
        var n = Read(pid, "status"u8, buffer);
        var user = n < 0 ? null : KernelText.EffectiveUser(buffer.AsSpan(0, n));

        // 2. Usage. The name is kept for a process without arguments.
        n = Read(pid, "stat"u8, buffer);
        if (n < 0 || ProcessStat.Parse(buffer.AsSpan(0, n)) is not { IsOver: false } stat)
        {
            return null;
        }

        Span<byte> copied = stackalloc byte[64];
        var name = buffer.AsSpan(0, n)[stat.Name];
        name = name[..Math.Min(name.Length, copied.Length)];
        name.CopyTo(copied);

        // 3. Command line.
        var max = _commands.Next;
        n = Read(pid, "cmdline"u8, buffer.AsSpan(0, max + 1));
        if (n < 0)
        {
            return null;
        }

        var isCut = n > max;
        n = Math.Min(n, max);
        if (isCut && Rune.DecodeLastFromUtf8(buffer.AsSpan(0, n), out _, out var half) != OperationStatus.Done)
        {
            n -= half;
        }

        _commands.Use(n);
        var command = KernelText.Command(buffer.AsSpan(0, n), copied[..name.Length]);
        return new ProcessFacts(
            pid,
            stat.Parent > 0 ? stat.Parent : null,
            user is { } id ? _users[id] : null,
            _bootedAt + stat.StartedAfterBoot,
            stat.CpuTime,
            isCut ? command + CommandLimit.Mark : command)
        {
            MemoryBytes = stat.ResidentPages * Environment.SystemPageSize,
        };
    }

    /// <summary>Returns the parent of a process; null if it has ended or the parent is not visible.</summary>
    public int? ParentOf(int pid, byte[] buffer)
    {
        var n = Read(pid, "stat"u8, buffer);
        return n >= 0 && ProcessStat.Parse(buffer.AsSpan(0, n)) is { Parent: > 0 } stat ? stat.Parent : null;
    }

    /// <summary>Reads the counters of the process's network devices; null if it has ended.</summary>
    public IReadOnlyDictionary<string, InterfaceCounters>? ReadDevices(int pid, int networks, byte[] buffer)
    {
        var n = Read(pid, "net/dev"u8, buffer);
        // A zombie has left its network namespace: its file is empty.
        return n > 0 ? NetworkDevices.Parse(buffer.AsSpan(0, n), networks) : null;
    }

    /// <summary>Returns the container of a process, by its cgroups.</summary>
    public string? ContainerOf(int pid, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> wanted, byte[] buffer)
    {
        var n = Read(pid, "cgroup"u8, buffer);
        return n < 0 ? null : KernelText.ContainerOf(buffer.AsSpan(0, n), wanted);
    }

    /// <summary>Lists all process ids.</summary>
    public IEnumerable<int> All()
    {
        foreach (var directory in CgroupTree.Directories(root))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                yield return pid;
            }
        }
    }

    private int Read(int pid, ReadOnlySpan<byte> file, Span<byte> buffer)
    {
        Span<byte> path = stackalloc byte[_root.Length + 32];
        _root.CopyTo(path);
        path[_root.Length] = (byte)'/';
        Utf8Formatter.TryFormat(pid, path[(_root.Length + 1)..], out var digits);
        var at = _root.Length + 1 + digits;
        path[at] = (byte)'/';
        file.CopyTo(path[(at + 1)..]);
        path[at + 1 + file.Length] = 0;
        return KernelFile.Read(path, buffer);
    }
}
