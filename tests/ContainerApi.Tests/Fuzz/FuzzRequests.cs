namespace ContainerApi.Tests.Fuzz;

/// <summary>A request with its raw target, which is sent unchanged.</summary>
internal sealed record FuzzRequest(
    string Method, string Target, IReadOnlyList<(string Name, string Value)> Headers, string? ContentType, byte[]? Body)
{
    public HttpRequestMessage ToMessage(Uri server)
    {
        var exact = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var message = new HttpRequestMessage(new HttpMethod(Method), new Uri(server.GetLeftPart(UriPartial.Authority) + Target, exact));
        if (Body is not null)
        {
            message.Content = new ByteArrayContent(Body);
            // A body that is refused for its size is not sent.
            message.Headers.ExpectContinue = Body.Length > 1_000_000;
            if (ContentType is not null)
            {
                message.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
            }
        }

        foreach (var (name, value) in Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    public override string ToString() =>
        $"{Method} {Cut(Target)}{string.Concat(Headers.Select(h => $" [{h.Name}: {Cut(h.Value)}]"))}"
        + (Body is null ? "" : $" ({ContentType}, {Body.Length} bytes) {Cut(Encoding.Latin1.GetString(Body, 0, Math.Min(Body.Length, 300)))}");

    private static string Cut(string text) => System.Text.Json.JsonSerializer.Serialize(text.Length > 300 ? text[..300] + "…" : text);
}

/// <summary>Generates requests: each parameter and the body valid, invalid or missing.</summary>
internal sealed class FuzzRequests(FuzzValues values)
{
    private static readonly IReadOnlyList<string> OtherHeaders =
        ["Accept", "If-None-Match", "Cache-Control", "Last-Event-ID", "Accept-Encoding", "Range", "traceparent"];

    private readonly FuzzBodies _bodies = new(values);

    public FuzzRequest For(FuzzOperation operation)
    {
        var query = new List<string>();
        foreach (var name in operation.Queries.Where(_ => values.OneIn(Math.Max(2, operation.Queries.Count / 3))))
        {
            for (var times = values.OneIn(6) ? 3 : 1; times > 0; times--)
            {
                query.Add(values.OneIn(15) ? Encoded(name) : $"{name}={Encoded(ValueOf(name))}");
            }
        }

        if (values.OneIn(12))
        {
            query.Add($"{Encoded(values.Nasty())}={Encoded(values.Nasty())}");
        }

        var headers = new List<(string, string)>();
        foreach (var name in operation.Headers.Where(_ => values.OneIn(6)).Concat(values.OneIn(8) ? [values.Pick(OtherHeaders)] : []))
        {
            var value = values.OneIn(2) ? Convert.ToBase64String(Encoding.UTF8.GetBytes(values.Nasty())) : values.Nasty();
            headers.Add((name, FuzzValues.ToHeader(value)));
        }

        var (type, body) = operation.BodyTypes.Count > 0 ? _bodies.For(operation)
            : values.OneIn(20) ? ("application/json", values.Bytes(20))
            : (null, null);
        var target = PathOf(operation) + (query.Count > 0 ? "?" + string.Join('&', query) : "");
        return new FuzzRequest(
            operation.Method, FuzzValues.EncodeNotUtf8(target), headers, type, body is null ? null : FuzzValues.EncodeNotUtf8(body));
    }

    private string PathOf(FuzzOperation operation) => string.Join('/', operation.Path.Split('/').Select(segment =>
        segment is ['{', .. var name, '}'] ? Encoded(values.OneIn(3) ? values.Plausible(name) : values.Nasty()) : segment));

    private string ValueOf(string name) => values.OneIn(2) ? values.Plausible(name) : values.Nasty();

    /// <summary>Escapes a value: correctly, not at all, completely or twice.</summary>
    private string Encoded(string text)
    {
        if (values.OneIn(4))
        {
            return string.Concat(text.Where(c => c is > ' ' and < '\u007f' and not '#' and not '?'));
        }

        if (values.OneIn(12))
        {
            return string.Concat(Encoding.UTF8.GetBytes(text).Take(500).Select(b => $"%{b:x2}"));
        }

        return values.OneIn(12) ? Uri.EscapeDataString(Uri.EscapeDataString(text)) : Uri.EscapeDataString(text);
    }
}
