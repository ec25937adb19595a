using System.Net;
using System.Net.Sockets;
using ContainerApi.Engine.Docker.Wire;
using ContainerApi.Tls;
using Grpc.Core;

namespace ContainerApi.Engine.Docker;

/// <summary>Translates an engine's error answers and failed connections to <see cref="EngineException"/>.</summary>
internal static partial class EngineErrors
{
    public const string CannotStart = "The container's command cannot be started: ";

    private const int MaxMessageLength = 1000;

    /// <summary>The search for paths takes time in proportion to the square of the length.</summary>
    private const int MaxSearchedLength = 4 * MaxMessageLength;

    /// <summary>ENOENT: <see cref="SocketError"/> has no value for it.</summary>
    private const int FileNotFound = 2;

    /// <summary>Translates an answer of 400 or more. <paramref name="path"/> is the call's path without the version.</summary>
    public static EngineException FromResponse(string engine, string path, HttpStatusCode status, string body)
    {
        var text = MessageOf(body);
        // The program's path is the container's.
        var message = path.EndsWith("start", StringComparison.Ordinal) && NoProgram.Match(text) is { Success: true } no
            ? Cut($"{CannotStart}{no.Groups["program"].Value}: {no.Groups["reason"].Value}.")
            : Forcible.Replace(Clean(text), "$0 Use force=true.");
        // Go's net/http has no other sign of a TLS port.
        if (status == HttpStatusCode.BadRequest && message.Contains("HTTP request to an HTTPS server", StringComparison.Ordinal))
        {
            return new EngineException(
                ErrorCode.EngineUnavailable, engine, "The engine cannot be reached: it requires TLS, which is not configured (Engines:N:Tls).");
        }

        // An engine that refuses the version that was just negotiated has no version in common with this service.
        var (kind, fields) = IsVersionMismatch(status, body) ? (ErrorCode.FeatureUnsupported, []) : EngineErrorTable.Find(status, path, message);
        return new EngineException(kind, engine, message.Length > 0 ? message : $"The engine returned status {(int)status}.") { Fields = fields };
    }

    public static EngineException FromTransport(string engine, Exception exception)
    {
        if (TlsClient.ReasonOf(exception) is { } refusal)
        {
            return new EngineException(ErrorCode.EngineUnavailable, engine, $"The engine cannot be reached: {refusal}.", exception);
        }

        if (exception is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
            or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded })
        {
            return InvalidResponse(engine, exception);
        }

        var socket = exception as SocketException ?? (exception.InnerException as SocketException)
            ?? exception.InnerException?.InnerException as SocketException;
        var reason = socket?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.AddressNotAvailable => "its socket does not exist",
            SocketError.AccessDenied => "permission denied",
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "its host name cannot be resolved",
            SocketError.TimedOut => "the connection timed out",
            SocketError.NetworkUnreachable or SocketError.HostUnreachable => "no route to its host",
            null when exception.InnerException is TimeoutException => "the connection timed out",
            _ when socket?.NativeErrorCode == FileNotFound => "its socket does not exist",
            _ => "the connection was lost",
        };
        return new EngineException(ErrorCode.EngineUnavailable, engine, $"The engine cannot be reached: {reason}.", exception);
    }

    /// <summary>Translates a failed call of BuildKit's control service. One without an exception is BuildKit's own answer.</summary>
    public static EngineException FromBuildKit(string engine, RpcException exception) => exception.Status.DebugException switch
    {
        null => new EngineException(ErrorCode.EngineError, engine, Clean(exception.Status.Detail), exception),
        HttpRequestException or IOException => FromTransport(engine, exception.Status.DebugException),
        _ => InvalidResponse(engine, exception),
    };

    public static EngineException InvalidResponse(string engine, Exception inner) =>
        new(ErrorCode.EngineError, engine, "The engine returned an invalid response.", inner);

    /// <summary>A pull, push, load or import that failed after the engine had answered 200.</summary>
    public static EngineException FromTransfer(string engine, string path, WireError error)
    {
        var message = Clean(error.Message ?? "");
        var (kind, fields) = EngineErrorTable.Find(HttpStatusCode.OK, path, message);
        return new EngineException(kind, engine, message.Length > 0 ? message : "The transfer failed.") { Fields = fields };
    }

    /// <summary>
    /// Whether the engine refuses the negotiated API version because another version replaced it. Older engines answer "too new",
    /// newer ones "too old", some as plain text.
    /// </summary>
    public static bool IsVersionMismatch(HttpStatusCode status, string body) =>
        status == HttpStatusCode.BadRequest
        && body.Contains("client version", StringComparison.OrdinalIgnoreCase)
        && (body.Contains("too old", StringComparison.OrdinalIgnoreCase) || body.Contains("too new", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a change was refused because the container is as requested, or because another removal of it is in progress.</summary>
    public static bool IsAlreadySo(EngineException exception) => AlreadySo.IsMatch(exception.Message);

    /// <summary>
    /// Redacts paths of the engine's host, removes what stands before the reason, control characters and the slash before a container's
    /// name, and truncates.
    /// </summary>
    public static string Clean(string message)
    {
        var searched = message.Length <= MaxSearchedLength ? message : message[..MaxSearchedLength];
        return Cut(SlashOfName.Replace(HostPath.Replace(Preamble.Replace(searched, ""), "(path)"), ""));
    }

    /// <summary>Removes control characters and truncates. Keeps paths: for text of the Dockerfile, whose paths are the container's.</summary>
    public static string Cut(string message)
    {
        var text = ControlCharacters.Replace(message.Trim(), " ");
        return text.Length <= MaxMessageLength ? text : text[..MaxMessageLength] + "…";
    }

    /// <summary>
    /// Whether the message is about an instruction that builders check only when they run it (FROM, EXPOSE, STOPSIGNAL, COPY --from,
    /// WORKDIR, ENV). Only for the builder's own messages, since a step may print the same text. Seen on engines 20.10 to 28.5.
    /// </summary>
    public static bool IsLateFaultOfDockerfile(string message) => LateFaultOfDockerfile.IsMatch(message);

    [GeneratedRegex(
        @"(?:^|: )(?:(?i:invalid (?:reference format|containerPort|hostPort|proto|signal|stage index|from flag value \S+: (?:index|refers) )"
        + "|failed to parse stage name|cannot normalize nothing)|[A-Z]{3,} (?:must have|requires|names can) )",
        RegexOptions.CultureInvariant)]
    private static partial Regex LateFaultOfDockerfile { get; }

    private static string MessageOf(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            // Podman's push answers an error with the member "error", as the streams of transfers do.
            return document.RootElement.ValueKind == JsonValueKind.Object
                && (document.RootElement.TryGetProperty("message", out var message) || document.RootElement.TryGetProperty("error", out message))
                && message.ValueKind == JsonValueKind.String
                ? message.GetString()!
                : "";
        }
        catch (JsonException)
        {
            return body;
        }
    }

    /// <summary>Reads at most 64 KiB of an error answer.</summary>
    public static async Task<string> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>Paths below the engine's data and run folders, and its temporary folders of builds and archives.</summary>
    [GeneratedRegex(
        @"(/var/(lib|run|tmp)|/run|/tmp|/etc|/root|/home)/[^\s:""',;)]+"
        + @"|\S*/(docker-builder|buildkit|overlay2|containers)[^/\s]*/[^\s:""',;)]+"
        + @"|/\S*?/(docker-(import|export)-|GetImageBlob)[^\s:""',;)]*"
        + "|(?<=^evalSymlinksInScope: ).*")]
    private static partial Regex HostPath { get; }

    [GeneratedRegex("""(?<=\b[Cc]ontainer:? (?:name )?["']?)/(?=[A-Za-z0-9][A-Za-z0-9_.-]*(?:["'\s:,]|$))""", RegexOptions.CultureInvariant)]
    private static partial Regex SlashOfName { get; }

    /// <summary>
    /// Engine 20.10 inspects a missing image: "no such image: app: No such image: app:latest". The endpoint is that of a container that is
    /// removed again.
    /// </summary>
    [GeneratedRegex(
        @"^(?:no such image: .*: (?=No such image: )|driver failed programming external connectivity on endpoint \S+ \([0-9a-f]{64}\): )",
        RegexOptions.CultureInvariant)]
    private static partial Regex Preamble { get; }

    /// <summary>The removal of an image in use and of a running container. Others "cannot be forced". Seen on engines 20.10 to 28.5.</summary>
    [GeneratedRegex(@"^.*(?:\(must (?:be forced|force)\).*|or force remove)$", RegexOptions.CultureInvariant)]
    private static partial Regex Forcible { get; }

    [GeneratedRegex("is already in progress|is already paused|same name as its current name")]
    private static partial Regex AlreadySo { get; }

    /// <summary>runc's error for a command that is no program of the container.</summary>
    [GeneratedRegex(
        "exec: (?<program>\"[^\"]*\"): (?:stat [^:]*: )?"
        + "(?<reason>executable file not found|no such file or directory|not a directory|permission denied|is a directory)")]
    private static partial Regex NoProgram { get; }

    [GeneratedRegex(@"[\u0000-\u001f\u007f]+")]
    private static partial Regex ControlCharacters { get; }
}
