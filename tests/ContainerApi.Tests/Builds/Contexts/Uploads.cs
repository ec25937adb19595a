using System.IO.Pipelines;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

/// <summary>Sends a body through <see cref="UploadedContext"/>.</summary>
internal static class Uploads
{
    private const long Unlimited = 1L << 32;

    /// <summary>Returns the archive that the engine gets.</summary>
    public static async Task<byte[]> ReadAsync(PipeReader body, long maxBytes = Unlimited, CancellationToken cancellationToken = default)
    {
        using var output = new MemoryStream();
        await UploadedContext.From(body, null, maxBytes)(PipeWriter.Create(output), _ => { }, cancellationToken);
        return output.ToArray();
    }

    public static Task<byte[]> ReadAsync(byte[] body, long maxBytes = Unlimited) => ReadAsync(PipeReader.Create(new MemoryStream(body)), maxBytes);

    /// <summary>Returns the error for an invalid body; null if it is accepted.</summary>
    public static async Task<ApiException?> RefusalAsync(byte[] body, long maxBytes = Unlimited) =>
        await Record.ExceptionAsync(() => ReadAsync(body, maxBytes)) as ApiException;

    /// <summary>Reads an archive with a check of its Dockerfile.</summary>
    public static Task CheckAsync(byte[] body, string? dockerfile, DockerfileCheck check, Stream? output = null) =>
        UploadedContext.From(PipeReader.Create(new MemoryStream(body)), dockerfile, Unlimited)(
            PipeWriter.Create(output ?? Stream.Null), check, CancellationToken.None);
}
