using ContainerApi.Engine.Host;

namespace ContainerApi.Tests.Engine.Host;

/// <summary>A host's <c>/proc</c>, <c>/sys/fs/cgroup</c> and <c>/etc/passwd</c> as ordinary files in a temporary directory.</summary>
internal sealed class HostTree : IDisposable
{
    public const long BootedAt = 1_700_000_000;

    /// <summary>A process as <see cref="Process"/> writes it.</summary>
    public static ProcessFacts Facts(int pid, int parent, string user, DateTimeOffset started, string command) =>
        new(pid, parent, user, started, TimeSpan.FromMilliseconds(1750), command) { MemoryBytes = 332L * Environment.SystemPageSize };

    private readonly bool _unified;

    public HostTree(bool unified = true, bool sameNamespace = true)
    {
        _unified = unified;
        Write("proc/stat", $"cpu  1 2 3\nbtime {BootedAt}\nprocesses 9\n");
        Write("proc/meminfo", "MemTotal:       1000 kB\nMemFree:  1 kB\n");
        Write("proc/self/status", sameNamespace ? "Name:\tme\nNSpid:\t77\n" : "Name:\tme\nNSpid:\t77\t1\n");
        Write("proc/version", "Linux");
        Write("etc/passwd", "root:x:0:0::/root:/bin/sh\nJane Doe:x:1000:1000::/home:/bin/sh\n");
        Process(1, 0, "/", command: "/sbin/init\0");
        if (unified)
        {
            Write("cgroup/cgroup.controllers", "cpu memory io pids");
        }
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("containerapi-host-").FullName;

    public HostSource Source(TimeProvider? time = null, CommandLimit? commands = null) =>
        new(new HostRoots { ProcRoot = Root + "/proc", CgroupRoot = Root + "/cgroup" }, time ?? TimeProvider.System, commands);

    /// <summary>Adds a container in <c>/docker</c> with one process, which the engine started.</summary>
    public void Add(string id, int pid, uint user = 0, string command = "sleep\0100\0", string devices = "eth0")
    {
        Process(pid, 40, "/docker/" + id, user, command, devices: devices);
        Cgroup("/docker/" + id, pid);
    }

    public void Process(
        int pid, int parent, string cgroup, uint user = 0, string command = "sleep\0100\0", string name = "sleep", string devices = "eth0",
        char state = 'S')
    {
        Write($"proc/{pid}/stat", $"{pid} ({name}) {state} {parent} 1 1 0 -1 4194560 1091 0 1 0 150 25 7 8 20 0 1 0 {pid * 100} 2322432 332\n");
        Write($"proc/{pid}/status", $"Name:\t{name}\nUid:\t0\t{user}\t0\t0\n");
        Write($"proc/{pid}/cmdline", command);
        Write($"proc/{pid}/cgroup", _unified ? $"0::{cgroup}\n" : $"4:pids:{cgroup}\n3:memory:{cgroup}\n0::/\n");
        Write($"proc/{pid}/net/dev", "Inter-|\n face |\n    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n"
            + string.Concat(devices.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(d => $"{d}: {pid} 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n")));
    }

    /// <summary>Writes a cgroup with these processes and fixed statistics.</summary>
    public void Cgroup(string path, params int[] pids)
    {
        var members = string.Concat(pids.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p}\n")));
        if (_unified)
        {
            Write($"cgroup{path}/cgroup.procs", members);
            Write($"cgroup{path}/cpu.stat", "usage_usec 1500\nuser_usec 1000\n");
            Write($"cgroup{path}/memory.current", "5000\n");
            Write($"cgroup{path}/memory.max", "max\n");
            Write($"cgroup{path}/memory.stat", "anon 1\ninactive_file 2000\n");
            Write($"cgroup{path}/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\n");
            Write($"cgroup{path}/pids.current", "4\n");
            Write($"cgroup{path}/io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=1\n");
        }
        else
        {
            Write($"cgroup/pids{path}/cgroup.procs", members);
            Write($"cgroup/pids{path}/pids.current", "4\n");
            Write($"cgroup/cpu,cpuacct{path}/cpuacct.usage", "1500000\n");
            Write($"cgroup/memory{path}/memory.usage_in_bytes", "5000\n");
            Write($"cgroup/memory{path}/memory.limit_in_bytes", "9223372036854771712\n");
            Write($"cgroup/memory{path}/memory.stat", "inactive_file 1\ntotal_inactive_file 2000\n");
            Write($"cgroup/memory{path}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
            Write($"cgroup/blkio{path}/blkio.throttle.io_service_bytes", "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\nTotal 30\n");
        }
    }

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName($"{Root}/{path}")!);
        File.WriteAllText($"{Root}/{path}", text);
    }

    public void Remove(string directory) => Directory.Delete($"{Root}/{directory}", recursive: true);

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public static ContainerFacts Container(string id, string networkMode = "bridge", string state = ContainerStates.Running) => new()
    {
        Id = id,
        Name = "c",
        Image = "busybox",
        ImageId = "sha256:0",
        CreatedAt = DateTimeOffset.UnixEpoch,
        State = state,
        NetworkMode = networkMode,
        Networks = [new NetworkFacts("bridge", "172.17.0.2", null, null, null)],
    };
}
