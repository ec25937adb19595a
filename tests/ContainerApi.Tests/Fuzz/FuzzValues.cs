namespace ContainerApi.Tests.Fuzz;

/// <summary>Random values, mostly invalid.</summary>
internal sealed class FuzzValues(Random random, IReadOnlyList<string> containers, string build)
{
    /// <summary>A character of values that becomes bytes that are not UTF-8 in the request.</summary>
    private const string NotUtf8 = "\uF8FF";

    /// <summary>The bytes of <see cref="NotUtf8"/> in a request, as Latin-1: a truncated sequence and a byte that UTF-8 does not have.</summary>
    private const string NotUtf8Bytes = "\u00C3(\u00FF";

    private const int MaxEncodedBody = 100_000;

    private const string Hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static readonly IReadOnlyList<string> Words =
    [
        "", " ", "\0", "a\0b", "\t", "a\r\nX-Injected: 1", "a\n\nGET /images/json HTTP/1.1", "\u0001\u001b[31m\u007f", "\u202Eabc", "\uFEFFa",
        "\uFFFD", "\uD800", NotUtf8, "a" + NotUtf8, "a=" + NotUtf8, NotUtf8 + "=b",
        ".", "..", "/", "//", "///a", "../", "../../etc/passwd", "..%2f..%2fimages%2fjson", "%2e%2e%2f", "%2e%2e/", "%00", "%", "%zz",
        "%c0%ae%c0%ae%c0%af", "%25252e",
        "a/../../images/json", "a/./b", "..\\..\\windows", "a%2f..%2f..%2fcontainers%2fjson", "/etc/passwd", "~root", "file:///etc/passwd",
        "a;b", "a?all=1", "a#b",
        "json", "create", "prune", "watch", "build", "tag", "pull", "get", "load", "search", "events", "local", "none", "host", "default",
        "0", "1", "-1", "00", "+1", " 1", "1 ", "1.5", "1e9", "1e400", "NaN", "0x10", "2147483648", "9223372036854775808",
        "99999999999999999999999", "１", "٣",
        "true", "TRUE", "yes", "false", "null", "undefined", "[]", "{}", "{\"a\":1}", "[null]", "\"", "'", "\\", "`id`", "$(id)",
        "${jndi:ldap://x/y}", "{0}", "%s%n",
        "'; DROP TABLE builds;--", "<script>alert(1)</script>", "*", ".*", "(a+)+$", "&force=1", "a&force=1&x=", "=", "a=", "=b", "a=b",
        "a=b=c", ",", ",,", "a,b", ":", "::", "a:b:c", "@", "|",
        "é", "e\u0301", "İ", "ﬃ", "👩‍👩‍👧", "日本語", "\u0000\u0000",
        "a b", "-a", "--privileged", ".a", "_a", "a.", "A", "Ünïcode",
        "busybox:latest/../../containers/json", "busybox@sha256:" + Hex64, "sha256:" + Hex64, "sha256:", Hex64, "latest@",
        "localhost:5000/x:y", "[::1]/x", "[::1]:5000/x", "x:y:z", "a/b/c/d/e/f", "docker.io/library/sha256:a",
        "01JZZZZZZZZZZZZZZZZZZZZZZZ", "9999-12-31T23:59:59Z", "linux/amd64", "linux/../..", "container:..", "container:json", "80/tcp",
        "0/tcp", "65536", "8080:80/sctp", "8000-9000:80-82", "1-99999:1-99999",
    ];

    private static readonly IReadOnlyList<int> Lengths = [63, 64, 65, 128, 129, 254, 255, 256, 257, 1024, 4096, 6000];

    /// <summary>A value that is likely to be invalid.</summary>
    public string Nasty() => random.Next(10) switch
    {
        < 5 => Pick(Words),
        5 => new string(random.Next(3) == 0 ? 'é' : 'a', Pick(Lengths)),
        6 => string.Concat(Enumerable.Repeat(Pick(["../", "a/", "%2f", "a:", "a,", "{", "(", "-"]), random.Next(1, 400))),
        7 => Characters(random.Next(1, 40)),
        8 => Mutated(Plausible("")),
        _ => Pick(Words) + Pick(Words),
    };

    /// <summary>A value that may be valid, by parameter name.</summary>
    public string Plausible(string name) => name.ToLowerInvariant() switch
    {
        "container" or "source" => Pick(containers),
        "build" => build,
        "networkmode" or "network" => "container:" + Pick(containers),
        "engine" => "local",
        "name" when random.Next(2) == 0 => "local",
        "image" or "reference" or "tag" => Pick(
            ["busybox:latest", "localhost:5000/team/app:v1", "app", "sha256:" + Hex64, Hex64[..12], "team/app@sha256:" + Hex64]),
        "limit" or "from" or "maxage" or "timeout" or "interval" => Pick(["0", "1", "5", "60"]),
        "format" => Pick(["json", "ndjson", "table", "csv", "text", "sse"]),
        "include" => Pick(["none", "processes", "network,usage"]),
        "fields" => Pick(["name", "name,network.rxBytes", "id,state"]),
        "sort" => Pick(["name", "-created", "-network.rxBytesPerSecond"]),
        "state" => Pick(["running", "exited", "succeeded", "failed"]),
        "port" => Pick(["80", "80/tcp"]),
        "label" or "buildarg" => Pick(["a", "a=b", "com.docker.compose.project=shop"]),
        "builder" => Pick(["auto", "classic", "buildkit"]),
        "pull" => Pick(["missing", "never", "always", "true"]),
        "dockerfile" => Pick(["Dockerfile", "FROM scratch\nLABEL a=b\n"]),
        "all" or "force" or "volumes" or "dangling" or "nocache" or "push" or "detach" or "stream" or "start" or "pause" or "stop" or "dryrun" =>
            Pick(["true", "false", "1"]),
        _ => Pick(["a", "1", "true", "busybox", "local", Pick(containers)]),
    };

    /// <summary>A text with one mutation.</summary>
    public string Mutated(string text)
    {
        var at = random.Next(text.Length + 1);
        return random.Next(3) switch
        {
            0 => text[..at] + Pick(Words) + text[at..],
            1 when text.Length > 0 => text.Remove(Math.Min(at, text.Length - 1), 1),
            _ => text + Characters(1),
        };
    }

    public static string EncodeNotUtf8(string target) => target.Replace("%EF%A3%BF", "%C3%28%FF", StringComparison.OrdinalIgnoreCase);

    /// <summary>A header in Latin-1, without characters that are not allowed in headers.</summary>
    public static string ToHeader(string value) =>
        string.Concat(value.Where(c => c is >= ' ' and < '\u007f' || c == NotUtf8[0])).Replace(NotUtf8, NotUtf8Bytes, StringComparison.Ordinal);

    public static byte[] EncodeNotUtf8(byte[] body) => body.Length > MaxEncodedBody ? body : Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(body)
        .Replace(JsonEncodedText.Encode(NotUtf8).ToString(), NotUtf8Bytes, StringComparison.Ordinal)
        .Replace(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(NotUtf8)), NotUtf8Bytes, StringComparison.Ordinal));

    public T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];

    public bool OneIn(int n) => random.Next(n) == 0;

    public byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Random characters, half of them below 128.</summary>
    private string Characters(int count)
    {
        var text = new StringBuilder();
        for (var n = 0; n < count; n++)
        {
            var rune = random.Next(random.Next(2) == 0 ? 0x80 : 0x10FFFF);
            text.Append(Rune.IsValid(rune) ? new Rune(rune).ToString() : "\uFFFD");
        }

        return text.ToString();
    }
}
