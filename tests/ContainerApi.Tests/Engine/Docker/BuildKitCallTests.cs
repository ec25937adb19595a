using ContainerApi.Builds.Contexts;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Gateway = ContainerApi.Engine.Docker.Builders.BuildKit.Gateway;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Builds through the control service of BuildKit.</summary>
public sealed class BuildKitCallTests
{
    [Fact]
    public async Task Every_parameter_is_an_attribute_of_the_frontend()
    {
        await using var engine = await FakeBuildKit.StartAsync();
        SolveRequest? request = null;
        engine.Solve = (solve, _) => Task.FromResult((request = solve).Ref);

        var facts = await engine.BuildAsync(new BuildSpec
        {
            Tags = [new("a", "1"), new("host:5000/b", "2")],
            Dockerfile = "dir/Docker file",
            Target = "stage",
            BuildArguments = new Dictionary<string, string?> { ["A"] = "x&y=\"z\"", ["NO_PROXY"] = null, ["BUILDKIT_INLINE_CACHE"] = "1" },
            Labels = new Dictionary<string, string> { ["l"] = "ä b" },
            Platform = "linux/amd64",
            NoCache = true,
            Pull = true,
            Network = "host",
            ExtraHosts = ["h:1.2.3.4", "i:::1", "j:[::2]"],
            CacheFrom = [new("c:1"), new("d:2")],
            CacheTo = [new(null), new(new("r:5000/c", "x", null), IsMax: true)],
            ShmSize = 65536,
            Ulimits = [new("nofile", 10, 20), new("core", -1, -1)],
            CgroupParent = "/builds",
            Contexts = new Dictionary<string, string> { ["lib"] = "local:key" },
            Annotations = new Dictionary<string, string> { ["a.b"] = "c" },
            Provenance = Provenance.Max,
            Sbom = true,
        });

        Assert.Equal(new ImageBuilt(request!.Ref), Assert.Single(facts));
        Assert.Equal("dockerfile.v0", request.Frontend);
        var attributes = request.FrontendAttrs;
        Assert.StartsWith("http://buildkit-session/", attributes["context"], StringComparison.Ordinal);
        Assert.Equal(
            [
                ("add-hosts", "h=1.2.3.4,i=::1,j=::2"), ("attest:provenance", "mode=max"), ("attest:sbom", ""),
                ("build-arg:A", "x&y=\"z\""), ("build-arg:BUILDKIT_INLINE_CACHE", "1"), ("cache-from", "c:1,d:2"), ("cgroup-parent", "/builds"),
                ("context:lib", "local:key"),
                ("filename", "dir/Docker file"), ("force-network-mode", "host"), ("image-resolve-mode", "pull"), ("label:l", "ä b"),
                ("no-cache", ""), ("platform", "linux/amd64"), ("shm-size", "65536"), ("target", "stage"),
                ("ulimit", "nofile=10:20,core=-1:-1"),
            ],
            attributes.Where(a => a.Key != "context").Select(a => (a.Key, a.Value)).OrderBy(a => a.Key, StringComparer.Ordinal));
        Assert.Equal(["network.host"], request.Entitlements);
        Assert.Equal(["inline", "registry"], request.Cache.Exports.Select(c => c.Type));
        Assert.Equal(("r:5000/c:x", "max"), (request.Cache.Exports[1].Attrs["ref"], request.Cache.Exports[1].Attrs["mode"]));
        Assert.Equal("c", request.Exporters[0].Attrs["annotation.a.b"]);
        Assert.Equal(("moby", "a:1,host:5000/b:2"), (request.Exporters[0].Type, request.Exporters[0].Attrs["name"]));
        Assert.Equal(("moby", "a:1,host:5000/b:2"), (request.ExporterDeprecated, request.ExporterAttrsDeprecated["name"]));
    }

    [Theory]
    [InlineData("bridge")]
    [InlineData("default")]
    [InlineData(null)]
    public async Task Default_network_has_no_name(string? network)
    {
        await using var engine = await FakeBuildKit.StartAsync();
        SolveRequest? request = null;
        engine.Solve = (solve, _) => Task.FromResult((request = solve).Ref);

        await engine.BuildAsync(new BuildSpec { Network = network });

        Assert.DoesNotContain("force-network-mode", request!.FrontendAttrs.Keys);
        Assert.Empty(request.Entitlements);
    }

    [Fact]
    public async Task Dockerfile_beside_an_archive_is_a_directory_of_the_session()
    {
        await using var engine = await FakeBuildKit.StartAsync();
        SolveRequest? request = null;
        engine.Solve = (solve, _) => Task.FromResult((request = solve).Ref);
        var directories = new Dictionary<string, ISyncedDirectory> { ["dockerfile"] = new DockerfileDirectory("Dockerfile", "FROM x\n"u8.ToArray()) };

        await engine.BuildAsync(
            new BuildSpec { DockerfileText = "FROM x\n" }, new BuildInput(Stream.Null) { Directories = new("key", directories) });

        Assert.Equal("dockerfile", request!.FrontendAttrs["dockerfilekey"]);
        Assert.StartsWith("http://buildkit-session/", request.FrontendAttrs["context"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_receives_the_file_of_a_build_once()
    {
        await using var engine = await FakeBuildKit.StartAsync();
        var (file, received) = (new byte[3_000_000], new MemoryStream());
        Random.Shared.NextBytes(file);
        SolveRequest? request = null;
        engine.Solve = async (solve, session) =>
        {
            request = solve;
            await SendAsync(session, file);
            using var again = new FileSend.FileSendClient(session).DiffCopy();
            Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => again.ResponseStream.MoveNext())).StatusCode);
            return "sha256:1";
        };

        var facts = await engine.BuildAsync(new BuildSpec { Output = BuildOutput.Tar }, new BuildInput(Stream.Null) { Output = received });

        Assert.Empty(facts);
        Assert.Equal(file, received.ToArray());
        Assert.Equal(("tar", "tar"), (request!.Exporters[0].Type, request.ExporterDeprecated));
        Assert.Equal(["/moby.filesync.v1.FileSync/DiffCopy", "/moby.filesync.v1.FileSend/DiffCopy"], engine.SessionMethods);
    }

    [Fact]
    public async Task Session_serves_the_context_once_and_the_secrets_of_the_build()
    {
        await using var engine = await FakeBuildKit.StartAsync();
        var context = new byte[3_000_000];
        Random.Shared.NextBytes(context);
        var read = new MemoryStream();
        engine.Solve = async (solve, session) =>
        {
            var path = new Uri(solve.FrontendAttrs["context"]).AbsolutePath;
            await PullAsync(session, path, read);
            Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => PullAsync(session, path, Stream.Null))).StatusCode);
            var secrets = new Secrets.SecretsClient(session);
            Assert.Equal("v", (await secrets.GetSecretAsync(new GetSecretRequest { ID = "s" })).Data.ToStringUtf8());
            var other = secrets.GetSecretAsync(new GetSecretRequest { ID = "other" });
            Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => other.ResponseAsync)).StatusCode);
            var credentials = await new Auth.AuthClient(session).CredentialsAsync(new CredentialsRequest { Host = "r:5000" });
            Assert.Equal(("u", "p"), (credentials.Username, credentials.Secret));
            var health = await new Health.HealthClient(session).CheckAsync(new HealthCheckRequest());
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
            return "sha256:2";
        };

        var facts = await engine.BuildAsync(
            new BuildSpec
            {
                Secrets = new Dictionary<string, byte[]> { ["s"] = [(byte)'v'] },
                Credentials = [new RegistryCredentials("u", "p", "r:5000")],
            },
            new BuildInput(new MemoryStream(context)));

        Assert.Equal([new ImageBuilt("sha256:2")], facts);
        Assert.Equal(context, read.ToArray());
    }

    [Theory]
    [InlineData(
        """
        {"warnings":[{"ruleName":"StageNameCasing","detail":"d","url":"https://e/x","location":{"ranges":[{"start":{"line":2}}]}},{"ruleName":"B"}],
         "sources":[]}
        """, "StageNameCasing: d|2|https://e/x,B:||", null)]
    [InlineData("""{"warnings":null}""", "", null)]
    [InlineData("""{"buildError":{"message":"dockerfile parse error on line 2: unknown instruction: BAKE"}}""", "", "unknown instruction: BAKE")]
    [InlineData("nonsense", "", "invalid check")]
    [InlineData(null, "", "no check")]
    public async Task Check_of_a_Dockerfile_returns_warnings_and_builds_nothing(string? json, string warnings, string? error)
    {
        await using var engine = await FakeBuildKit.StartAsync();
        var (solved, asked) = (new SolveRequest(), new Gateway.SolveRequest());
        engine.Check = request =>
        {
            asked = request;
            var result = new Gateway.Result();
            if (json is not null)
            {
                result.Metadata["result.json"] = ByteString.CopyFromUtf8(json);
            }

            return new Gateway.SolveResponse { Result = result };
        };
        engine.Solve = async (solve, _) =>
        {
            solved = solve;
            return (await engine.Returned).Error is { } failure ? throw new RpcException(new Status(StatusCode.Unknown, failure.Message)) : "";
        };

        var facts = await engine.BuildAsync(new BuildSpec { IsCheck = true, Target = "stage", Tags = [new("a", "1")] });

        Assert.Equal(warnings, string.Join(',', facts.OfType<BuildWarning>().Select(w => $"{w.Text}|{w.Line}|{w.Url}")));
        Assert.Contains(error ?? "", facts.OfType<BuildFailed>().SingleOrDefault()?.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(error is not null, facts.OfType<BuildFailed>().Any());
        Assert.Empty(facts.OfType<ImageBuilt>());
        Assert.Equal(("", 0, 0), (solved.Frontend, solved.FrontendAttrs.Count, solved.Exporters.Count));
        Assert.Equal(("dockerfile.v0", "stage", "frontend.lint"), (asked.Frontend, asked.FrontendOpt["target"], asked.FrontendOpt["requestid"]));
    }

    [Fact]
    public async Task Status_messages_come_before_the_error_of_the_solve()
    {
        await using var engine = await FakeBuildKit.StartAsync();
        var step = new Vertex { Digest = "1", Name = "[1/1] RUN false", Started = new Timestamp(), Error = "exit code: 1" };
        engine.Statuses = [new StatusResponse { Vertexes = { step } }];
        engine.Solve = (_, _) => throw new RpcException(new Status(StatusCode.Unknown, "did not complete successfully: exit code: 1"));

        var facts = await engine.BuildAsync();

        Assert.Equal(new StepStarted("1", 1, 1, "RUN false"), facts[0]);
        Assert.Equal(("RUN false", 1), facts[^1] is BuildFailed failed ? (failed.StepName, failed.ExitCode) : default);
    }

    private static async Task SendAsync(GrpcChannel session, byte[] file)
    {
        using var call = new FileSend.FileSendClient(session).DiffCopy();
        foreach (var chunk in file.Chunk(100_000))
        {
            await call.RequestStream.WriteAsync(new BytesMessage { Data = ByteString.CopyFrom(chunk) });
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    private static async Task PullAsync(GrpcChannel session, string path, Stream output)
    {
        using var call = new Upload.UploadClient(session).Pull(new Metadata { { "urlpath", path } });
        await foreach (var message in call.ResponseStream.ReadAllAsync())
        {
            await output.WriteAsync(message.Data.Memory);
        }
    }
}
