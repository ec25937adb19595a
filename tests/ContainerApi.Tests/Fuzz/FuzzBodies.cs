using System.Formats.Tar;
using System.IO.Compression;

namespace ContainerApi.Tests.Fuzz;

/// <summary>Request bodies: JSON with wrong fields, invalid JSON, truncated forms and archives.</summary>
internal sealed class FuzzBodies(FuzzValues values)
{
    private static readonly IReadOnlyList<string> OtherTypes =
    [
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"" + new string('b', 500) + "\"",
        "application/json; charset=utf-16", "application/json; charset=nonsense", "application/vnd.api+json", "application/octet-stream",
        "garbage", "a/b/c", "*/*", "application/json, text/plain",
    ];

    private static readonly string[] FileNames = ["Dockerfile", "src/main.c", "../../etc/passwd", "/etc/passwd", "a\\b"];

    /// <summary>Larger than the limit of buffered bodies; zeros.</summary>
    private static readonly byte[] Huge = new byte[40 * 1024 * 1024];

    public (string? Type, byte[]? Body) For(FuzzOperation operation)
    {
        var type = values.OneIn(10)
            ? values.Pick([.. OtherTypes, .. operation.BodyTypes])
            : values.Pick([.. operation.BodyTypes, "application/json"]);
        var body = values.OneIn(25) ? Garbage() : type switch
        {
            "multipart/form-data" => Form(ref type, operation),
            "text/x-dockerfile" => Encoding.UTF8.GetBytes(
                values.OneIn(3) ? "FROM scratch\nLABEL a=b\n" : "FROM " + values.Nasty() + "\n" + values.Nasty()),
            "application/json" => Json(operation),
            _ when type.StartsWith("application/", StringComparison.Ordinal) && operation.BodyTypes.Contains(type) => Packed(type),
            _ => values.OneIn(2) ? Json(operation) : Garbage(),
        };
        return values.OneIn(40) ? (type, null) : (type is "" ? null : type, body);
    }

    private byte[] Garbage() => values.OneIn(25) ? Huge : values.OneIn(3) ? [] : values.Bytes(values.Pick([1, 20, 512, 3000, 70_000]));

    private byte[] Json(FuzzOperation operation)
    {
        var document = operation.Example is { } example ? JsonNode.Parse(example.GetRawText())!.AsObject() : [];
        foreach (var field in operation.Fields.Where(_ => values.OneIn(4)))
        {
            document[field] = values.OneIn(2) ? values.Plausible(field) : Node(3);
        }

        if (values.OneIn(8))
        {
            document.Remove(values.Pick(operation.Fields));
        }

        if (values.OneIn(15))
        {
            document[values.Nasty()] = Node(2);
        }

        var text = document.ToJsonString();
        return values.OneIn(4) ? Broken(text) : Encoding.UTF8.GetBytes(text);
    }

    private JsonNode? Node(int depth)
    {
        switch (values.Pick(Enumerable.Range(0, 10).ToList()))
        {
            case 0: return null;
            case 1: return values.OneIn(2);
            case 2: return JsonNode.Parse(values.Pick(["0", "-1", "1.5", "1e400", "99999999999999999999999999", "2147483648"]));
            case 3 when depth > 0: return new JsonArray(Node(depth - 1), Node(depth - 1), values.Nasty());
            case 4 when depth > 0: return new JsonObject { [values.Nasty()] = Node(depth - 1), ["a"] = values.Nasty() };
            case 5: return new JsonArray();
            case 6: return new JsonObject();
            default: return values.Nasty();
        }
    }

    private byte[] Broken(string json) => values.Pick(Enumerable.Range(0, 9).ToList()) switch
    {
        0 => Encoding.UTF8.GetBytes(json[..(json.Length / 2)]),
        1 => Encoding.Unicode.GetBytes(json),
        2 => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(json)],
        3 => Encoding.UTF8.GetBytes(new string('[', 10_000)),
        4 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 200)),
        5 => Encoding.UTF8.GetBytes($"[{json}]"),
        6 => Encoding.UTF8.GetBytes(json + json),
        7 => [.. Encoding.UTF8.GetBytes(json[..^1]), 0xC3, 0x28, (byte)'}'],
        _ => Encoding.UTF8.GetBytes(values.Mutated(json)),
    };

    private byte[] Form(ref string type, FuzzOperation operation)
    {
        const string Boundary = "fuzz-boundary";
        type = $"multipart/form-data; boundary={(values.OneIn(10) ? "other" : Boundary)}";
        var form = new StringBuilder();
        for (var parts = values.Pick([0, 1, 2, 5]); parts > 0; parts--)
        {
            var name = values.OneIn(2) ? values.Pick(operation.Fields) : values.Nasty();
            form.Append("--").Append(Boundary).Append("\r\n");
            if (!values.OneIn(12))
            {
                form.Append($"Content-Disposition: form-data; name=\"{name}\"");
                form.Append(values.OneIn(2) ? "" : $"; filename=\"{values.Pick([.. FileNames, values.Nasty()])}\"").Append("\r\n");
            }

            form.Append("\r\n").Append(values.OneIn(2) ? values.Plausible(name) : values.Nasty()).Append("\r\n");
        }

        form.Append(values.OneIn(5) ? "" : $"--{Boundary}--\r\n");
        return Encoding.UTF8.GetBytes(form.ToString());
    }

    /// <summary>A small archive, valid or damaged, or bytes that begin like one.</summary>
    private byte[] Packed(string type)
    {
        if (values.OneIn(3))
        {
            byte[] magic = type switch
            {
                "application/gzip" => [0x1f, 0x8b, 8],
                "application/x-bzip2" => "BZh9"u8.ToArray(),
                "application/x-xz" => [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0],
                "application/zstd" => [0x28, 0xb5, 0x2f, 0xfd],
                _ => [],
            };
            return [.. magic, .. values.Bytes(values.Pick([0, 10, 512, 5000]))];
        }

        var archive = Archive();
        if (values.OneIn(2))
        {
            for (var n = values.Pick([1, 5, 50]); n > 0; n--)
            {
                archive[values.Bytes(1)[0] * archive.Length / 256] = values.Bytes(1)[0];
            }
        }

        archive = values.OneIn(4) ? archive[..(archive.Length * 2 / 3)] : archive;
        if (type != "application/gzip")
        {
            return archive;
        }

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(archive);
        }

        return values.OneIn(3) ? packed.ToArray()[..(int)(packed.Length / 2)] : packed.ToArray();
    }

    private byte[] Archive()
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            writer.WriteEntry(
                new PaxTarEntry(TarEntryType.RegularFile, "Dockerfile") { DataStream = new MemoryStream("FROM scratch\nLABEL a=b\n"u8.ToArray()) });
            var name = values.Pick(["a", "../a", "/a", "a/../../b", new string('n', 300), "é", "Dockerfile"]);
            writer.WriteEntry(values.OneIn(2)
                ? new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(values.Bytes(100)) }
                : new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = values.Pick(["/etc/passwd", "../../..", "a"]) });
        }

        return archive.ToArray();
    }
}
