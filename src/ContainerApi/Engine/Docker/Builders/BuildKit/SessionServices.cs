using System.Buffers;
using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Google.Protobuf;
using Grpc.Core;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Reports the session as healthy. BuildKit cancels a build without an answer.</summary>
internal sealed class HealthService : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
}

/// <summary>Returns the credentials for a registry; empty for anonymous access, which public registries with tokens need.</summary>
internal sealed class AuthService : Auth.AuthBase
{
    public override Task<CredentialsResponse> Credentials(CredentialsRequest request, ServerCallContext context) =>
        Task.FromResult(SessionGrants.Of(context.GetHttpContext().Features).FindCredentials(request.Host) is { } found
            ? new CredentialsResponse { Username = found.Username, Secret = found.Password }
            : new CredentialsResponse());
}

/// <summary>Returns the secrets of the build.</summary>
internal sealed class SecretsService : Secrets.SecretsBase
{
    public override Task<GetSecretResponse> GetSecret(GetSecretRequest request, ServerCallContext context) =>
        SessionGrants.Of(context.GetHttpContext().Features).FindSecret(request.ID) is { } secret
            ? Task.FromResult(new GetSecretResponse { Data = ByteString.CopyFrom(secret) })
            : throw new RpcException(new Status(StatusCode.NotFound, "The build has no secret with this id."));
}

/// <summary>Sends the archive of the build.</summary>
internal sealed class UploadService : Upload.UploadBase
{
    private const int Chunk = 128 * 1024;

    public override async Task Pull(
        IAsyncStreamReader<BytesMessage> requestStream, IServerStreamWriter<BytesMessage> responseStream, ServerCallContext context)
    {
        var archive = SessionGrants.Of(context.GetHttpContext().Features).TakeUpload(context.RequestHeaders.GetValue("urlpath"))
            ?? throw new RpcException(new Status(StatusCode.NotFound, "The build has no such context."));
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            while (await archive.ReadAtLeastAsync(buffer, Chunk, throwOnEndOfStream: false, context.CancellationToken) is var read and > 0)
            {
                // A response copies the bytes before it completes.
                await responseStream.WriteAsync(
                    new BytesMessage { Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) }, context.CancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
