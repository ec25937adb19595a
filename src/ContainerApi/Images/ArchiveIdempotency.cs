using ContainerApi.Api;
using ContainerApi.Api.Idempotency;

namespace ContainerApi.Images;

/// <summary>Repeats the answer to an upload, whose body is as large as an archive may be.</summary>
internal sealed class ArchiveIdempotency : IdempotentEndpoint
{
    public override long? MaxBodyBytes(HttpContext http) => http.RequestServices.GetRequiredService<ArchiveLimit>().Bytes;
}
