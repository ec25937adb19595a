using ContainerApi.Api;
using ContainerApi.Archives;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A form's files as a context, each an entry named by its file name, which may be a path. A tar header needs the length of
/// its entry, which a form does not give: one file at a time is buffered, in memory if small, else in a temporary file.
/// </summary>
internal static class MultipartContext
{
    private const int MaxFiles = 100_000;
    private const long MaxNameChars = 16 * 1024 * 1024;
    private static readonly string[] ArchiveSuffixes = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"];

    /// <param name="first">The form's first file; only files may follow.</param>
    public static BuildContext From(MultipartReader reader, MultipartSection first, string? dockerfile, long maxBytes) =>
        (output, check, cancellationToken) => WriteAsync(
            reader, first, new ArchiveRules(dockerfile, check), new TarContextWriter(output, maxBytes), maxBytes, cancellationToken);

    private static async Task WriteAsync(
        MultipartReader reader, MultipartSection first, ArchiveRules rules, TarContextWriter tar, long maxBytes, CancellationToken cancellationToken)
    {
        var names = new SentNames();
        for (MultipartSection? section = first; section is not null; section = await NextAsync(reader, cancellationToken))
        {
            if (!TryGetFileName(section, out var given))
            {
                throw NameOf(section) is { Length: > 0 } parameter
                    ? BuildFormReader.Late(parameter)
                    : BuildContexts.Invalid("The form is truncated or has a part with neither a name nor a file name.");
            }

            BuildFormReader.RequireEntry(section);
            var name = ParseFileName(given);
            await using var content = await Spool.ReadAsync(section.Body, given, maxBytes - tar.Written, maxBytes, cancellationToken);
            foreach (var directory in names.Add(name))
            {
                await tar.AddDirectoryAsync(directory, cancellationToken);
            }

            if (rules.Accept(new ArchiveEntry('0', name, "", content.Length)))
            {
                rules.ReadContent(await Spool.BytesAsync(content, cancellationToken));
            }

            await tar.AddFileAsync(name, content, cancellationToken);
        }

        if (!rules.MayHaveDockerfile && names.OnlyFile is { } archive && IsArchive(archive))
        {
            throw new ApiException(
                ErrorCode.InvalidDockerfile,
                $"The context is the form's files, and '{TarText.Printable(archive)}' is the only one. Send an archive as the body of the request, "
                    + $"with the content type {MediaTypes.Tar}: curl --data-binary @FILE.");
        }

        rules.End();
        await tar.EndAsync(cancellationToken);
    }

    private static bool IsArchive(string name) => ArchiveSuffixes.Any(s => name.EndsWith(s, StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads the form's next part; null at the end.</summary>
    /// <exception cref="ApiException">The form is truncated or invalid.</exception>
    public static async Task<MultipartSection?> NextAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadNextSectionAsync(cancellationToken);
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw BuildContexts.Invalid("The form is truncated or damaged: its parts do not end with the boundary of the content type.", e);
        }
    }

    /// <summary>Whether an exception means a damaged form. Connection failures have other types.</summary>
    public static bool IsDamage(Exception exception) => exception is InvalidDataException || exception.GetType() == typeof(IOException);

    /// <summary>Whether a part is a file, and its file name as sent.</summary>
    public static bool TryGetFileName(MultipartSection section, [NotNullWhen(true)] out string? name)
    {
        var disposition = section.GetContentDispositionHeader();
        // filename* can contain every character; filename is sent along for old readers.
        var given = disposition is null ? default : disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName;
        name = given.HasValue ? HeaderUtilities.RemoveQuotes(given).ToString().Replace("\\\"", "\"", StringComparison.Ordinal) : null;
        return name is not null;
    }

    /// <summary>The name of a part's field, or an empty string.</summary>
    public static string NameOf(MultipartSection section) =>
        section.GetContentDispositionHeader() is { Name.HasValue: true } disposition ? HeaderUtilities.RemoveQuotes(disposition.Name).ToString() : "";

    /// <summary>Converts a file name to a path inside the context.</summary>
    private static string ParseFileName(string given)
    {
        if (given.Length == 0)
        {
            throw BuildContexts.Invalid("The form contains a file without a file name.");
        }

        if (given.Contains('\\', StringComparison.Ordinal))
        {
            throw BuildContexts.Invalid($"'{TarText.Printable(given)}' contains a backslash. Use '/' in paths.");
        }

        var name = ArchiveRules.Inside(given, given);
        return name.Length > 0 && !given.EndsWith('/') && name.Split('/').All(part => part.Length <= 255)
            ? name : throw BuildContexts.Invalid($"'{TarText.Printable(given)}' is not a valid file name.");
    }

    /// <summary>The files and directories that were sent.</summary>
    private sealed class SentNames
    {
        private readonly Dictionary<string, bool> _isDirectory = [];
        private long _length;

        /// <summary>The file, if there is only one.</summary>
        public string? OnlyFile => _isDirectory.Count(n => !n.Value) == 1 ? _isDirectory.Single(n => !n.Value).Key : null;

        /// <summary>Adds a file; returns its new parent directories.</summary>
        public IReadOnlyList<string> Add(string name)
        {
            var directories = new List<string>();
            for (var slash = name.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = name.IndexOf('/', slash + 1))
            {
                var directory = name[..slash];
                if (!_isDirectory.TryGetValue(directory, out var isDirectory))
                {
                    Record(directory, true);
                    directories.Add(directory);
                }
                else if (!isDirectory)
                {
                    throw BuildContexts.Invalid($"'{TarText.Printable(directory)}' is both a file and a directory in the form.");
                }
            }

            if (_isDirectory.TryGetValue(name, out var asDirectory))
            {
                throw BuildContexts.Invalid(asDirectory
                    ? $"'{TarText.Printable(name)}' is both a file and a directory in the form."
                    : $"'{TarText.Printable(name)}' occurs twice in the form.");
            }

            Record(name, false);
            return directories;
        }

        private void Record(string name, bool isDirectory)
        {
            _length += name.Length;
            if (_isDirectory.Count == MaxFiles || _length > MaxNameChars)
            {
                throw BuildContexts.Invalid($"The form has more than {MaxFiles} files and directories. Send an archive instead.");
            }

            _isDirectory.Add(name, isDirectory);
        }
    }
}
