using System.IO.Pipelines;
using System.Text;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// Looks at the text of the Dockerfile that a build will use, null where the context has none. May throw
/// <see cref="ApiException"/>, which stops it.
/// </summary>
internal delegate void DockerfileCheck(string? dockerfile);

/// <summary>
/// A build context: writes itself as one plain tar stream, at the pace of whoever reads it. Throws
/// <see cref="ApiException"/> where it cannot be used, which may be after much of it was written.
/// The Dockerfile is shown to <c>check</c> as soon as it is known, and before the archive's end is written. One that is larger
/// than <see cref="BuildContexts.LargestDockerfile"/>, is a link in an archive, or is fetched by the engine is not shown; of an
/// archive that holds it twice each one is.
/// </summary>
internal delegate Task BuildContext(PipeWriter archive, DockerfileCheck check, CancellationToken cancellationToken);

/// <summary>What every form of context refuses in the same words.</summary>
internal static class BuildContexts
{
    public const string DefaultDockerfile = "Dockerfile";

    /// <summary>In bytes: what is larger is not looked at.</summary>
    public const int LargestDockerfile = 1024 * 1024;

    /// <summary>A context that is a Dockerfile alone.</summary>
    public static BuildContext FromDockerfile(string text, long maxBytes) => async (archive, check, cancellationToken) =>
    {
        var content = Encoding.UTF8.GetBytes(text);
        if (content.Length <= LargestDockerfile)
        {
            check(text);
        }

        var tar = new TarContextWriter(archive, maxBytes);
        await tar.AddFileAsync(DefaultDockerfile, content, cancellationToken);
        await tar.EndAsync(cancellationToken);
    };

    public static ApiException TooLarge(long maxBytes) =>
        new(ErrorCode.ContextTooLarge, $"The build context is larger than {maxBytes} bytes, the most that this service takes.");

    public static ApiException Invalid(string detail, Exception? inner = null) => new(ErrorCode.InvalidContext, detail, inner: inner);
}
