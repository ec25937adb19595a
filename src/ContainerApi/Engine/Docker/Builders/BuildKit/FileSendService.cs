using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Grpc.Core;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Receives the result of a build that is a file.</summary>
internal sealed class FileSendService : FileSend.FileSendBase
{
    public override async Task DiffCopy(
        IAsyncStreamReader<BytesMessage> requestStream, IServerStreamWriter<BytesMessage> responseStream, ServerCallContext context)
    {
        var output = SessionGrants.Of(context.GetHttpContext().Features).TakeOutput()
            ?? throw new RpcException(new Status(StatusCode.NotFound, "The build has no output."));
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await output.WriteAsync(message.Data.Memory, context.CancellationToken);
        }
    }
}
