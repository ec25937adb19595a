namespace ContainerApi.Archives;

/// <summary>One entry of a tar archive.</summary>
/// <param name="Type">The type flag.</param>
/// <param name="Link">What a link points to.</param>
/// <param name="Size">Bytes of its content that are stored.</param>
internal readonly record struct ArchiveEntry(char Type, string Name, string Link, long Size)
{
    /// <summary>Permissions with the set-id and sticky bits.</summary>
    public int Mode { get; init; }

    /// <summary>The time of the last change, in nanoseconds since 1970.</summary>
    public long ModifiedAt { get; init; }

    /// <summary>The position of its content in the archive.</summary>
    public long Position { get; init; }

    /// <summary>Whether the content that is stored leaves out the holes of the file.</summary>
    public bool IsSparse { get; init; }
}

/// <summary>What an archive is used for: which entries it may have, and the errors of an archive that is refused.</summary>
internal interface IArchiveRules
{
    /// <summary>Checks an entry. Returns whether its content must be passed to <see cref="ReadContent"/>.</summary>
    /// <exception cref="ApiException">The archive must not have this entry.</exception>
    bool Accept(ArchiveEntry entry);

    /// <summary>Checks the content of the entry that <see cref="Accept"/> asked for.</summary>
    void ReadContent(ReadOnlySpan<byte> content);

    /// <summary>Ends the archive.</summary>
    /// <exception cref="ApiException">The archive lacks an entry.</exception>
    void End();

    /// <summary>Returns what a body is that is not a tar archive, by its first block; null if unknown.</summary>
    string? DescribeOther(ReadOnlySpan<byte> block);

    ApiException Invalid(string detail, Exception? inner = null);

    ApiException TooLarge(long maxBytes);
}
