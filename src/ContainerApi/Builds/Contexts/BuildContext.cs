using System.IO.Pipelines;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// Checks the text of the Dockerfile that a build will use, or null if the context has none. Throws
/// <see cref="ApiException"/> to stop the build.
/// </summary>
internal delegate void DockerfileCheck(string? dockerfile);

/// <summary>
/// A build context: writes one uncompressed tar stream at the reader's pace. Throws <see cref="ApiException"/> if the context
/// is invalid, possibly after much of it was written. <c>check</c> gets the Dockerfile as soon as it is read and before the
/// archive ends, each one if an archive contains several. It is not called for a Dockerfile that is larger than
/// <see cref="BuildContexts.MaxDockerfileBytes"/>, is a link in an archive, or is fetched by the engine.
/// </summary>
internal delegate Task BuildContext(PipeWriter archive, DockerfileCheck check, CancellationToken cancellationToken);

/// <summary>A context as an archive, and the directory that it is of; null for another kind of context.</summary>
internal sealed record BuildSource(BuildContext Archive, DirectoryContext? Directory = null)
{
    /// <summary>The contexts beside this one.</summary>
    public IReadOnlyList<NamedContext> Named { get; init; } = [];

    /// <summary>
    /// Reads what the engine must not wait for, from this source, and returns the source to build from; null for nothing. Not called before
    /// the build runs.
    /// </summary>
    public Func<BuildSource, DockerfileCheck, CancellationToken, Task<BuildSource>>? Prepare { get; init; }

    /// <summary>The entries of an archive that serves as a directory; null for none.</summary>
    public DirectorySync? Sync { get; init; }

    /// <summary>The temporary files, which end with the build.</summary>
    public IReadOnlyList<SpooledArchive> Files { get; init; } = [];

    public void DisposeFiles()
    {
        foreach (var file in Files)
        {
            file.Dispose();
        }
    }

    public static implicit operator BuildSource(BuildContext archive) => new(archive);
}

/// <summary>Constants and errors that all kinds of contexts share.</summary>
internal static class BuildContexts
{
    public const string DefaultDockerfile = "Dockerfile";

    /// <summary>The largest Dockerfile that is checked, in bytes.</summary>
    public const int MaxDockerfileBytes = 1024 * 1024;

    /// <summary>A context that consists of a Dockerfile only.</summary>
    public static BuildContext FromDockerfile(string text, long maxBytes) => async (archive, check, cancellationToken) =>
    {
        var content = Encoding.UTF8.GetBytes(text);
        if (content.Length <= MaxDockerfileBytes)
        {
            check(text);
        }

        var tar = new TarContextWriter(archive, maxBytes);
        await tar.AddFileAsync(DefaultDockerfile, new MemoryStream(content), cancellationToken);
        await tar.EndAsync(cancellationToken);
    };

    /// <summary>Whether a text that was read as UTF-8 is in UTF-16, as Windows PowerShell writes it: one of its first characters is a NUL.</summary>
    public static bool IsUtf16(string text) => text.AsSpan(0, Math.Min(4, text.Length)).Contains('\0');

    public static ApiException TooLarge(long maxBytes) =>
        new(ErrorCode.ContextTooLarge, $"The build context is larger than the limit of {maxBytes} bytes.");

    public static ApiException Invalid(string detail, Exception? inner = null) => new(ErrorCode.InvalidContext, detail, inner: inner);
}
