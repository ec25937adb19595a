using System.Text.Json;
using System.Text.Json.Nodes;

namespace ContainerApi.Stubs;

/// <summary>The JSON answers of the engine in the requested API version.</summary>
internal static class EngineJson
{
    private static readonly Version ListHasHealth = new(1, 52);

    public static void WriteListed(Utf8JsonWriter writer, StubContainer container, Version version)
    {
        writer.WriteStartObject();
        writer.WriteString("Id"u8, container.Id);
        writer.WriteStartArray("Names"u8);
        writer.WriteStringValue("/" + container.Name);
        writer.WriteEndArray();
        writer.WriteString("Image"u8, container.Image);
        writer.WriteString("ImageID"u8, container.ImageId);
        writer.WriteString("Command"u8, container.Command);
        writer.WriteNumber("Created"u8, container.Created.ToUnixTimeSeconds());
        writer.WriteStartArray("Ports"u8);
        foreach (var port in container.Ports)
        {
            writer.WriteStartObject();
            if (port.HostIp is not null)
            {
                writer.WriteString("IP"u8, port.HostIp);
            }

            writer.WriteNumber("PrivatePort"u8, port.Private);
            if (port.Public is { } published)
            {
                writer.WriteNumber("PublicPort"u8, published);
            }

            writer.WriteString("Type"u8, port.Type);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("Labels"u8);
        foreach (var (name, value) in container.Labels)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteString("State"u8, container.State);
        writer.WriteString("Status"u8, container.Health is null ? container.Status : $"{container.Status} ({HealthText(container.Health)})");
        if (version >= ListHasHealth)
        {
            writer.WriteStartObject("Health"u8);
            writer.WriteString("Status"u8, container.Health ?? "none");
            writer.WriteNumber("FailingStreak"u8, 0);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("HostConfig"u8);
        writer.WriteString("NetworkMode"u8, container.NetworkMode);
        writer.WriteEndObject();
        writer.WriteStartObject("NetworkSettings"u8);
        WriteNetworks(writer, container);
        writer.WriteEndObject();
        writer.WriteStartArray("Mounts"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string HealthText(string health) => health == "starting" ? "health: starting" : health;

    private static void WriteNetworks(Utf8JsonWriter writer, StubContainer container)
    {
        writer.WriteStartObject("Networks"u8);
        foreach (var network in container.Networks)
        {
            writer.WriteStartObject(network.Name);
            writer.WriteNull("IPAMConfig"u8);
            writer.WriteNull("Links"u8);
            writer.WriteNull("Aliases"u8);
            writer.WriteString("NetworkID"u8, container.Id.AsSpan(0, 32));
            writer.WriteString("EndpointID"u8, container.IsRunning ? container.Id : "");
            writer.WriteString("Gateway"u8, container.IsRunning ? network.Gateway : "");
            writer.WriteString("IPAddress"u8, container.IsRunning ? network.Ipv4 : "");
            writer.WriteNumber("IPPrefixLen"u8, container.IsRunning ? 16 : 0);
            writer.WriteString("IPv6Gateway"u8, "");
            writer.WriteString("GlobalIPv6Address"u8, container.IsRunning ? network.Ipv6 : "");
            writer.WriteNumber("GlobalIPv6PrefixLen"u8, 0);
            writer.WriteString("MacAddress"u8, container.IsRunning ? network.Mac : "");
            writer.WriteNull("DriverOpts"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>Counters grow with time since creation, so that two samples give a rate.</summary>
    public static void WriteStatistics(Utf8JsonWriter writer, StubContainer container)
    {
        var now = DateTimeOffset.UtcNow;
        var running = container.IsRunning;
        var seconds = (now - container.Created).TotalSeconds;
        writer.WriteStartObject();
        // The engine returns the year 1 for a stopped container.
        writer.WriteString("read"u8, running ? now : default);
        writer.WriteString("preread"u8, default(DateTimeOffset));
        writer.WriteStartObject("pids_stats"u8);
        if (running)
        {
            writer.WriteNumber("current"u8, container.Processes.Count);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("blkio_stats"u8);
        writer.WriteStartArray("io_service_bytes_recursive"u8);
        if (running)
        {
            WriteBlockIo(writer, "Read", 4096);
            WriteBlockIo(writer, "Write", 8192);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteNumber("num_procs"u8, 0);
        writer.WriteStartObject("storage_stats"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("cpu_stats"u8);
        writer.WriteStartObject("cpu_usage"u8);
        writer.WriteNumber("total_usage"u8, running ? (ulong)(seconds * 3_000_000) : 0);
        writer.WriteEndObject();
        writer.WriteNumber("system_cpu_usage"u8, (ulong)(seconds * 2_000_000_000));
        writer.WriteNumber("online_cpus"u8, 2);
        writer.WriteEndObject();
        writer.WriteStartObject("precpu_stats"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("memory_stats"u8);
        if (running)
        {
            writer.WriteNumber("usage"u8, 20_971_520);
            writer.WriteNumber("max_usage"u8, 31_457_280);
            writer.WriteStartObject("stats"u8);
            writer.WriteNumber("inactive_file"u8, 1_048_576);
            writer.WriteNumber("total_inactive_file"u8, 1_048_576);
            writer.WriteNumber("hierarchical_memory_limit"u8, 9223372036854771712);
            writer.WriteEndObject();
            writer.WriteNumber("limit"u8, 25_276_510_208);
        }

        writer.WriteEndObject();
        writer.WriteString("name"u8, "/" + container.Name);
        writer.WriteString("id"u8, container.Id);
        if (running && container.NetworkMode is not "host" and not "none")
        {
            writer.WriteStartObject("networks"u8);
            for (var i = 0; i < Math.Max(1, container.Networks.Count); i++)
            {
                writer.WriteStartObject("eth" + i);
                WriteCounters(writer, "rx", (ulong)(seconds * container.Rates.Rx));
                WriteCounters(writer, "tx", (ulong)(seconds * container.Rates.Tx));
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteBlockIo(Utf8JsonWriter writer, string operation, long value)
    {
        writer.WriteStartObject();
        writer.WriteNumber("major"u8, 8);
        writer.WriteNumber("minor"u8, 0);
        writer.WriteString("op"u8, operation);
        writer.WriteNumber("value"u8, value);
        writer.WriteEndObject();
    }

    private static void WriteCounters(Utf8JsonWriter writer, string direction, ulong bytes)
    {
        writer.WriteNumber(direction + "_bytes", bytes);
        writer.WriteNumber(direction + "_packets", bytes / 100);
        writer.WriteNumber(direction + "_errors", 0);
        writer.WriteNumber(direction + "_dropped", 0);
    }

    public static string Inspected(StubContainer container, Version version)
    {
        var networks = new JsonObject();
        foreach (var n in container.Networks)
        {
            networks[n.Name] =
                new JsonObject { ["IPAddress"] = n.Ipv4, ["Gateway"] = n.Gateway, ["MacAddress"] = n.Mac, ["GlobalIPv6Address"] = n.Ipv6 };
        }

        var settings = new JsonObject { ["Networks"] = networks };
        if (version < ListHasHealth)
        {
            // API 1.52 removed these fields; addresses are listed per network.
            settings["IPAddress"] = container.Networks.Count > 0 ? container.Networks[0].Ipv4 : "";
            settings["Gateway"] = container.Networks.Count > 0 ? container.Networks[0].Gateway : "";
            settings["MacAddress"] = container.Networks.Count > 0 ? container.Networks[0].Mac : "";
        }

        return new JsonObject
        {
            ["Id"] = container.Id,
            ["Created"] = container.Created.UtcDateTime.ToString(
                "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
            ["Path"] = container.Command.Split(' ')[0],
            ["Args"] = new JsonArray([.. container.Command.Split(' ').Skip(1).Select(a => (JsonNode)a)]),
            ["State"] = new JsonObject
            {
                ["Status"] = container.State,
                ["Running"] = container.IsRunning,
                ["Paused"] = container.State == "paused",
                ["Restarting"] = container.State == "restarting",
                ["Pid"] = container.IsRunning ? container.Processes[0].Pid : 0,
            },
            ["Image"] = container.ImageId,
            ["Name"] = "/" + container.Name,
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = container.NetworkMode },
            ["Config"] = new JsonObject { ["Image"] = container.Image, ["Labels"] = JsonSerializer.SerializeToNode(container.Labels) },
            ["NetworkSettings"] = settings,
        }.ToJsonString();
    }

    public static string Version(StubOptions options) => new JsonObject
    {
        ["Version"] = "20.10.24",
        ["ApiVersion"] = options.ApiVersion,
        ["MinAPIVersion"] = options.MinApiVersion,
        ["Os"] = "linux",
        ["Arch"] = "amd64",
        ["KernelVersion"] = "6.1.0",
    }.ToJsonString();

    public static string Info(DockerApiStub engine)
    {
        var containers = engine.Containers.All;
        return new JsonObject
        {
            ["ID"] = "STAN:DIN0",
            ["Containers"] = containers.Count,
            ["ContainersRunning"] = containers.Count(c => c.State is "running"),
            ["ContainersPaused"] = containers.Count(c => c.State is "paused"),
            ["ContainersStopped"] = containers.Count(c => !c.IsRunning),
            ["Images"] = containers.DistinctBy(c => c.ImageId).Count(),
            ["Driver"] = "overlay2",
            ["CgroupDriver"] = "cgroupfs",
            ["CgroupVersion"] = "1",
            ["KernelVersion"] = "6.1.0",
            ["OperatingSystem"] = "Debian GNU/Linux 12 (bookworm)",
            ["OSType"] = "linux",
            ["Architecture"] = "x86_64",
            ["NCPU"] = 2,
            ["MemTotal"] = 25_276_510_208,
            ["DockerRootDir"] = "/var/lib/docker",
            ["RegistryConfig"] = new JsonObject { ["Mirrors"] = new JsonArray() },
            ["ServerVersion"] = "20.10.24",
        }.ToJsonString();
    }

    public static string Images(DockerApiStub engine) => new JsonArray(
    [
        .. engine.Containers.All.DistinctBy(c => c.ImageId).Select(c => (JsonNode)new JsonObject
        {
            ["Id"] = c.ImageId,
            ["RepoTags"] = new JsonArray(c.Image),
            ["RepoDigests"] = new JsonArray(),
            ["Created"] = c.Created.ToUnixTimeSeconds(),
            ["Size"] = 4_000_000,
            ["VirtualSize"] = 4_000_000,
            ["SharedSize"] = -1,
            ["Containers"] = -1,
            ["Labels"] = new JsonObject(),
        }),
    ]).ToJsonString();

    public static string Image(string reference) => new JsonObject
    {
        ["Id"] = "sha256:" + new string('4', 64),
        ["RepoTags"] = new JsonArray(Uri.UnescapeDataString(reference)),
        ["Created"] = "2026-11-01T12:00:00.123456789Z",
        ["Os"] = "linux",
        ["Architecture"] = "amd64",
        ["Size"] = 4_000_000,
        ["Config"] = new JsonObject { ["Cmd"] = new JsonArray("sh") },
        ["RootFS"] = new JsonObject { ["Type"] = "layers", ["Layers"] = new JsonArray() },
    }.ToJsonString();
}
