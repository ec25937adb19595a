using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ContainerApi.Engine.Docker.Transport;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>What the engine, or the way to it, says went wrong, in our words. The only place that reads its errors.</summary>
internal static partial class EngineErrors
{
    private const int MaxMessageLength = 1000;

    /// <summary>From an answer of 400 or more. <paramref name="path"/> is the call's path without the version.</summary>
    public static EngineException FromResponse(string engine, HttpMethod method, string path, HttpStatusCode status, string body)
    {
        var message = Clean(MessageOf(body));
        if (status == HttpStatusCode.BadRequest && message.Contains("HTTP request to an HTTPS server", StringComparison.Ordinal))
        {
            return new EngineException(EngineErrorKind.Unavailable, engine, "The engine cannot be reached: it speaks TLS, and is configured here without.");
        }

        if (IsVersionMismatch(status, body))
        {
            // Negotiated a moment ago, and refused all the same: it speaks nothing that we do.
            return new EngineException(EngineErrorKind.Unsupported, engine, message);
        }

        return new EngineException(KindOf(method, path, (int)status, message), engine, message.Length > 0 ? message : $"The engine answered {(int)status}.");
    }

    public static EngineException FromTransport(string engine, Exception exception)
    {
        if (EngineTls.ReasonOf(exception) is { } refusal)
        {
            return new EngineException(EngineErrorKind.Unavailable, engine, $"The engine cannot be reached: {refusal}.", exception);
        }

        var socket = exception as SocketException ?? exception.InnerException as SocketException
            ?? exception.InnerException?.InnerException as SocketException;
        var reason = socket?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.AddressNotAvailable => "its socket does not exist",
            SocketError.AccessDenied => "permission denied",
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "its host name is not known",
            SocketError.TimedOut => "the connection timed out",
            SocketError.NetworkUnreachable or SocketError.HostUnreachable => "no way to its host",
            null when exception.InnerException is TimeoutException => "the connection timed out",
            // ENOENT has no name of its own among the socket errors.
            _ when socket?.NativeErrorCode == 2 => "its socket does not exist",
            _ => "the connection broke",
        };
        return new EngineException(EngineErrorKind.Unavailable, engine, $"The engine cannot be reached: {reason}.", exception);
    }

    public static EngineException NotAnAnswer(string engine, Exception inner) =>
        new(EngineErrorKind.Failed, engine, "The engine answered with something that is not an answer.", inner);

    /// <summary>A pull or push that failed after the engine had answered 200: the registry's refusal, in the engine's words.</summary>
    public static EngineException FromTransfer(string engine, WireError error)
    {
        var message = Clean(error.Message ?? "");
        var kind = message.Contains("not found", StringComparison.OrdinalIgnoreCase) || IsUnknownToRegistry(message)
            // A push of what is not there.
            || message.Contains("does not exist", StringComparison.Ordinal)
            // How engine 26.1 says that the registry has it for another platform alone.
            || message.Contains("does not match the specified platform", StringComparison.Ordinal) ? EngineErrorKind.ImageNotFound
            : IsRegistryDenial(message) ? EngineErrorKind.Denied
            : EngineErrorKind.Failed;
        return new EngineException(kind, engine, message.Length > 0 ? message : "The transfer failed.");
    }

    /// <summary>
    /// Whether the engine refuses the API version that we negotiated: it was replaced meanwhile. Older ones say "too new",
    /// newer ones "too old", partly as plain text.
    /// </summary>
    public static bool IsVersionMismatch(HttpStatusCode status, string body) =>
        status == HttpStatusCode.BadRequest
        && body.Contains("client version", StringComparison.OrdinalIgnoreCase)
        && (body.Contains("too old", StringComparison.OrdinalIgnoreCase) || body.Contains("too new", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a removal was refused because another one is at work on the same container.</summary>
    public static bool IsRemovalInProgress(EngineException exception) =>
        exception.Kind == EngineErrorKind.Conflict && exception.Message.Contains("is already in progress", StringComparison.Ordinal);

    /// <summary>Removes paths of the engine's host and control characters, and cuts what is long.</summary>
    public static string Clean(string message)
    {
        return Cut(HostPath.Replace(message, "(path)"));
    }

    /// <summary>For text that the caller wrote, a command of the Dockerfile: its paths are the container's and stay.</summary>
    public static string Cut(string message)
    {
        var text = ControlCharacters.Replace(message.Trim(), " ");
        return text.Length <= MaxMessageLength ? text : text[..MaxMessageLength] + "…";
    }

    private static EngineErrorKind KindOf(HttpMethod method, string path, int status, string message) => status switch
    {
        400 or 500 when path == "/build" => KindOfBuild(status, message),
        // An ambiguous id prefix: 500 of Docker 20.10 and of Podman 5.4, 400 of later Docker engines.
        400 or 500 when AmbiguousPrefix.IsMatch(message) => EngineErrorKind.Conflict,
        400 => EngineErrorKind.Invalid,
        401 or 403 => EngineErrorKind.Denied,
        404 when path.StartsWith("/containers/create", StringComparison.Ordinal) || path.StartsWith("/images/", StringComparison.Ordinal) =>
            message.Contains("image", StringComparison.OrdinalIgnoreCase) || path.StartsWith("/images/", StringComparison.Ordinal)
                ? EngineErrorKind.ImageNotFound
                : EngineErrorKind.NotFound,
        // 500 is how engine 28.5 says it of a container whose network is to be joined. A network that is missing is a 404 of a container's start, too.
        404 or 500 when (path.StartsWith("/containers/", StringComparison.Ordinal) || path.StartsWith("/commit", StringComparison.Ordinal))
            && message.Contains("no such container", StringComparison.OrdinalIgnoreCase) => EngineErrorKind.ContainerNotFound,
        // What has no sessions has no BuildKit: another program that speaks the Engine API.
        404 or 405 when path == "/session" => EngineErrorKind.Unsupported,
        404 => EngineErrorKind.NotFound,
        409 when message.Contains("is already in use by container", StringComparison.Ordinal) && method == HttpMethod.Post => EngineErrorKind.NameInUse,
        409 when message.Contains("is not running", StringComparison.Ordinal) => EngineErrorKind.NotRunning,
        500 when OfPodman(path, message) is { } kind => kind,
        409 => EngineErrorKind.Conflict,
        501 => EngineErrorKind.Unsupported,
        // Top on a stopped container is a 500 on engine 20.10, a 409 later.
        500 when message.Contains("is not running", StringComparison.Ordinal) => EngineErrorKind.NotRunning,
        // Top on a host that has no ps.
        500 when message.Contains("\"ps\": executable file not found", StringComparison.Ordinal) => EngineErrorKind.Unsupported,
        // The port belongs to another container, or to another program of the engine's host.
        500 when PortTaken.IsMatch(message) => EngineErrorKind.Conflict,
        // References are validated before they come here; what this service knows and an older engine does not (an IPv6 host) ends here.
        500 when message.Contains("invalid reference format", StringComparison.Ordinal) => EngineErrorKind.Invalid,
        500 when path.StartsWith("/images/create", StringComparison.Ordinal) && IsUnknownToRegistry(message) => EngineErrorKind.ImageNotFound,
        500 when path.StartsWith("/images/create", StringComparison.Ordinal) && IsRegistryDenial(message) => EngineErrorKind.Denied,
        _ => EngineErrorKind.Failed,
    };

    /// <summary>What Docker has statuses for and Podman (5.4) answers with 500 alone; null where it is that for Docker, too.</summary>
    private static EngineErrorKind? OfPodman(string path, string message) =>
        message.EndsWith("that name is already in use", StringComparison.Ordinal) ? EngineErrorKind.NameInUse
        : message == "top can only be used on running containers" ? EngineErrorKind.NotRunning
        : message.EndsWith(": network not found", StringComparison.Ordinal) ? EngineErrorKind.NotFound
        : message.EndsWith("cannot be removed without force: container state improper", StringComparison.Ordinal) ? EngineErrorKind.Conflict
        : path.EndsWith("/start", StringComparison.Ordinal) && message.Contains("executable file not found in $PATH", StringComparison.Ordinal) ? EngineErrorKind.Invalid
        : path == "/commit" && message.Contains("applying changes: ", StringComparison.Ordinal) ? EngineErrorKind.Invalid
        : path.EndsWith("/push", StringComparison.Ordinal) && IsRegistryDenial(message) ? EngineErrorKind.Denied
        : null;

    /// <summary>A build that was refused. Engine 20.10 answers 500 for a missing Dockerfile and for a broken archive.</summary>
    private static EngineErrorKind KindOfBuild(int status, string message) =>
        KindOfFailedBuild(message) ?? (status == 400 ? EngineErrorKind.Invalid : EngineErrorKind.Failed);

    /// <summary>Whether a build failed because of its Dockerfile or its context; null where the message blames neither.</summary>
    public static EngineErrorKind? KindOfFailedBuild(string message)
    {
        if (message.Contains("Error processing tar file", StringComparison.Ordinal)
            || message.Contains("archive/tar", StringComparison.Ordinal))
        {
            return EngineErrorKind.InvalidContext;
        }

        // BuildKit names its frontend, whatever went wrong in it.
        message = message.Replace("frontend dockerfile.v0", "", StringComparison.Ordinal);
        if (message.Contains("dockerfile", StringComparison.OrdinalIgnoreCase)
            || message.Contains("build stage", StringComparison.Ordinal)
            || message.Contains("target stage", StringComparison.Ordinal)
            || message.Contains("outside the build context", StringComparison.Ordinal))
        {
            return EngineErrorKind.InvalidDockerfile;
        }

        return message.Contains("unexpected EOF", StringComparison.Ordinal) ? EngineErrorKind.InvalidContext : null;
    }

    /// <summary>
    /// Whether that was wrong with a Dockerfile which shows only when its steps are made: the name of a base, <c>EXPOSE</c>,
    /// <c>STOPSIGNAL</c>, <c>COPY --from</c>, <c>WORKDIR</c>, <c>ENV</c>. Of the builder's own words alone: a step may print them, too. The
    /// classic builder and BuildKit of engines 20.10 to 28.5.
    /// </summary>
    public static bool IsLateFaultOfDockerfile(string message) => LateFaultOfDockerfile.IsMatch(message);

    [GeneratedRegex(@"(?:^|: )(?:(?i:invalid (?:reference format|containerPort|hostPort|proto|signal|stage index|from flag value)|failed to parse stage name|cannot normalize nothing)|[A-Z]{3,} (?:must have|requires|names can) )", RegexOptions.CultureInvariant)]
    private static partial Regex LateFaultOfDockerfile { get; }

    /// <summary>What registries say of an image that they do not have; the engine makes a 404 of it for some of them only.</summary>
    private static bool IsUnknownToRegistry(string message) =>
        message.Contains("manifest unknown", StringComparison.OrdinalIgnoreCase)
        || message.Contains("name unknown", StringComparison.OrdinalIgnoreCase);

    /// <summary>What registries and the engine say where credentials are missing or wrong.</summary>
    private static bool IsRegistryDenial(string message) =>
        message.Contains("unauthorized", StringComparison.OrdinalIgnoreCase)
        || message.Contains("authentication required", StringComparison.OrdinalIgnoreCase)
        || message.Contains("no basic auth credentials", StringComparison.OrdinalIgnoreCase)
        || message.Contains("denied", StringComparison.OrdinalIgnoreCase);

    private static string MessageOf(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            // Podman's push says "error" in a refusal, too, as transfers do in mid-stream.
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

    /// <summary>Reads at most 64 KiB of an error answer: an engine's message is a line, anything longer is not one.</summary>
    public static async Task<string> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>Paths below the engine's data and run folders, and its temporary build folders.</summary>
    [GeneratedRegex(@"(/var/(lib|run|tmp)|/run|/tmp|/etc|/root|/home)/[^\s:""',;)]+|\S*/(docker-builder|buildkit|overlay2|containers)\d*/[^\s:""',;)]+")]
    private static partial Regex HostPath { get; }

    [GeneratedRegex("(?i:multiple IDs found with provided prefix)|more than one result for container")]
    private static partial Regex AmbiguousPrefix { get; }

    [GeneratedRegex("port is already allocated|address already in use")]
    private static partial Regex PortTaken { get; }

    [GeneratedRegex(@"[\u0000-\u001f\u007f]+")]
    private static partial Regex ControlCharacters { get; }
}
