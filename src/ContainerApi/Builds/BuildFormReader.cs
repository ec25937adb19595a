using ContainerApi.Archives;
using ContainerApi.Builds.Contexts;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

/// <summary>
/// A build request as a form: the parameters, named as in the query, with the secrets that are files; then the archives that are named
/// contexts; then the files of the context.
/// </summary>
/// <param name="FirstFile">The first archive or file; null for none.</param>
internal sealed record BuildForm(
    IReadOnlyDictionary<string, StringValues> Fields, FormFiles Files, MultipartReader Reader, MultipartSection? FirstFile);

/// <summary>The files of a form that are not entries of its context. Prints no member.</summary>
/// <param name="Secrets">By id.</param>
/// <param name="Context">The name of the first context that is an archive; null for none. Others may follow.</param>
internal sealed record FormFiles(IReadOnlyDictionary<string, byte[]> Secrets, string? Context)
{
    public static readonly FormFiles None = new(new Dictionary<string, byte[]>(), null);

    public override string ToString() => nameof(FormFiles);
}

internal static class BuildFormReader
{
    private const int MaxBoundaryLength = 70;
    private const int MaxValueLength = 64 * 1024;
    private const int MaxValues = 1000;
    private const int MaxTotalLength = 4 * 1024 * 1024;
    private const string SecretPrefix = "secret:";
    private const string SshPrefix = "ssh:";
    private const string ContextPrefix = "context:";
    public const string Twice = "is given twice.";
    private static readonly string[] FilePrefixes = [SecretPrefix, SshPrefix, ContextPrefix];

    /// <summary>Reads a form up to its first archive or file.</summary>
    /// <exception cref="ApiException">The body is not a form, or has a parameter that is invalid or too long.</exception>
    public static async Task<BuildForm> ReadAsync(HttpContext http)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(http.Request.ContentType).Boundary).ToString();
        if (boundary.Length is 0 or > MaxBoundaryLength)
        {
            throw BuildContexts.Invalid(boundary.Length == 0
                ? "The boundary in the content type is missing. curl -F sets the content type itself."
                : $"The boundary in the content type must have 1 to {MaxBoundaryLength} characters.");
        }

        var reader = new MultipartReader(boundary, http.Request.Body);
        var fields = new Dictionary<string, StringValues>(StringComparer.OrdinalIgnoreCase);
        var secrets = new Dictionary<string, byte[]>();
        var left = MaxTotalLength;
        for (var count = 0; await MultipartContext.NextAsync(reader, http.RequestAborted) is { } section; count++)
        {
            var name = MultipartContext.NameOf(section);
            var isFile = MultipartContext.TryGetFileName(section, out _);
            RequireForm(section);
            var isSecret = isFile && name.StartsWith(SecretPrefix, StringComparison.Ordinal);
            if (isFile && !isSecret && !name.StartsWith(SshPrefix, StringComparison.Ordinal))
            {
                return new BuildForm(fields, new FormFiles(secrets, ContextOf(section)), reader, section);
            }

            if (name.Length == 0 || count == MaxValues)
            {
                throw BuildContexts.Invalid($"A part of the form must have a name or a file name, and a form at most {MaxValues} parameters.");
            }

            var value = await ReadValueAsync(section, name, isSecret ? BuildSecret.MaxLength : MaxValueLength, http.RequestAborted);
            left -= name.Length + value.Length;
            if (left < 0)
            {
                throw new ApiException(ErrorCode.InvalidRequest, $"The parameters of a form must have at most {MaxTotalLength} characters together.");
            }

            if (isSecret)
            {
                var id = name[SecretPrefix.Length..];
                if (!BuildSecret.IsId(id))
                {
                    throw Refused(name, BuildSecret.ExpectedId);
                }

                if (!secrets.TryAdd(id, value))
                {
                    throw Refused(name, Twice);
                }
            }
            else
            {
                fields[name] = StringValues.Concat(fields.GetValueOrDefault(name), Encoding.UTF8.GetString(value));
            }
        }

        return new BuildForm(fields, new FormFiles(secrets, null), reader, null);
    }

    /// <summary>The error of a form without a context.</summary>
    public static ApiException NoFile() =>
        BuildContexts.Invalid("The form has no file; each file part is an entry of the context by its file name.");

    /// <summary>The name of the context that a file part is; null for another part.</summary>
    /// <exception cref="ApiException">The name is invalid.</exception>
    public static string? ContextOf(MultipartSection section)
    {
        var name = MultipartContext.NameOf(section);
        return !name.StartsWith(ContextPrefix, StringComparison.Ordinal) || !MultipartContext.TryGetFileName(section, out _) ? null
            : ContextSource.TryParse($"{name[ContextPrefix.Length..]}=archive", out var context) ? context.Name
            : throw Refused(name, "has an invalid name.");
    }

    /// <summary>Checks a file part that follows the first file of the context.</summary>
    /// <exception cref="ApiException">It is a parameter, or nearly one: it must not become a file of the context, and so of the image.</exception>
    public static void RequireEntry(MultipartSection section)
    {
        RequireForm(section);
        if (PrefixOf(section) is not null)
        {
            throw Late(MultipartContext.NameOf(section));
        }
    }

    /// <summary>The error of a parameter after a file.</summary>
    public static ApiException Late(string name) => Refused(name, "is a parameter after a file. Send the parameters before the files.");

    /// <exception cref="ApiException">The part's name is nearly that of a parameter.</exception>
    private static void RequireForm(MultipartSection section)
    {
        var name = MultipartContext.NameOf(section);
        if (PrefixOf(section) is { } prefix && !name.StartsWith(prefix, StringComparison.Ordinal))
        {
            throw Refused(name, $"is not the name of a file part. Use '{prefix}{(prefix == ContextPrefix ? "NAME" : "ID")}'.");
        }
    }

    /// <summary>The prefix of the parameter that a file part is or nearly is: also in the plural, in another case and without the name.</summary>
    private static string? PrefixOf(MultipartSection section) => !MultipartContext.TryGetFileName(section, out _) ? null
        : MultipartContext.NameOf(section).Split(':', '=')[0].Trim() is var word
            ? FilePrefixes.FirstOrDefault(p => (word + ":").Equals(p, StringComparison.OrdinalIgnoreCase)
                || word.Equals(p.Replace(':', 's'), StringComparison.OrdinalIgnoreCase))
            : null;

    /// <summary>The error of a parameter of the form.</summary>
    public static ApiException Refused(string name, string message)
    {
        var field = TarText.Printable(name);
        return new ApiException(ErrorCode.InvalidRequest, $"{field} {message}", new Dictionary<string, string[]> { [field] = [message] });
    }

    private static async Task<byte[]> ReadValueAsync(MultipartSection section, string name, int maxLength, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[maxLength + 1];
            var read = await section.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return read <= maxLength ? buffer[..read] : throw Refused(name, $"must have at most {maxLength} bytes.");
        }
        catch (Exception e) when (MultipartContext.IsDamage(e))
        {
            throw BuildContexts.Invalid($"The form is truncated or damaged in the parameter '{TarText.Printable(name)}'.", e);
        }
    }
}
