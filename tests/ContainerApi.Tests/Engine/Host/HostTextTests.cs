using ContainerApi.Engine.Host;

namespace ContainerApi.Tests.Engine.Host;

/// <summary>Parsers of the kernel's text files.</summary>
public sealed class HostTextTests
{
    private const string A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string B = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Unwanted = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    [Theory]
    [InlineData("0::/docker/" + A + "\n", A)]
    [InlineData("0::/system.slice/docker-" + A + ".scope\n", A)]
    [InlineData("12:pids:/docker/" + A + "\n11:memory:/docker/" + A + "\n0::/\n", A)]
    [InlineData("12:pids:/\n11:memory:/docker/" + A + "\n", A)]
    [InlineData("0::/docker/" + A + "/docker/" + B + "\n", B)]
    [InlineData("0::/docker/" + A + "/docker/" + Unwanted + "\n", A)]
    [InlineData("0::/docker/" + A + "/init.scope\n", A)]
    [InlineData("0::/kubepods.slice/docker-" + Unwanted + ".scope/docker/" + B + "/x\n", B)]
    [InlineData("0::/../../docker/" + A + "\n", A)]
    [InlineData("0::/../" + A + "\n", A)]
    [InlineData("0::/../docker-" + A + ".scope\n", A)]
    [InlineData("9:name=systemd:/docker/" + A, A)]
    [InlineData("0::/\n", null)]
    [InlineData("0::/user.slice/user-0.slice\n", null)]
    [InlineData("0::/docker/" + Unwanted + "\n", null)]
    [InlineData("0::/docker/" + A + "0\n", null)]
    [InlineData("0::/docker/0" + A + "\n", null)]
    [InlineData("", null)]
    public void Container_of_a_process_is_found_in_its_cgroup_file(string text, string? expected)
    {
        HashSet<string> wanted = [A, B];

        Assert.Equal(expected, KernelText.ContainerOf(Bytes(text), wanted.GetAlternateLookup<ReadOnlySpan<char>>()));
    }

    [Fact]
    public void Cgroup_path_longer_than_the_buffer_is_read_from_its_end()
    {
        HashSet<string> wanted = [A];
        var text = "0::/" + new string('x', 4000) + "/docker/" + A + "\n";

        Assert.Equal(A, KernelText.ContainerOf(Bytes(text), wanted.GetAlternateLookup<ReadOnlySpan<char>>()));
    }

    [Theory]
    [InlineData("sleep")]
    [InlineData("a b")]
    [InlineData(") S 1 (")]
    [InlineData("a) R 9 9 9 9 (b")]
    [InlineData("line\nend")]
    [InlineData("")]
    public void Process_stat_is_parsed_with_any_name(string name)
    {
        var text = Bytes($"10981 ({name}) S 10960 10981 10981 0 -1 4194560 1091 0 1 0 150 25 7 8 20 0 3 0 258684 2322432 332 1 2\n");

        var stat = ProcessStat.Parse(text);

        Assert.NotNull(stat);
        Assert.Equal(name, Encoding.UTF8.GetString(text.AsSpan()[stat.Value.Name]));
        Assert.Equal((10960, 'S', 3), (stat.Value.Parent, stat.Value.State, stat.Value.Threads));
        Assert.Equal(TimeSpan.FromMilliseconds(1750), stat.Value.CpuTime);
        Assert.Equal(TimeSpan.FromMilliseconds(2586840), stat.Value.StartedAfterBoot);
        Assert.False(stat.Value.IsOver);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10981")]
    [InlineData("10981 (sleep")]
    [InlineData("10981 (sleep)")]
    [InlineData("10981 (sleep) S 1 2 3")]
    [InlineData("10981 (sleep) S x 10981 10981 0 -1 4194560 1091 0 1 0 150 25 7 8 20 0 3 0 258684 2322432")]
    public void Truncated_process_stat_returns_null(string text) => Assert.Null(ProcessStat.Parse(Bytes(text)));

    [Theory]
    [InlineData('Z', 1, true)]
    [InlineData('X', 0, true)]
    [InlineData('Z', 2, false)]
    [InlineData('S', 1, false)]
    public void Zombie_is_over_if_no_other_thread_runs(char state, int threads, bool over) =>
        Assert.Equal(over, new ProcessStat { State = state, Threads = threads }.IsOver);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private const string DevHeader = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed

        """;

    [Fact]
    public void Network_devices_exclude_loopback()
    {
        var text = DevHeader + """
                lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
              eth0:    1410      13    1    2    3     4          5         6      611       7    8    9   10    11      12         13
              eth1:18446744073709551615 1 0 0 0 0 0 0 5 6 7 8 0 0 0 0

            """;

        var devices = NetworkDevices.Parse(Bytes(text), 2);

        Assert.Equal(2, devices.Count);
        Assert.Equal(new InterfaceCounters(1410, 13, 1, 2, 611, 7, 8, 9), devices["eth0"]);
        Assert.Equal(new InterfaceCounters(long.MaxValue, 1, 0, 0, 5, 6, 7, 8), devices["eth1"]);
    }

    [Theory]
    [InlineData(1, "eth0", "eth0")]
    [InlineData(1, "eth0,tun0", "eth0")]
    [InlineData(1, "eth0,docker0,veth12ab,sit0", "eth0")]
    [InlineData(2, "eth0,eth1", "eth0,eth1")]
    [InlineData(1, "eth0,eth1", "eth0,eth1")]
    [InlineData(2, "eth0,front", "eth0,front")]
    [InlineData(1, "front", "front")]
    [InlineData(1, "front,tun0", "front,tun0")]
    [InlineData(0, "", "")]
    public void Network_devices_of_others_are_left_out(int networks, string devices, string expected)
    {
        var names = devices.Split(',', StringSplitOptions.RemoveEmptyEntries).Append("lo");
        var text = DevHeader + string.Concat(names.Select(n => $"{n,6}: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"));

        Assert.Equal(expected, string.Join(',', NetworkDevices.Parse(Bytes(text), networks).Keys.Order()));
    }

    [Fact]
    public void Passwd_file_is_read_as_in_the_C_library()
    {
        var users = KernelText.Users(
            "root:x:0:0:root:/root:\nJane Doe:x:1000:1000::/home:\ntoor:x:0:0::/:\n+nis\n:x:7:7::/:\nbad:x:y:1::/:\nbig:x:4294967294:1::/:\n\n");

        Assert.Equal([(0u, "root"), (1000u, "Jane Doe"), (4294967294u, "big")], users.Select(u => (u.Key, u.Value)));
    }

    [Theory]
    [InlineData("Name:\tx\nUid:\t0\t1000\t0\t0\nGid:\t5\t6\t5\t5\n", 1000u)]
    [InlineData("Name:\tUid:\t7\nUid:\t1\t2\t3\t4\n", 2u)]
    [InlineData("Name:\tx\n", null)]
    [InlineData("", null)]
    public void Effective_user_is_the_second_id(string text, uint? expected) => Assert.Equal(expected, KernelText.EffectiveUser(Bytes(text)));

    [Theory]
    [InlineData("cache 1\ninactive_file 5\ntotal_inactive_file 6\n", "total_inactive_file", 6L)]
    [InlineData("total_inactive_file 6\ninactive_file 5\n", "inactive_file", 5L)]
    [InlineData("MemTotal:       24684092 kB\nMemFree: 1 kB\n", "MemTotal", 24684092L)]
    [InlineData("usage_usec 12\n", "usage_usec", 12L)]
    [InlineData("usage_user 12\n", "usage", null)]
    [InlineData("", "usage", null)]
    public void Number_is_found_by_the_name_of_its_line(string text, string name, long? expected) =>
        Assert.Equal(expected, KernelText.Number(Bytes(text), Bytes(name)));

    [Theory]
    [InlineData("42\n", 42L)]
    [InlineData("max\n", long.MaxValue)]
    [InlineData("18446744073709551615\n", long.MaxValue)]
    [InlineData("", null)]
    [InlineData("x", null)]
    public void File_with_one_number_is_parsed(string text, long? expected) => Assert.Equal(expected, KernelText.Number(Bytes(text)));

    [Fact]
    public void Block_bytes_are_summed_over_devices()
    {
        Assert.Equal((4101, 8), KernelText.BlockBytesV1("8:0 Read 4096\n8:0 Write 8\n8:0 Sync 1\n8:0 Total 4104\n253:1 Read 5\nTotal 4109\n"u8));
        Assert.Equal((0, 0), KernelText.BlockBytesV1("Total 0\n"u8));
        Assert.Equal((11, 22), KernelText.BlockBytesV2("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5\n8:16 rbytes=10 wbytes=20 rios=0 wios=0\n"u8));
        Assert.Equal((0, 0), KernelText.BlockBytesV2(""u8));
    }

    [Theory]
    [InlineData("sleep\0100\0", "sleep 100")]
    [InlineData("sh\0-c\0echo 'a\nb'\0", "sh -c echo 'a\nb'")]
    [InlineData("nginx: master process nginx\0\0\0\0", "nginx: master process nginx")]
    [InlineData("a\0\0b\0", "a  b")]
    [InlineData("", "[na me]")]
    [InlineData("\0\0", "[na me]")]
    public void Command_line_has_spaces_between_arguments(string arguments, string expected) =>
        Assert.Equal(expected, KernelText.Command(Bytes(arguments), "na me"u8));

    [Fact]
    public void Invalid_UTF_8_in_a_command_line_is_replaced() =>
        Assert.Equal("a � z", KernelText.Command([(byte)'a', 0, 0xff, 0, (byte)'z'], default));

    [Theory]
    [InlineData("22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n", "254:0 /")]
    [InlineData("1 0 0:1 / / rw - rootfs none rw\n27 1 0:45 /sub / rw - overlay overlay rw\n", "0:45 /sub")]
    [InlineData("", null)]
    public void Root_device_is_the_last_root_mount(string text, string? expected) => Assert.Equal(expected, KernelText.RootDevice(text));
}
