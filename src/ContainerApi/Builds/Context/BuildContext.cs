using System.IO.Pipelines;
using System.Text;
using ContainerApi.Http;

namespace ContainerApi.Builds.Context;

/// <summary>
/// A build context: writes itself as one plain tar stream, at the pace of whoever reads it. Throws
/// <see cref="RequestException"/> where it cannot be used, which may be after much of it was written.
/// </summary>
internal delegate Task BuildContext(PipeWriter archive, CancellationToken cancellationToken);

/// <summary>What every form of context refuses in the same words.</summary>
internal static class BuildContexts
{
    public const string DefaultDockerfile = "Dockerfile";

    /// <summary>A context that is a Dockerfile alone.</summary>
    public static BuildContext FromDockerfile(string text, long maxBytes) => async (archive, cancellationToken) =>
    {
        var tar = new ContextArchive(archive, maxBytes);
        await tar.AddFileAsync(DefaultDockerfile, Encoding.UTF8.GetBytes(text), cancellationToken);
        await tar.EndAsync(cancellationToken);
    };

    public static RequestException TooLarge(long maxBytes) =>
        new(ProblemCode.ContextTooLarge, $"The build context is larger than {maxBytes} bytes, the most that this service takes.");

    public static RequestException Invalid(string detail, Exception? inner = null) => new(ProblemCode.InvalidContext, detail, inner: inner);
}
