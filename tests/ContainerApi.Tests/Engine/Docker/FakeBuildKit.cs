using System.IO.Pipelines;
using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Stubs;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Gateway = ContainerApi.Engine.Docker.Builders.BuildKit.Gateway;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>An engine whose BuildKit is a script: it answers the control service behind <c>POST /grpc</c> and calls the build's session.</summary>
internal sealed class FakeBuildKit : IAsyncDisposable
{
    private readonly DockerApiStub _stub;
    private readonly SessionListener _connections = new();
    private readonly WebApplication _server;
    private readonly SessionServer _sessions = new();
    private readonly TaskCompletionSource<GrpcChannel> _session = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Gateway.ReturnRequest> _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _sessionEnd = new();
    private readonly TaskCompletionSource _solved = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakeBuildKit(DockerApiStub stub)
    {
        _stub = stub;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(_connections.EndPoint, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.RemoveAll<IConnectionListenerFactory>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(_connections);
        _server = builder.Build();
        _server.UseRouting();
        _server.MapGrpcService<ControlService>();
        _server.MapGrpcService<FrontendService>();
        Engine = new DockerEngine(new EngineOptions { Name = "local", Endpoint = stub.Endpoint }, TimeProvider.System, sessions: _sessions);
    }

    public DockerEngine Engine { get; }

    /// <summary>Runs a build: gets a client of the session and returns the image.</summary>
    public Func<SolveRequest, GrpcChannel, Task<string>> Solve { get; set; } = (_, _) => Task.FromResult("sha256:1");

    /// <summary>The status messages of the build, before its end.</summary>
    public IReadOnlyList<StatusResponse> Statuses { get; set; } = [];

    /// <summary>Answers a call to the frontend of a solve.</summary>
    public Func<Gateway.SolveRequest, Gateway.SolveResponse> Check { get; set; } = _ => throw new InvalidOperationException();

    /// <summary>The end of a solve that waits for the frontend.</summary>
    public Task<Gateway.ReturnRequest> Returned => _returned.Task.WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>The methods that the session announced, each in a header of its own.</summary>
    public IReadOnlyList<string?> SessionMethods { get; private set; } = [];

    /// <summary>Closes the connection of the build.</summary>
    public Action Disconnect { get; private set; } = () => { };

    /// <summary>Ends the session of the build.</summary>
    public void EndSession() => _sessionEnd.Cancel();

    /// <summary>How often the engine was asked for <c>/grpc</c>.</summary>
    public int Upgrades { get; private set; }

    /// <param name="onSocket">Whether BuildKit answers on the engine's socket.</param>
    public static async Task<FakeBuildKit> StartAsync(string apiVersion = "1.41", bool onSocket = false)
    {
        var engine = new FakeBuildKit(await DockerApiStub.StartAsync(new StubOptions { ApiVersion = apiVersion }));
        engine._stub.Http2 = !onSocket ? null : async connection =>
        {
            engine._connections.Serve(connection);
            await Task.Delay(Timeout.Infinite, connection.ConnectionClosed).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        await engine._server.StartAsync();
        engine._stub.When("/grpc", async http =>
        {
            var stream = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            var ended = new TaskCompletionSource();
            engine.Disconnect = http.Abort;
            engine.Upgrades++;
            engine._connections.Serve(new Connection(stream, ended));
            await ended.Task;
            return true;
        });
        return engine;
    }

    public async Task<List<BuildFact>> BuildAsync(BuildSpec? spec = null, BuildInput? context = null)
    {
        var facts = new List<BuildFact>();
        spec = (spec ?? new BuildSpec()) with { Builder = BuilderKind.BuildKit };
        await foreach (var fact in Engine.BuildAsync(spec, context ?? new BuildInput(Stream.Null), CancellationToken.None))
        {
            facts.Add(fact);
        }

        return facts;
    }

    public async ValueTask DisposeAsync()
    {
        Engine.Dispose();
        _sessionEnd.Dispose();
        await _sessions.DisposeAsync();
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
        await _stub.DisposeAsync();
    }

    private sealed class ControlService(FakeBuildKit engine) : Control.ControlBase
    {
        public override async Task<SolveResponse> Solve(SolveRequest request, ServerCallContext context)
        {
            try
            {
                var image = await engine.Solve(request, await engine._session.Task);
                return new SolveResponse { ExporterResponse = { ["containerimage.digest"] = image } };
            }
            finally
            {
                engine._solved.TrySetResult();
            }
        }

        public override Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context) =>
            Task.FromResult(new ListWorkersResponse());

        public override async Task Status(StatusRequest request, IServerStreamWriter<StatusResponse> responseStream, ServerCallContext context)
        {
            foreach (var status in engine.Statuses)
            {
                await responseStream.WriteAsync(status);
            }

            await engine._solved.Task.WaitAsync(context.CancellationToken);
        }

        public override async Task Session(
            IAsyncStreamReader<BytesMessage> requestStream, IServerStreamWriter<BytesMessage> responseStream, ServerCallContext context)
        {
            engine.SessionMethods = [.. context.GetHttpContext().Request.Headers["x-docker-expose-session-grpc-method"]];
            var (toEngine, fromEngine) = (new Pipe(), new Pipe());
            var handler = new SocketsHttpHandler { ConnectCallback = (_, _) => new(new Duplex(toEngine.Reader, fromEngine.Writer)) };
            using var channel = GrpcChannel.ForAddress("http://session", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
            engine._session.TrySetResult(channel);
            var sending = SendAsync(fromEngine.Reader, responseStream);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, engine._sessionEnd.Token);
            try
            {
                await foreach (var message in requestStream.ReadAllAsync(end.Token))
                {
                    await toEngine.Writer.WriteAsync(message.Data.Memory);
                }
            }
            finally
            {
                await toEngine.Writer.CompleteAsync();
                fromEngine.Reader.CancelPendingRead();
                await sending;
            }
        }

        private static async Task SendAsync(PipeReader reader, IServerStreamWriter<BytesMessage> writer)
        {
            while (await reader.ReadAsync() is { IsCanceled: false, IsCompleted: false } read)
            {
                foreach (var segment in read.Buffer)
                {
                    await writer.WriteAsync(new BytesMessage { Data = ByteString.CopyFrom(segment.Span) });
                }

                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    private sealed class FrontendService(FakeBuildKit engine) : Gateway.LLBBridge.LLBBridgeBase
    {
        public override Task<Gateway.SolveResponse> Solve(Gateway.SolveRequest request, ServerCallContext context) =>
            Task.FromResult(engine.Check(request));

        public override Task<Gateway.ReturnResponse> Return(Gateway.ReturnRequest request, ServerCallContext context)
        {
            Assert.NotEmpty(context.RequestHeaders.GetValue("buildkit-controlapi-buildid")!);
            engine._returned.TrySetResult(request);
            return Task.FromResult(new Gateway.ReturnResponse());
        }
    }

    private sealed class Connection : DefaultConnectionContext
    {
        private readonly Stream _stream;
        private readonly TaskCompletionSource _ended;

        public Connection(Stream stream, TaskCompletionSource ended)
            : base(Guid.NewGuid().ToString())
        {
            (_stream, _ended) = (stream, ended);
            Transport = new DuplexPipe(PipeReader.Create(stream), PipeWriter.Create(stream));
        }

        public override void Abort(ConnectionAbortedException abortReason) => _stream.Dispose();

        public override ValueTask DisposeAsync()
        {
            _ended.TrySetResult();
            return base.DisposeAsync();
        }

        private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : Stream
    {
        private readonly Stream _input = input.AsStream();
        private readonly Stream _output = output.AsStream();

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => _output.Flush();
        public override Task FlushAsync(CancellationToken cancellationToken) => _output.FlushAsync(cancellationToken);
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            _output.WriteAsync(buffer, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            _input.Dispose();
            _output.Dispose();
            base.Dispose(disposing);
        }
    }
}
