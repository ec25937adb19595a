using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

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
        });

        Assert.Equal(new ImageBuilt(request!.Ref), Assert.Single(facts));
        Assert.Equal("dockerfile.v0", request.Frontend);
        var attributes = request.FrontendAttrs;
        Assert.StartsWith("http://buildkit-session/", attributes["context"], StringComparison.Ordinal);
        Assert.Equal(
            [
                ("add-hosts", "h=1.2.3.4,i=::1,j=::2"), ("build-arg:A", "x&y=\"z\""), ("build-arg:BUILDKIT_INLINE_CACHE", "1"),
                ("cache-from", "c:1,d:2"),
                ("filename", "dir/Docker file"), ("force-network-mode", "host"), ("image-resolve-mode", "pull"), ("label:l", "ä b"), ("no-cache", ""),
                ("platform", "linux/amd64"), ("target", "stage"),
            ],
            attributes.Where(a => a.Key != "context").Select(a => (a.Key, a.Value)).OrderBy(a => a.Key, StringComparer.Ordinal));
        Assert.Equal(["network.host"], request.Entitlements);
        Assert.Equal(["inline"], request.Cache.Exports.Select(c => c.Type));
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
                Secrets = new Dictionary<string, string> { ["s"] = "v" },
                Credentials = [new RegistryCredentials("u", "p", "r:5000")],
            },
            new BuildInput(new MemoryStream(context)));

        Assert.Equal([new ImageBuilt("sha256:2")], facts);
        Assert.Equal(context, read.ToArray());
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

    [Fact]
    public async Task Engine_that_disconnects_is_unavailable()
    {
        await using var engine = await FakeBuildKit.StartAsync();
        engine.Solve = async (_, _) =>
        {
            engine.Disconnect();
            await Task.Delay(Timeout.Infinite, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
            return "";
        };

        var failure = await Assert.ThrowsAsync<EngineException>(() => engine.BuildAsync());

        Assert.Equal(ErrorCode.EngineUnavailable, failure.Code);
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
