using System.Text.Json;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>A field as it was read: its value, or what is wrong with it as the rest of a sentence.</summary>
internal readonly record struct Field<T>(T? Value, string? Error);

/// <summary>Pure: reads the fields of a request that have more than one form.</summary>
internal static class ContainerSpecReader
{
    /// <summary>As many as there are ports: more cannot be meant.</summary>
    private const int MostPorts = 65535;

    /// <summary>Text, split as a shell would, or a list of arguments; null keeps the image's own command.</summary>
    public static Field<IReadOnlyList<string>> Command(JsonElement? json) => Read<IReadOnlyList<string>>(json, element =>
    {
        IReadOnlyList<string>? arguments;
        switch (element.ValueKind)
        {
            case JsonValueKind.String when !CommandText.TrySplit(element.GetString()!, out arguments):
                return new(null, "has a quote that is not closed, or ends with a backslash.");
            case JsonValueKind.String:
                CommandText.TrySplit(element.GetString()!, out arguments);
                break;
            case JsonValueKind.Array when element.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String):
                arguments = [.. element.EnumerateArray().Select(e => e.GetString()!)];
                break;
            default:
                return new(null, "must be text or a list of texts.");
        }

        return arguments!.Count == 0
            ? new(null, "must not be empty; without it the image's own command runs.")
            : arguments.Any(HasNul) ? new(null, "must not hold a NUL character.") : new(arguments, null);
    });

    /// <summary>An object, or a list of <c>K=V</c>; of a name that comes twice the last counts.</summary>
    public static Field<IReadOnlyDictionary<string, string>> Pairs(JsonElement? json) => Read<IReadOnlyDictionary<string, string>>(json, element =>
    {
        var pairs = new Dictionary<string, string>();
        switch (element.ValueKind)
        {
            case JsonValueKind.Object when element.EnumerateObject().All(p => p.Value.ValueKind == JsonValueKind.String):
                foreach (var property in element.EnumerateObject())
                {
                    pairs[property.Name] = property.Value.GetString()!;
                }

                break;
            case JsonValueKind.Array when element.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String):
                foreach (var text in element.EnumerateArray().Select(e => e.GetString()!))
                {
                    var equals = text.IndexOf('=', StringComparison.Ordinal);
                    if (equals < 0)
                    {
                        return new(null, "must have a '=' in each item of the list, as in NAME=value.");
                    }

                    pairs[text[..equals]] = text[(equals + 1)..];
                }

                break;
            default:
                return new(null, "must be an object of texts or a list of texts as in NAME=value.");
        }

        return pairs.Any(p => p.Key.Length == 0 || p.Key.Contains('=', StringComparison.Ordinal) || HasNul(p.Key) || HasNul(p.Value))
            ? new(null, "must have names that are not empty and hold no '=', and no NUL character anywhere.")
            : new(pairs, null);
    });

    /// <summary>A list of texts (<see cref="PortText"/>) and objects.</summary>
    public static Field<IReadOnlyList<PublishedPort>> Ports(JsonElement? json) => Read<IReadOnlyList<PublishedPort>>(json, element =>
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            return new(null, "must be a list.");
        }

        var ports = new List<PublishedPort>();
        foreach (var item in element.EnumerateArray())
        {
            var (some, error) = item.ValueKind switch
            {
                JsonValueKind.String => PortText.Read(item.GetString()!),
                JsonValueKind.Object => ReadPort(item),
                _ => (null, "must hold texts as in 8080:80/tcp, or objects."),
            };
            if (some is null)
            {
                return new(null, error);
            }

            ports.AddRange(some);
            if (ports.Count > MostPorts)
            {
                return new(null, $"must not publish more than {MostPorts} ports.");
            }
        }

        return new([.. ports.Distinct()], null);
    });

    private static (IReadOnlyList<PublishedPort>? Ports, string? Error) ReadPort(JsonElement item)
    {
        int? containerPort = null, hostPort = null;
        string? protocol = null, hostIp = null;
        foreach (var property in item.EnumerateObject())
        {
            var value = property.Value;
            switch (property.Name)
            {
                case "containerPort" when IsPort(value, out var port):
                    containerPort = port;
                    break;
                case "hostPort" when IsPort(value, out var port):
                    hostPort = port;
                    break;
                case "protocol" when value.ValueKind == JsonValueKind.String && PortText.Protocols.Contains(value.GetString()!):
                    protocol = value.GetString();
                    break;
                case "hostIp" when value.ValueKind == JsonValueKind.String && PortText.IsAddress(value.GetString()!):
                    hostIp = value.GetString();
                    break;
                case "protocol" or "hostIp" or "hostPort" when value.ValueKind == JsonValueKind.Null:
                    break;
                default:
                    return (null, "must have objects of containerPort and hostPort (1 to 65535), "
                        + $"protocol ({string.Join(", ", PortText.Protocols)}) and hostIp (an IP address), and nothing else.");
            }
        }

        return containerPort is { } known
            ? ([new PublishedPort(known, protocol ?? "tcp", hostIp, hostPort)], null)
            : (null, "must have a containerPort in each object.");
    }

    private static bool IsPort(JsonElement value, out int port)
    {
        port = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out port) && port is >= 1 and <= 65535;
    }

    private static Field<T> Read<T>(JsonElement? json, Func<JsonElement, Field<T>> read)
    {
        try
        {
            return json is { } element ? read(element) : default;
        }
        catch (InvalidOperationException)
        {
            // JSON can escape half a surrogate pair, which no text holds.
            return new(default, "must be valid Unicode.");
        }
    }

    private static bool HasNul(string text) => text.Contains('\0', StringComparison.Ordinal);
}
