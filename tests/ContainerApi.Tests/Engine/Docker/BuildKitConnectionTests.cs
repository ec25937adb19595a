using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using ContainerApi.Streams;
using Grpc.Core;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Connections to BuildKit and their faults.</summary>
public sealed class BuildKitConnectionTests
{
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

    [Fact]
    public async Task Session_that_breaks_in_a_transfer_fails_the_build_and_ends_the_reading()
    {
        await using var engine = await FakeBuildKit.StartAsync();
        var context = new StalledStream();
        engine.Solve = async (solve, session) =>
        {
            var path = new Uri(solve.FrontendAttrs["context"]).AbsolutePath;
            using var call = new Upload.UploadClient(session).Pull(new Metadata { { "urlpath", path } });
            Assert.True(await call.ResponseStream.MoveNext());
            engine.EndSession();
            await context.Ended.WaitAsync(TimeSpan.FromSeconds(30));
            throw new RpcException(new Status(StatusCode.Unknown, "no active session"));
        };

        var facts = await engine.BuildAsync(context: new BuildInput(context));

        Assert.Contains("no active session", Assert.IsType<BuildFailed>(facts[^1]).Message, StringComparison.Ordinal);
    }

    /// <summary>One buffer of zeros; the next read waits until it is cancelled.</summary>
    private sealed class StalledStream : ForwardStream
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _isStalled;

        public Task Ended => _ended.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_isStalled)
            {
                _isStalled = true;
                buffer.Span.Clear();
                return buffer.Length;
            }

            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return 0;
            }
            catch (OperationCanceledException)
            {
                _ended.TrySetResult();
                throw;
            }
        }
    }

    /// <summary>An engine of API 1.53 with a TCP port without TLS has no BuildKit on its socket.</summary>
    [Theory]
    [InlineData("1.53", true, 0)]
    [InlineData("1.53", false, 1)]
    [InlineData("1.52", true, 1)]
    public async Task BuildKit_is_used_on_the_socket_where_the_engine_has_it(string apiVersion, bool onSocket, int upgrades)
    {
        await using var engine = await FakeBuildKit.StartAsync(apiVersion, onSocket);

        Assert.Equal([new ImageBuilt("sha256:1")], await engine.BuildAsync());
        Assert.Equal(upgrades, engine.Upgrades);
    }
}
