using System.Buffers.Binary;
using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Google.Protobuf;
using Grpc.Core;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Connects the steps of a build to an agent with the build's keys.</summary>
internal sealed class SshService : SSH.SSHBase
{
    private const string IdHeader = "buildkit.ssh.id";

    /// <summary>A step may request signatures as fast as it can; each takes up to half a second of a processor.</summary>
    private static readonly SemaphoreSlim Signing = new(2);

    public override Task<CheckAgentResponse> CheckAgent(CheckAgentRequest request, ServerCallContext context)
    {
        FindAgent(context, request.ID);
        return Task.FromResult(new CheckAgentResponse());
    }

    public override async Task ForwardAgent(
        IAsyncStreamReader<BytesMessage> requestStream, IServerStreamWriter<BytesMessage> responseStream, ServerCallContext context)
    {
        var agent = FindAgent(context, context.RequestHeaders.GetValue(IdHeader) ?? "");
        byte[] received = [];
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
        {
            received = [.. received, .. message.Data.Span];
            // Each request has its length before it.
            while (received.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(received) is var length)
            {
                if (length > SshAgent.MaxRequestBytes)
                {
                    throw new RpcException(new Status(StatusCode.InvalidArgument, "The request to the SSH agent is too long."));
                }

                if (received.Length - sizeof(uint) < length)
                {
                    break;
                }

                var end = sizeof(uint) + (int)length;
                var answer = await AnswerAsync(agent, received[sizeof(uint)..end], context.CancellationToken);
                received = received[end..];
                await responseStream.WriteAsync(new BytesMessage { Data = UnsafeByteOperations.UnsafeWrap(answer) }, context.CancellationToken);
            }
        }
    }

    private static async Task<byte[]> AnswerAsync(SshAgent agent, byte[] request, CancellationToken cancellationToken)
    {
        await Signing.WaitAsync(cancellationToken);
        try
        {
            return SshKey.WithLength(agent.Answer(request));
        }
        finally
        {
            Signing.Release();
        }
    }

    private static SshAgent FindAgent(ServerCallContext context, string id) =>
        // A mount without an id has the agent of this id.
        SessionGrants.Of(context.GetHttpContext().Features).FindAgent(id.Length > 0 ? id : "default")
            // As a client without an agent: the engine's error then names the id.
            ?? throw new RpcException(new Status(StatusCode.Unimplemented, "The build has no SSH key with this id."));
}
