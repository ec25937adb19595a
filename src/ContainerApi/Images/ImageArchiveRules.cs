using ContainerApi.Archives;

namespace ContainerApi.Images;

/// <summary>The rules for an archive of images, or of a file system: every entry is allowed, the engine unpacks it.</summary>
/// <param name="isImage">Whether the archive must have an image.</param>
internal sealed class ImageArchiveRules(bool isImage) : IArchiveRules
{
    /// <summary>The index of an archive: Docker's, that of old Docker versions, and OCI's.</summary>
    private static readonly IReadOnlyList<string> Indexes = ["manifest.json", "repositories", "index.json"];

    private bool _hasIndex;

    public bool Accept(ArchiveEntry entry)
    {
        _hasIndex |= Indexes.Contains(entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name);
        return false;
    }

    public void ReadContent(ReadOnlySpan<byte> content) => throw new NotSupportedException("No content is read.");

    public void End()
    {
        if (isImage && !_hasIndex)
        {
            throw Invalid($"The archive has no image: it has none of the files {string.Join(", ", Indexes)}. "
                + "POST /images/import creates an image from the archive of a file system.");
        }
    }

    public string? DescribeOther(ReadOnlySpan<byte> block) =>
        block.StartsWith("PK\x03\x04"u8) ? "The body is a zip archive. Send a tar archive, plain or compressed." : null;

    public ApiException Invalid(string detail, Exception? inner = null) => new(ErrorCode.InvalidArchive, detail, inner: inner);

    public ApiException TooLarge(long maxBytes) =>
        new(ErrorCode.RequestTooLarge, $"The archive is larger than the limit of {maxBytes} bytes (Limits:ArchiveBytes).");
}
