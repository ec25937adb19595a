using ContainerApi.Engine.Docker;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Recorded error answers of engines and their kinds.</summary>
public sealed class EngineErrorsTests
{
    [Theory]
    [InlineData(
        "/containers/create", 409,
        "Conflict. The container name \"/a\" is already in use by container \"0123\". You have to remove (or rename) that container to be "
        + "able to reuse that name.",
        "name_in_use")]
    [InlineData("/containers/create", 404, "No such image: a:1", "image_not_found")]
    [InlineData("/containers/createapp/stats", 404, "No such container: createapp", "container_not_found")]
    [InlineData("/containers/x/start", 404, "network n not found", "not_found")]
    [InlineData(
        "/containers/x/start", 500,
        "driver failed programming external connectivity on endpoint a: Bind for 0.0.0.0:80 failed: port is already allocated", "conflict")]
    [InlineData("/containers/x/top", 500, "Container x is not running", "container_not_running")]
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
        "conflict")]
    [InlineData(
        "/containers/x/start", 500,
        "runc: runc create failed: unable to start container process: exec: \"no-such-program\": executable file not found in $PATH: OCI "
        + "runtime attempted to invoke a command that was not found",
        "invalid_request")]
    [InlineData(
        "/containers/x/top", 500,
        "executing ps(1) in container: runc: exec failed: unable to start container process: exec: \"ps\": executable file not found in "
        + "$PATH: OCI runtime attempted to invoke a command that was not found",
        "feature_unsupported")]
    [InlineData("/containers/x/top", 500, "top can only be used on running containers", "container_not_running")]
    [InlineData(
        "/commit", 500,
        "copying layers and metadata for container \"0123\": initializing source containers-storage:a: applying changes: processing change "
        + "\"USER\": USER requires exactly one argument",
        "invalid_request")]
    public void An_error_answer_is_classified_by_status_path_and_text(string path, int status, string message, string kind)
    {
        var read = EngineErrors.FromResponse("local", path, (HttpStatusCode)status, JsonSerializer.Serialize(new { message }));

        Assert.Equal((kind, message), (read.Code.ToString(), read.Message));
    }

    [Fact]
    public void A_rejected_push_of_Podman_has_the_registrys_message()
    {
        const string Message = "trying to reuse blob: checking whether a blob exists: authentication required";

        var read = EngineErrors.FromResponse(
            "local", "/images/x/push", HttpStatusCode.InternalServerError,
            $$$"""{"errorDetail":{"message":"{{{Message}}}"},"error":"{{{Message}}}"}""");

        Assert.Equal((ErrorCode.Forbidden, Message), (read.Code, read.Message));
    }
}
