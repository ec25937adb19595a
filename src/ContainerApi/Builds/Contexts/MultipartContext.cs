using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A form's files as a context, each an entry by its file name, which may be a path. A tar header says how long its entry
/// is, which a form does not: one file at a time is kept, a small one in memory and a large one in a temporary file.
/// </summary>
internal static class MultipartContext
{
    private const int MostFiles = 100_000;
    private const long LongestNames = 16 * 1024 * 1024;
    private const int FileMode = 0x1A4; // 0644
    private const int DirectoryMode = 0x1ED; // 0755

    /// <param name="first">The form's first file; what follows it must be files.</param>
    public static BuildContext From(MultipartReader reader, MultipartSection first, string? dockerfile, long maxBytes) => async (output, check, cancellationToken) =>
    {
        var tar = new TarContextWriter(output, maxBytes);
        var rules = new ArchiveRules(dockerfile, check);
        var names = new Names();
        for (MultipartSection? section = first; section is not null; section = await NextAsync(reader, cancellationToken))
        {
            if (!TryGetFileName(section, out var given))
            {
                throw NameOf(section) is { Length: > 0 } parameter
                    ? new ApiException(ErrorCode.InvalidRequest, $"The parameter '{TarText.Printable(parameter)}' comes after a file; in a form the parameters come first.")
                    : BuildContexts.Invalid("The form is cut short, or has a part with neither a name nor a file name.");
            }

            var name = Judged(given);
            await using var content = await Spool.ReadAsync(section.Body, given, maxBytes - tar.Written, maxBytes, cancellationToken);
            foreach (var directory in names.Add(name))
            {
                await tar.AddDirectoryAsync(directory, DirectoryMode, 0, cancellationToken);
            }

            if (rules.Judge(new ArchiveEntry('0', name, "", content.Length)))
            {
                rules.ReadDockerfile(await Spool.BytesAsync(content, cancellationToken));
            }

            await tar.AddFileAsync(name, content, FileMode, content.Length, 0, cancellationToken);
        }

        rules.End();
        await tar.EndAsync(cancellationToken);
    };

    /// <summary>The form's next part, or null at its end.</summary>
    /// <exception cref="ApiException">The form is cut short, or none.</exception>
    public static async Task<MultipartSection?> NextAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadNextSectionAsync(cancellationToken);
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw BuildContexts.Invalid("The form is cut short or damaged: its parts do not end with the boundary that the content type names.", e);
        }
    }

    /// <summary>Whether a form could not be read on; what the client or the server did to the connection is told otherwise.</summary>
    public static bool IsDamage(Exception exception) => exception is InvalidDataException || exception.GetType() == typeof(IOException);

    /// <summary>Whether a part is a file, and its name as the client gave it.</summary>
    public static bool TryGetFileName(MultipartSection section, [NotNullWhen(true)] out string? name)
    {
        var disposition = section.GetContentDispositionHeader();
        // The second form can hold every character; who sends it sends the first for old readers.
        var given = disposition is null ? default : disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName;
        name = given.HasValue ? HeaderUtilities.RemoveQuotes(given).ToString().Replace("\\\"", "\"", StringComparison.Ordinal) : null;
        return name is not null;
    }

    /// <summary>The name of a part's field, empty where it has none.</summary>
    public static string NameOf(MultipartSection section) =>
        section.GetContentDispositionHeader() is { Name.HasValue: true } disposition ? HeaderUtilities.RemoveQuotes(disposition.Name).ToString() : "";

    /// <summary>The path inside the context that a file name means.</summary>
    private static string Judged(string given)
    {
        if (given.Length == 0)
        {
            throw BuildContexts.Invalid("A part of the form is a file without a name.");
        }

        if (given.Contains('\\', StringComparison.Ordinal))
        {
            throw BuildContexts.Invalid($"'{TarText.Printable(given)}' has a backslash; a context's paths are written with '/'.");
        }

        var name = ArchiveRules.Inside(given, given);
        return name.Length > 0 && !given.EndsWith('/') && name.Split('/').All(part => part.Length <= 255)
            ? name
            : throw BuildContexts.Invalid($"'{TarText.Printable(given)}' is no name for a file.");
    }

    /// <summary>What was sent already.</summary>
    private sealed class Names
    {
        private readonly Dictionary<string, bool> _isDirectory = [];
        private long _length;

        /// <summary>Takes a file's name; returns the directories above it that are new.</summary>
        public IReadOnlyList<string> Add(string name)
        {
            var directories = new List<string>();
            for (var slash = name.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = name.IndexOf('/', slash + 1))
            {
                var directory = name[..slash];
                if (!_isDirectory.TryGetValue(directory, out var isDirectory))
                {
                    Remember(directory, true);
                    directories.Add(directory);
                }
                else if (!isDirectory)
                {
                    throw BuildContexts.Invalid($"'{TarText.Printable(directory)}' is a file and a directory in one form.");
                }
            }

            if (_isDirectory.TryGetValue(name, out var asDirectory))
            {
                throw BuildContexts.Invalid(asDirectory
                    ? $"'{TarText.Printable(name)}' is a file and a directory in one form."
                    : $"'{TarText.Printable(name)}' is in the form twice.");
            }

            Remember(name, false);
            return directories;
        }

        private void Remember(string name, bool isDirectory)
        {
            _length += name.Length;
            if (_isDirectory.Count == MostFiles || _length > LongestNames)
            {
                throw BuildContexts.Invalid($"A form may have {MostFiles} files and directories; send an archive instead.");
            }

            _isDirectory.Add(name, isDirectory);
        }
    }
}
