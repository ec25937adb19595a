using ContainerApi.Engine.Docker;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Recorded error answers of engines and their kinds.</summary>
public sealed class EngineErrorsTests
{
    [Theory]
    [InlineData(
        "/containers/create", 409,
        "Conflict. The container name \"a\" is already in use by container \"0123\". You have to remove (or rename) that container to be "
        + "able to reuse that name.",
        "name_in_use")]
    [InlineData("/containers/create", 404, "No such image: a:1", "image_not_found")]
    [InlineData("/containers/createapp/stats", 404, "No such container: createapp", "container_not_found")]
    [InlineData("/containers/x/start", 404, "network n not found", "not_found")]
    [InlineData(
        "/containers/x/start", 500,
        "driver failed programming external connectivity on endpoint a: Bind for 0.0.0.0:80 failed: port is already allocated", "port_in_use")]
    [InlineData(
        "/containers/x", 409,
        "You cannot remove a running container 0123. Stop the container before attempting removal or force remove", "container_running")]
    [InlineData(
        "/containers/x", 409,
        "cannot remove container \"a\": container is running: stop the container before removing or force remove", "container_running")]
    [InlineData(
        "/images/x", 409,
        "conflict: unable to remove repository reference \"x\" (must force) - container 0123 is using its referenced image 4567", "image_in_use")]
    [InlineData(
        "/images/x", 409, "conflict: unable to delete 4567 (cannot be forced) - image is being used by running container 0123", "image_in_use")]
    [InlineData("/images/x", 409, "conflict: unable to delete 4567 (must be forced) - image is referenced in multiple repositories", "conflict")]
    [InlineData("/containers/x/restart", 500, "Cannot restart container x: cannot join network of a non running container: 0123", "conflict")]
    [InlineData("/containers/x/top", 500, "Container x is not running", "container_not_running")]
    [InlineData("/containers/x/start", 500, "unable to find user a: no matching entries in passwd file", "invalid_request")]
    [InlineData("/containers/create", 500, "Cannot mkdir: /bin/busybox is not a directory", "invalid_request")]
    [InlineData("/containers/x/kill", 500, "Cannot kill container: x: The linux daemon does not support signal 99", "invalid_request")]
    [InlineData("/containers/x/kill", 409, "Cannot kill container: x: Container x is not running", "container_not_running")]
    [InlineData(
        "/containers/x/rename", 409,
        "Error when allocating new name: Conflict. The container name \"a\" is already in use by container \"b\". You have to remove (or rename)",
        "name_in_use")]
    [InlineData("/images/load", 200, "invalid character 'x' looking for beginning of value", "invalid_archive")]
    [InlineData("/images/load", 200, "open (path): no such file or directory", "invalid_archive")]
    [InlineData("/images/load", 200, "evalSymlinksInScope: (path)", "invalid_archive")]
    [InlineData("/images/load", 200, "invalid diffID for layer 0: expected \"sha256:a\", got \"sha256:b\"", "invalid_archive")]
    [InlineData("/images/load", 200, "json: cannot unmarshal object into Go value of type []tarexport.manifestItem", "invalid_archive")]
    [InlineData("/images/load", 200, "write (path): no space left on device", "engine_error")]
    [InlineData("/images/create", 200, "invalid character 'x' looking for beginning of value", "engine_error")]
    [InlineData("/images/x/push", 500, "something else", "engine_error")]
    [InlineData("/build", 400, "failed to reach build target nope in Dockerfile", "invalid_dockerfile")]
    [InlineData("/build", 400, "the Dockerfile (Dockerfile) cannot be empty", "invalid_dockerfile")]
    [InlineData("/build", 400, "no build stage in current context", "invalid_dockerfile")]
    [InlineData("/build", 500, "archive/tar: invalid tar header", "invalid_context")]
    [InlineData("/build", 400, "error reading build args: invalid character 'x' looking for beginning of value", "invalid_request")]
    [InlineData("/build", 500, "no space left on device", "engine_error")]
    [InlineData("/build", 500, "forbidden path outside the build context: ../x ()", "invalid_dockerfile")]
    // Podman 5.4.2.
    [InlineData(
        "/containers/create", 500,
        "container create: creating container storage: the container name \"a\" is already in use by 0123. You have to remove that "
        + "container to be able to reuse that name: that name is already in use",
        "name_in_use")]
    [InlineData("/containers/create", 500, "container create: unable to find network with name or ID n: network not found", "not_found")]
    [InlineData(
        "/containers/x", 500,
        "cannot remove container x as it is running - running or paused containers cannot be removed without force: container state improper",
        "container_running")]
    [InlineData(
        "/containers/x/top", 500,
        "executing ps(1) in container: runc: exec failed: unable to start container process: exec: \"ps\": executable file not found in "
        + "$PATH: OCI runtime attempted to invoke a command that was not found",
        "feature_unsupported")]
    [InlineData("/containers/x/top", 500, "top can only be used on running containers", "container_not_running")]
    [InlineData("/containers/x/kill", 500, "invalid signal: SIGNONE", "invalid_request")]
    [InlineData(
        "/containers/x/kill", 409, "can only kill running containers. 0123 is in state exited: container state improper", "container_not_running")]
    [InlineData(
        "/containers/x/rename", 500,
        "renaming container 0123: updating container config table with new configuration for container 0123: UNIQUE constraint failed: "
        + "ContainerConfig.Name",
        "name_in_use")]
    [InlineData(
        "/commit", 500,
        "copying layers and metadata for container \"0123\": initializing source containers-storage:a: applying changes: processing change "
        + "\"USER\": USER requires exactly one argument",
        "invalid_request")]
    public void Error_answer_is_classified_by_status_path_and_text(string path, int status, string message, string kind)
    {
        var read = EngineErrors.FromResponse("local", path, (HttpStatusCode)status, JsonSerializer.Serialize(new { message }));

        var advice = message.Contains("must force", StringComparison.Ordinal) || message.Contains("must be forced", StringComparison.Ordinal)
            || message.EndsWith("or force remove", StringComparison.Ordinal) ? " Use force=true." : "";
        Assert.Equal((kind, message + advice), (read.Code.ToString(), read.Message));
    }

    [Theory]
    [InlineData("/containers/create", 400, "Minimum memory limit allowed is 6MB", "memory")]
    [InlineData("/containers/create", 400, "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", "cpus")]
    [InlineData("/containers/create", 400, "conflicting options: hostname and the network mode", "networkMode")]
    [InlineData("/containers/create", 400, "no command specified", "command")]
    [InlineData("/containers/create", 500, "Cannot mkdir: /bin/busybox is not a directory", "workingDirectory")]
    [InlineData("/containers/create", 500, "lstat (path): not a directory", "workingDirectory")]
    [InlineData("/containers/create", 404, "network n not found", "networkMode")]
    [InlineData("/containers/create", 500, "container create: unable to find network with name or ID n: network not found", "networkMode")]
    [InlineData("/containers/x/start", 404, "network n not found", "networkMode")]
    [InlineData("/containers/x/start", 409, "cannot join network of a non running container: 0123", "networkMode")]
    [InlineData("/containers/x/start", 500, "unable to find user a: no matching entries in passwd file", "user")]
    [InlineData("/containers/x/start", 400, "OCI runtime create failed: exec: \"nope\": executable file not found in $PATH: unknown", "entrypoint")]
    [InlineData("/containers/x/start", 500, "listen tcp4 9.9.9.9:80: bind: cannot assign requested address", "ports")]
    [InlineData("/containers/x/kill", 400, "Invalid signal: BOGUS", "signal")]
    [InlineData("/containers/x/kill", 500, "Cannot kill container: x: The linux daemon does not support signal 99", "signal")]
    [InlineData("/containers/x/kill", 409, "Cannot kill container: x: Container x is not running", null)]
    [InlineData("/commit", 400, "USER requires exactly one argument", "changes")]
    [InlineData("/build", 400, "failed to reach build target nope in Dockerfile", "target")]
    [InlineData("/build", 400, "\"a/b\": unknown operating system or architecture: invalid argument", "platform")]
    [InlineData("/build", 500, "operating system is not supported", "platform")]
    [InlineData("/build", 400, "the Dockerfile (Dockerfile) cannot be empty", null)]
    [InlineData("/images/create", 404, "no matching manifest for linux/s390x in the manifest list entries", "platform")]
    public void Error_answer_names_the_parameter_to_blame(string path, int status, string message, string? field)
    {
        var read = EngineErrors.FromResponse("local", path, (HttpStatusCode)status, JsonSerializer.Serialize(new { message }));

        Assert.Equal(field, read.Fields is [var first, ..] ? first : null);
        Assert.NotEqual(ErrorCode.EngineError, read.Code);
    }

    [Theory]
    [InlineData("no such image: app: No such image: app:latest", "No such image: app:latest")]
    [InlineData(
        "driver failed programming external connectivity on endpoint a (0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef): Bind for "
        + "0.0.0.0:80 failed: port is already allocated",
        "Bind for 0.0.0.0:80 failed: port is already allocated")]
    public void Error_begins_with_its_reason(string message, string expected) => Assert.Equal(expected, EngineErrors.Clean(message));

    [Theory]
    [InlineData("The container name \"/a.b\" is already in use", "The container name \"a.b\" is already in use")]
    [InlineData("cannot remove container \"/web\": container is running", "cannot remove container \"web\": container is running")]
    [InlineData("open /data/tmp/docker-import-065/abc/json: no such file", "open (path): no such file")]
    [InlineData("evalSymlinksInScope: /data/.engine/tmp/etc is not in /data/.engine/tmp/docker-import-1", "evalSymlinksInScope: (path)")]
    [InlineData("write /data/tmp/GetImageBlob12: no space left", "write (path): no space left")]
    [InlineData("Container /web is restarting", "Container web is restarting")]
    [InlineData("No such container: /web", "No such container: web")]
    [InlineData("exec of a container: /bin/sh failed", "exec of a container: /bin/sh failed")]
    public void Errors_have_no_path_of_the_host_and_no_slash_before_a_name(string message, string expected) =>
        Assert.Equal(expected, EngineErrors.Clean(message));

    [Theory]
    [InlineData(
        400, "failed to create shim: OCI runtime create failed: runc create failed: unable to start container process: exec: "
        + "\"no-such-program\": executable file not found in $PATH: unknown",
        "\"no-such-program\": executable file not found.")]
    [InlineData(
        400, "OCI runtime create failed: runc create failed: unable to start container process: exec: \"/home/x\": stat /home/x: no such file or "
        + "directory: unknown",
        "\"/home/x\": no such file or directory.")]
    [InlineData(
        400, "OCI runtime create failed: exec: \"/etc/passwd\": permission denied: unknown", "\"/etc/passwd\": permission denied.")]
    [InlineData(
        500, "runc: runc create failed: unable to start container process: exec: \"no-such-program\": executable file not found in $PATH: OCI "
        + "runtime attempted to invoke a command that was not found",
        "\"no-such-program\": executable file not found.")]
    public void Command_that_does_not_exist_is_named(int status, string message, string expected)
    {
        var read = EngineErrors.FromResponse(
            "local", "/containers/x/start", (HttpStatusCode)status, JsonSerializer.Serialize(new { message }));

        Assert.Equal((ErrorCode.InvalidRequest, EngineErrors.CannotStart + expected), (read.Code, read.Message));
    }

    [Theory]
    [InlineData("no basic auth credentials", "registry_unauthorized", 500)]
    [InlineData("Head \"http://127.0.0.1:5000/v2/a/manifests/v1\": unauthorized: authentication required", "registry_unauthorized", 500)]
    [InlineData("Get \"http://127.0.0.1:5000/token?scope=x\": unexpected status: 401 Unauthorized", "registry_unauthorized", 500)]
    [InlineData(
        "pull access denied for x/y, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        "registry_unauthorized", 404)]
    [InlineData("error from registry: requested access to the resource is denied", "registry_unauthorized", 500)]
    [InlineData("initializing source docker://x:1: reading manifest 1 in x: invalid status code from registry 401 (Unauthorized)",
        "registry_unauthorized", 500)]
    [InlineData("Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused", "registry_unavailable", 500)]
    [InlineData("Get \"https://r.example/v2/\": dial tcp: lookup r.example on 10.0.0.2:53: no such host", "registry_unavailable", 500)]
    [InlineData(
        "Get \"https://r.example/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        "registry_unavailable", 500)]
    [InlineData("Get \"https://r.example/v2/\": x509: certificate signed by unknown authority", "registry_unavailable", 500)]
    [InlineData("Get \"https://127.0.0.1:5000/v2/\": http: server gave HTTP response to HTTPS client", "registry_unavailable", 500)]
    [InlineData("received unexpected HTTP status: 503 Service Unavailable", "registry_unavailable", 500)]
    [InlineData(
        "failed to resolve reference \"r.example/a:1\": unexpected status from HEAD request to https://r.example/v2/a/manifests/1: 502 Bad Gateway",
        "registry_unavailable", 500)]
    [InlineData("toomanyrequests: You have reached your pull rate limit.", "registry_unavailable", 500)]
    [InlineData("manifest for 127.0.0.1:5000/unauthorized/denied:v1 not found: manifest unknown: manifest unknown", "image_not_found", 404)]
    [InlineData("authorization denied by plugin opa: access denied: unauthorized", "forbidden", 403)]
    [InlineData("write /var/lib/docker/tmp/x: no space left on device", "engine_error", 500)]
    public void Failure_of_the_registry_has_its_own_code_in_pull_and_push(string message, string code, int status)
    {
        var body = JsonSerializer.Serialize(new { message });
        Assert.Equal(code, EngineErrors.FromResponse("local", "/images/create", (HttpStatusCode)status, body).Code.Code);
        Assert.Equal(code == "forbidden" ? "engine_error" : code, EngineErrors.FromTransfer("local", "/images/create", new(null, message)).Code.Code);
    }

    [Theory]
    [InlineData("Head \"http://127.0.0.1:1/v2/a/manifests/1\": dial tcp 127.0.0.1:1: connect: connection refused", "registry_unavailable")]
    [InlineData(
        "failed to solve: docker/dockerfile:1: failed to resolve source metadata for docker.io/docker/dockerfile:1: failed to do request: "
        + "Head \"https://registry-1.docker.io/v2/docker/dockerfile/manifests/1\": dial tcp: lookup registry-1.docker.io: no such host",
        "registry_unavailable")]
    [InlineData(
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: pull access denied, repository does not exist or may "
        + "require authorization: authorization failed: no basic auth credentials",
        "registry_unauthorized")]
    [InlineData(
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: pulling from host 127.0.0.1:5000 failed with status code "
        + "[manifests v1]: 401 Unauthorized",
        "registry_unauthorized")]
    [InlineData("failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized", "registry_unauthorized")]
    [InlineData(
        "invalid from flag value 127.0.0.1:1/a/b:1: Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
        "registry_unavailable")]
    [InlineData("failed to load cache key: Get \"http://127.0.0.1:1/v2/file\": dial tcp 127.0.0.1:1: connect: connection refused", null)]
    [InlineData("ADD failed: failed to GET http://127.0.0.1:1/x with status 401 Unauthorized: ", null)]
    public void Failure_of_a_base_images_registry_has_its_own_code_in_builds(string message, string? code) =>
        Assert.Equal(code, EngineErrorTable.FindInStep(message)?.Code.Code);

    [Theory]
    [InlineData("network nope not found", "not_found", "network")]
    [InlineData("No such container: nope", "container_not_found", "network")]
    [InlineData("cannot join network of a non running container: 1f2e", "conflict", "network")]
    [InlineData("Minimum memory limit allowed is 6MB", "invalid_request", "memory")]
    [InlineData(
        "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container "
        + "init: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: unknown",
        "invalid_request", "ulimits")]
    [InlineData("operating system is not supported", "invalid_request", "platform")]
    public void Parameter_that_a_step_fails_of_is_named(string message, string code, string field)
    {
        var (cause, blamed) = EngineErrorTable.FindInStep(message)!.Value;

        Assert.Equal((code, field), (cause.Code, blamed));
    }

    [Fact]
    public void Rejected_push_of_Podman_has_the_registrys_message()
    {
        const string Message = "trying to reuse blob: checking whether a blob exists: authentication required";

        var read = EngineErrors.FromResponse(
            "local", "/images/x/push", HttpStatusCode.InternalServerError,
            $$$"""{"errorDetail":{"message":"{{{Message}}}"},"error":"{{{Message}}}"}""");

        Assert.Equal((ErrorCode.RegistryUnauthorized, Message), (read.Code, read.Message));
    }
}
