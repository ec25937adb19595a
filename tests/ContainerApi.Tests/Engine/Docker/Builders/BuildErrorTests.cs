using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Builders;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Wire;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ContainerApi.Tests.Engine.Docker.Builders;

/// <summary>
/// The causes of failed builds, and what each builder of each engine says: one cause has one code. Recorded on engines 20.10 and 28.5; an
/// answer before the stream has its status in front.
/// </summary>
public sealed class BuildErrorTests
{
    private const string Refused = "dial tcp 127.0.0.1:1: connect: connection refused";
    private const string Frontend = "failed to solve with frontend dockerfile.v0: ";
    private const string NeedsBuildKit = "option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build";

    [Theory]
    [InlineData(
        "registry_unavailable", "FROM localhost:1/x/y:1",
        "Get \"http://localhost:1/v2/\": " + Refused,
        "[internal] load metadata|" + Frontend
        + "failed to create LLB definition: failed to do request: Head \"http://localhost:1/v2/x/y/manifests/1\": " + Refused,
        "[internal] load metadata|localhost:1/x/y:1: failed to resolve source metadata for localhost:1/x/y:1: failed to do request: Head "
        + "\"https://localhost:1/v2/x/y/manifests/1\": " + Refused)]
    [InlineData(
        "registry_unavailable", "COPY --from=localhost:1/x/y:1 /a /a",
        "invalid from flag value localhost:1/x/y:1: Get \"http://localhost:1/v2/\": " + Refused,
        "[1/2] FROM localhost:1/x/y:1|failed to load cache key: failed to do request: Head \"http://localhost:1/v2/x/y/manifests/1\": " + Refused,
        "FROM localhost:1/x/y:1|localhost:1/x/y:1: failed to resolve source metadata for localhost:1/x/y:1: failed to do request: Head "
        + "\"https://localhost:1/v2/x/y/manifests/1\": " + Refused)]
    [InlineData(
        "registry_unavailable", "# syntax=docker/dockerfile:1",
        "resolve image config|" + Frontend + "failed to solve with frontend gateway.v0: failed to do request: Head "
        + "\"https://registry-1.docker.io/v2/docker/dockerfile/manifests/1\": dial tcp: lookup registry-1.docker.io: no such host",
        "resolve image config|failed to resolve source metadata for docker.io/docker/dockerfile:1: failed to do request: Head "
        + "\"https://registry-1.docker.io/v2/docker/dockerfile/manifests/1\": dial tcp: lookup registry-1.docker.io: no such host")]
    [InlineData(
        "feature_unsupported", "COPY --link a /a",
        "400 dockerfile parse error line 2: Unknown flag: link",
        "|" + Frontend + "failed to create LLB definition: dockerfile parse error line 2: Unknown flag: link",
        "|dockerfile parse error on line 2: unknown flag: --security",
        "|failed to load LLB: security.insecure is not allowed")]
    [InlineData(
        "feature_unsupported", "RUN --mount=type=cache,target=/c true",
        "the --mount " + NeedsBuildKit)]
    [InlineData(
        "feature_unsupported", "RUN --mount=type=ssh,required=true true",
        "the --mount " + NeedsBuildKit,
        "[2/2] RUN --mount=type=ssh,required=true true|no SSH key \"default\" forwarded from the client")]
    [InlineData(
        "feature_unsupported", "remote=…x.git#main:directory",
        "500 failed to init repo at /var/lib/docker/tmp/docker-build-git302636: : exec: \"git\": executable file not found in $PATH",
        "[internal] load git source|" + Frontend + "failed to read dockerfile: failed to load cache key: subdir not supported yet",
        "[internal] load git source|failed to read dockerfile: failed to load cache key: failed to fetch remote http://127.0.0.1:1/x.git: "
        + "git stderr:\n: exec: \"git\": executable file not found in $PATH",
        "[internal] load git source|failed to read dockerfile: failed to load cache key: unknown scheme git: not found")]
    [InlineData(
        "invalid_context", "remote=http://127.0.0.1:1/x.git",
        "500 error fetching: fatal: unable to access 'http://127.0.0.1:1/x.git/': Failed to connect to 127.0.0.1 port 1\n: exit status 128",
        "[internal] load git source|" + Frontend
        + "failed to read dockerfile: failed to load cache key: failed to fetch remote http://127.0.0.1:1/x.git: exit status 128",
        "|failed to read dockerfile: failed to load cache key: error fetching default branch for repository http://127.0.0.1:1/x.git: git stderr:\n")]
    [InlineData(
        "invalid_context", "remote=http://127.0.0.1:1/x.tar",
        "500 error downloading remote context http://127.0.0.1:1/x.tar: Get \"http://127.0.0.1:1/x.tar\": " + Refused,
        "[internal] load remote build context|failed to read downloaded context: failed to load cache key: Get \"http://127.0.0.1:1/x.tar\": "
        + Refused)]
    [InlineData(
        "invalid_dockerfile", "COPY --from=9 a /a",
        "invalid from flag value 9: index out of bounds",
        "|" + Frontend + "failed to create LLB definition: invalid stage index 9",
        "|invalid stage index 9")]
    [InlineData(
        "invalid_dockerfile", "COPY --nope a /a",
        "400 dockerfile parse error line 2: Unknown flag: nope",
        "|" + Frontend + "failed to create LLB definition: dockerfile parse error line 2: Unknown flag: nope",
        "|dockerfile parse error on line 2: unknown flag: --nope")]
    [InlineData(
        null, "FROM localhost:5000/x:1",
        "manifest for localhost:5000/x:1 not found: manifest unknown: manifest unknown",
        "[internal] load metadata|localhost:5000/x:1: not found")]
    [InlineData(
        null, "COPY --from=localhost:5000/x:1 /a /a",
        "invalid from flag value localhost:5000/x:1: manifest for localhost:5000/x:1 not found: manifest unknown: manifest unknown")]
    [InlineData(
        null, "ADD http://localhost:1/v2/x /a",
        "ADD failed: Get \"http://localhost:1/v2/x\": " + Refused,
        "[1/1] ADD http://localhost:1/v2/x /a|failed to load cache key: Get \"http://localhost:1/v2/x\": " + Refused)]
    [InlineData(
        null, "RUN echo requires BuildKit",
        "[2/2] RUN x|process \"/bin/sh -c echo the --mount requires BuildKit; false\" did not complete successfully: exit code: 1",
        "[2/2] RUN x|executor failed running [/bin/sh -c echo subdir not supported yet; false]: exit code: 1")]
    public void Failed_build_has_the_code_of_its_cause(string? code, string instruction, params string[] messages) =>
        Assert.All(messages, message => Assert.Equal((instruction, code), (instruction, CodeOf(instruction, message)?.ToString())));

    /// <summary>A BuildKit message has the failed vertex in front, or an empty one.</summary>
    private static ErrorCode? CodeOf(string instruction, string message)
    {
        if (int.TryParse(message.Split(' ')[0], out var status))
        {
            var body = JsonSerializer.Serialize(new { message = message[4..] });
            return EngineErrors.FromResponse("local", "/build", (HttpStatusCode)status, body).Code;
        }

        var (vertex, error) = message.Split('|', 2) is [var name, var text] ? (name, text) : (null, message);
        if (vertex is null)
        {
            var builder = new ClassicBuilder();
            builder.Read(Message(new { stream = $"Step 2/2 : {instruction}" }));
            return Assert.IsType<BuildFailed>(builder.Read(Message(new { errorDetail = new { message = error } }))[^1]).Code;
        }

        var trace = new BuildKitTrace();
        if (vertex.Length > 0)
        {
            trace.Read(new StatusResponse
            {
                Vertexes = { new Vertex { Digest = "1", Name = vertex, Started = new Timestamp(), Error = error.Split(": ", 2)[^1] } },
            });
        }

        return Assert.IsType<BuildFailed>(trace.End(new RpcException(new Status(StatusCode.Unknown, error)))[^1]).Code;
    }

    private static StreamMessage Message(object json) =>
        JsonSerializer.Deserialize(JsonSerializer.Serialize(json), StreamWire.Default.StreamMessage)!;
}
