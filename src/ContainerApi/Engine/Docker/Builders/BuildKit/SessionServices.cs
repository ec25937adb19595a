using ContainerApi.Engine.Docker.Builders.BuildKit.Protocol;
using Google.Protobuf;
using Grpc.Core;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Says that the session is alive; BuildKit gives a build up that gets no answer.</summary>
internal sealed class HealthService : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
}

/// <summary>Gives a build its registries' credentials. Without any the answer is empty, which is anonymous: public registries that hand out
/// tokens want it.</summary>
internal sealed class AuthService : Auth.AuthBase
{
    public override Task<CredentialsResponse> Credentials(CredentialsRequest request, ServerCallContext context) =>
        Task.FromResult(SessionGrants.Of(context.GetHttpContext().Features).FindCredentials(request.Host) is { } found
            ? new CredentialsResponse { Username = found.Username, Secret = found.Password }
            : new CredentialsResponse());
}

/// <summary>Gives a build its own secrets.</summary>
internal sealed class SecretsService : Secrets.SecretsBase
{
    public override Task<GetSecretResponse> GetSecret(GetSecretRequest request, ServerCallContext context) =>
        SessionGrants.Of(context.GetHttpContext().Features).FindSecret(request.ID) is { } secret
            ? Task.FromResult(new GetSecretResponse { Data = ByteString.CopyFrom(secret) })
            : throw new RpcException(new Status(StatusCode.NotFound, "The build was given no secret of this id."));
}
