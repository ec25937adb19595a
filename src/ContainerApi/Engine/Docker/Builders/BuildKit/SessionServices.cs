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
