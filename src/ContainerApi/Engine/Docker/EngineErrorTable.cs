using System.Net;

namespace ContainerApi.Engine.Docker;

/// <summary>
/// The meaning of an engine's error by its status, the call's path without the version, and the text. The first row that matches
/// counts. Status 200 is an error inside a stream that began well. After the place where the text was seen, a row has the parameters that
/// can be to blame: the first one in the request.
/// </summary>
internal static class EngineErrorTable
{
    private const int Stream = 200;
    private const string All = "";
    private const string Build = "^/build$";
    private const string Create = "^/containers/create$";
    private const string Start = "/(re)?start$";
    private const string Transfer = "^/images/(create$|.*/push$)|^/distribution/";

    private const string Archive = "^/images/(load|create)$";

    /// <summary>What engines answer for an archive that is cut, or that has no image.</summary>
    private const string InvalidArchive =
        @"^Error processing tar file(?!.*no space left)|^archive/tar|^unexpected EOF$"
        + @"|(?:repositories|manifest\.json|index\.json|oci-layout): no such file";

    /// <summary>Faults of an archive's documents and layers (moby <c>image/tarexport</c>, <c>pkg/archive</c>).</summary>
    private const string InvalidImageArchive =
        @"^archive/tar|^evalSymlinksInScope|(?i)invalid (?:tar header|character|diffID|manifest|checksum|reference format|digest|image ID|JSON)"
        + @"|json: cannot unmarshal|unexpected end of JSON|layers length mismatch|unsupported digest|(?:gzip|zstd|xz|bzip2)\b.*: (?:invalid|corrupt)"
        + @"|^EOF$|unexpected EOF"
        + @"|^(?:open|lstat|stat|read|readlink) (?:\(path\)|\S*manifest\.json)\S*: (?:no such file|not a directory|is a directory|too many levels)";

    /// <summary>BuildKit names its frontend <c>dockerfile.v0</c> in all its errors.</summary>
    private const string InvalidDockerfile =
        @"(?<!frontend )(?i:dockerfile)|(?i:dockerfile)(?!\.v0)|build stage|target stage|outside the build context";

    /// <summary>What registries and engines answer for missing or wrong credentials. An image's name can have none of these texts.</summary>
    private const string RegistryDenial = @"(?i)(?:(?:^|: )unauthorized\b|\b401 \(?unauthorized|\b403 \(?forbidden"
        + "|authentication (?:is )?required|no basic auth credentials|(?:access|is) denied|denied: |authorization failed|insufficient_scope)"
        + "(?<!denied by plugin.*)";

    /// <summary>Go's errors of a connection to a registry, and the registry's own failures.</summary>
    private const string RegistryFailure = @"(?i)dial tcp|proxyconnect|no such host|connection re(?:fused|set)|i/o timeout|handshake timeout"
        + @"|Client\.Timeout|deadline exceeded|: EOF$|x509: |: tls: |server gave HTTP response|toomanyrequests|status\b.*[: ](?:429|5\d\d) ";

    /// <summary>An address of a registry's API or of its tokens, which distinguishes a base image from other downloads of a build.</summary>
    private const string InRegistryCall =
        @"(?s)^(?=.*(?:/v2/(?:""|\S*/(?:manifests|blobs)/)|/token\b|oauth token|anonymous token|access denied, repository"
        + "|failed to resolve|pulling from host))";

    /// <summary>What a builder cannot do: flags of newer Dockerfiles, sub-directories of git, git itself, SSH without the client's agent.</summary>
    private const string UnsupportedInBuild =
        "(?s)requires BuildKit|(?i:unknown flag): (?:--)?(?:chmod|checksum|device|exclude|keep-git-dir|link|mount|network|parents|security"
        + @"|start-interval|unpack)\b|subdir not supported yet|(?:init repo|repository|remote) .*""git"": executable file not found"
        + "|unknown scheme git: not found$|no SSH key \"[^\"]*\" forwarded from the client$|security\\.insecure is not allowed$";

    /// <summary>What the builders answer for a remote context that they cannot fetch.</summary>
    private const string RemoteContextFailure =
        "error downloading remote context|^error fetching: |failed to (?:read downloaded context|resolve httpcontext|fetch remote)"
        + "|error fetching default branch|repository does not contain ref";

    private static readonly IReadOnlyList<Row> Rows =
    [
        new([Stream, 400, 500], Build, UnsupportedInBuild, ErrorCode.FeatureUnsupported, "Docker 20.10, 28.5, 29.9-dev"),
        new([Stream, 500], Build, RemoteContextFailure, ErrorCode.InvalidContext, "Docker 20.10, 28.5"),
        new([Stream, 500], Build, InRegistryCall + ".*?(?:" + RegistryFailure + ")", ErrorCode.RegistryUnavailable, "Docker 20.10, 28.5"),
        new([Stream, 500], Build, InRegistryCall + ".*?(?:" + RegistryDenial + ")", ErrorCode.RegistryUnauthorized, "Docker 20.10, 28.5"),
        new([Stream, 400, 500], Build, "Error processing tar file|archive/tar", ErrorCode.InvalidContext, "Docker 20.10 (500), 28.5 (400)"),
        new([Stream, 400, 500], Build, "(?:build|target) stage .*not (?:be )?found|failed to reach build target", ErrorCode.InvalidDockerfile,
            "Docker 20.10, 28.5", "target"),
        // Engine 20.10 builds the image and then cannot read it.
        new([Stream, 500], All, "operating system is not supported", ErrorCode.InvalidRequest, "Docker 20.10", "platform"),
        new([400, 500], Build, "(?i)unknown operating system|invalid platform", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "platform"),
        // The classic builder creates a container for each command.
        new([Stream], Build, @"^network \S+ not found$", ErrorCode.NotFound, "Docker 20.10", "network"),
        new([Stream], Build, "^No such container: ", ErrorCode.ContainerNotFound, "Docker 20.10", "network"),
        new([Stream], Build, "^cannot join network of a non running container", ErrorCode.Conflict, "Docker 20.10", "network"),
        new([Stream], Build, "^Minimum memory limit", ErrorCode.InvalidRequest, "Docker 20.10", "memory"),
        new([Stream], Build, "^cgroup-parent for systemd cgroup", ErrorCode.InvalidRequest, "moby's source", "cgroupParent"),
        new([Stream], Build, "^(?:failed to create |OCI runtime ).*: error setting rlimit", ErrorCode.InvalidRequest, "Docker 20.10", "ulimits"),
        new([Stream, 400, 500], Build, InvalidDockerfile, ErrorCode.InvalidDockerfile, "Docker 20.10 (500), 28.5 (400)"),
        new([Stream, 400, 500], Build, "unexpected EOF", ErrorCode.InvalidContext, "Docker 20.10"),
        new([500], Build, All, ErrorCode.EngineError, "all"),
        new([Stream, 400, 500], Archive, InvalidArchive, ErrorCode.InvalidArchive, "Docker 20.10 (load 200, import 500)"),
        new([Stream, 400, 500], "^/images/load$", InvalidImageArchive, ErrorCode.InvalidArchive, "Docker 20.10 to 28.5"),
        new([Stream, 500], Transfer, RegistryFailure, ErrorCode.RegistryUnavailable, "Docker, Podman 5.4"),
        // A registry that hides what exists makes the engine answer 404 with "access denied".
        new([Stream, 401, 403, 404, 500], Transfer, RegistryDenial, ErrorCode.RegistryUnauthorized, "Docker, Podman 5.4"),
        new([Stream], Transfer, "(?i)not found|manifest unknown|name unknown", ErrorCode.ImageNotFound, "registries"),
        new([Stream], Transfer, "does not exist", ErrorCode.ImageNotFound, "Docker 20.10, push"),
        new([Stream, 404, 500], Transfer, "(?i)does not match the specified platform|no match(?:ing manifest)? for ", ErrorCode.ImageNotFound,
            "Docker 26.1, registries", "platform"),
        new([400, 500], Transfer, "(?i)unknown operating system|invalid platform", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "platform"),

        new([400, 500], All, "(?i:multiple IDs found with provided prefix)", ErrorCode.AmbiguousReference, "Docker 20.10 (500), later (400)"),
        new([400, 500], All, "more than one result for container", ErrorCode.AmbiguousReference, "Podman 5.4"),
        // An IPv6 registry is a valid reference that older engines do not parse.
        new([400, 500], "^/(?:images/|commit|containers/create)", "invalid reference format", ErrorCode.InvalidReference, "Docker"),
        new([400], Create, "(?i)memory limit", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "memory"),
        new([400], Create, "^Range of CPUs", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "cpus"),
        new([400], Create, "(?i)network mode|user defined networks", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "networkMode"),
        new([400], Create, "(?i)no command specified", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "command", "image"),
        new([400], Create, "(?i)working directory", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "workingDirectory"),
        new([400], Create, "(?i)hostname", ErrorCode.InvalidRequest, "Docker 20.10 to 28.5", "hostname"),
        new([400, 500], "/kill$", "(?i)signal", ErrorCode.InvalidRequest, "Docker 20.10 (500: a number), Podman 5.4", "signal"),
        new([400], "^/commit$", All, ErrorCode.InvalidRequest, "all", "changes"),
        new([400], "/rename$", All, ErrorCode.InvalidRequest, "all", "name"),
        new([400, 500], Start, "^" + EngineErrors.CannotStart, ErrorCode.InvalidRequest, "Docker (400), Podman 5.4",
            "entrypoint", "command", "image"),
        new([400, 500], Start, "unable to find (user|group) ", ErrorCode.InvalidRequest, "Docker 20.10 (500), later", "user", "image"),
        new([400], All, All, ErrorCode.InvalidRequest, "all"),
        new([401, 403], All, All, ErrorCode.Forbidden, "authorization plugins"),
        new([404], Create, "(?i)image", ErrorCode.ImageNotFound, "all"),
        new([404], Create, "(?i)network .*not found", ErrorCode.NotFound, "Docker", "networkMode"),
        new([404], Create, All, ErrorCode.NotFound, "all"),
        new([404], "^/(images|distribution)/", All, ErrorCode.ImageNotFound, "all"),
        // A start answers 404 for a missing network, too.
        new([404, 500], "^/(containers/|commit)", "(?i)no such container", ErrorCode.ContainerNotFound, "Docker 28.5 (500: network of a container)"),
        new([404, 405], "^/grpc$", All, ErrorCode.FeatureUnsupported, "programs without BuildKit"),
        new([404], Start, "network .*not found", ErrorCode.NotFound, "Docker", "networkMode"),
        new([404], All, All, ErrorCode.NotFound, "all"),
        new([409], "^/containers/(create|[^/]+/rename)$", "is already in use by container", ErrorCode.NameInUse, "Docker"),
        new([409, 500], All, "is not running|can only kill running containers", ErrorCode.ContainerNotRunning, "Docker 20.10 (500: top), Podman 5.4"),
        new([409], "^/containers/[^/]+$", "cannot remove .*(running|paused|restarting)", ErrorCode.ContainerRunning, "Docker 20.10, 28.5"),
        new([409], "^/images/", "using its referenced image|image is being used|has dependent child images", ErrorCode.ImageInUse, "Docker"),
        new([409], "^/images/", "image is in use by a container", ErrorCode.ImageInUse, "Podman 5.4"),
        new([409, 500], Start, "cannot join network of a non running container", ErrorCode.Conflict, "Docker 20.10 (500: restart)", "networkMode"),
        new([409], All, All, ErrorCode.Conflict, "all"),
        new([501], All, All, ErrorCode.FeatureUnsupported, "all"),

        new([500], All, "that name is already in use$", ErrorCode.NameInUse, "Podman 5.4"),
        new([500], "/rename$", "UNIQUE constraint failed: ContainerConfig.Name$", ErrorCode.NameInUse, "Podman 5.4"),
        new([500], All, "^top can only be used on running containers$", ErrorCode.ContainerNotRunning, "Podman 5.4"),
        new([500], All, ": network not found$", ErrorCode.NotFound, "Podman 5.4", "networkMode", "network"),
        new([500], All, "cannot be removed without force: container state improper$", ErrorCode.ContainerRunning, "Podman 5.4"),
        new([500], "^/commit$", "applying changes: ", ErrorCode.InvalidRequest, "Podman 5.4", "changes"),

        // A working directory that is a file, or below one.
        new([500], Create, "(?i)^cannot mkdir: |^lstat .*not a directory$", ErrorCode.InvalidRequest, "Docker 20.10", "workingDirectory"),
        new([500], Start, "cannot assign requested address", ErrorCode.InvalidRequest, "Docker 20.10, an address of another host", "ports"),
        new([500], All, "\"ps\": executable file not found", ErrorCode.FeatureUnsupported, "hosts without ps"),
        new([500], All, "port is already allocated|address already in use", ErrorCode.PortInUse, "Docker, Podman 5.4"),
        new([500], "^/images/(.+/)?get$", "empty export - not implemented", ErrorCode.FeatureUnsupported, "Docker 20.10, an image without layers",
            "reference"),
        new([500], "^/images/create$", "(?i)manifest unknown|name unknown", ErrorCode.ImageNotFound, "Docker"),
    ];

    /// <summary>The meaning of an error answer, and the parameters that can be to blame.</summary>
    /// <returns><see cref="ErrorCode.EngineError"/> for an unknown error.</returns>
    public static (ErrorCode Code, IReadOnlyList<string> Fields) Find(HttpStatusCode status, string path, string message) =>
        Search((int)status, path, message) is { } row ? (row.Kind, row.Fields) : (ErrorCode.EngineError, []);

    /// <summary>Whether a build that began failed because of its Dockerfile, its context or a parameter; null where the message names none.</summary>
    public static (ErrorCode Code, string? Field)? FindInBuild(string message) =>
        Search(Stream, "/build", message) is { } row ? (row.Kind, row.Fields is [var field, ..] ? field : null) : null;

    /// <summary>
    /// Whether a step failed because of a registry, a missing feature of the builder, or a parameter; null for any other reason.
    /// </summary>
    public static (ErrorCode Code, string? Field)? FindInStep(string message) => FindInBuild(message) is { } cause
        && (cause.Code == ErrorCode.RegistryUnavailable || cause.Code == ErrorCode.RegistryUnauthorized || cause.Code == ErrorCode.FeatureUnsupported
            || (cause.Field is not null && cause.Code != ErrorCode.InvalidDockerfile)) ? cause : null;

    private static Row? Search(int status, string path, string message) =>
        Rows.FirstOrDefault(r => r.Statuses.Contains(status) && r.IsMatch(path, message));

    private sealed record Row(int[] Statuses, string Path, string Text, ErrorCode Kind, string SeenOn, params IReadOnlyList<string> Fields)
    {
        private readonly Regex _path = new(Path, RegexOptions.CultureInvariant);
        private readonly Regex _text = new(Text, RegexOptions.CultureInvariant);

        public bool IsMatch(string path, string message) => _path.IsMatch(path) && _text.IsMatch(message);
    }
}
