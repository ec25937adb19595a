using ContainerApi.Archives;
using ContainerApi.Builds.Contexts;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

/// <summary>A build request as a form: first the parameters, named as in the query, then the files of the context.</summary>
/// <param name="Fields">The parameters before the first file.</param>
internal sealed record BuildForm(IReadOnlyDictionary<string, StringValues> Fields, MultipartReader Reader, MultipartSection FirstFile);

internal static class BuildFormReader
{
    private const int MaxBoundaryLength = 70;
    private const int MaxValueLength = 64 * 1024;
    private const int MaxValues = 1000;
    private const int MaxTotalLength = 4 * 1024 * 1024;

    /// <summary>Reads a form up to its first file.</summary>
    /// <exception cref="ApiException">The body is not a form, has no file, or has a parameter that is too long.</exception>
    public static async Task<BuildForm> ReadAsync(HttpContext http)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(http.Request.ContentType).Boundary).ToString();
        if (boundary.Length is 0 or > MaxBoundaryLength)
        {
            throw BuildContexts.Invalid($"The boundary in the content type must have 1 to {MaxBoundaryLength} characters.");
        }

        var reader = new MultipartReader(boundary, http.Request.Body);
        var fields = new Dictionary<string, StringValues>(StringComparer.OrdinalIgnoreCase);
        var left = MaxTotalLength;
        for (var count = 0; await MultipartContext.NextAsync(reader, http.RequestAborted) is { } section; count++)
        {
            if (MultipartContext.TryGetFileName(section, out _))
            {
                return new BuildForm(fields, reader, section);
            }

            var name = MultipartContext.NameOf(section);
            if (name.Length == 0 || count == MaxValues)
            {
                throw BuildContexts.Invalid($"A part of the form must have a name or a file name, and a form at most {MaxValues} parameters.");
            }

            var value = await ReadValueAsync(section, name, http.RequestAborted);
            left -= name.Length + value.Length;
            if (left < 0)
            {
                throw new ApiException(ErrorCode.InvalidRequest, $"The parameters of a form must have at most {MaxTotalLength} characters together.");
            }

            fields[name] = StringValues.Concat(fields.GetValueOrDefault(name), value);
        }

        throw BuildContexts.Invalid("The form has no file; each file part is an entry of the context by its file name.");
    }

    /// <summary>The error of a parameter of the form.</summary>
    public static ApiException Refused(string name, string message)
    {
        var field = TarText.Printable(name);
        return new ApiException(ErrorCode.InvalidRequest, $"{field} {message}", new Dictionary<string, string[]> { [field] = [message] });
    }

    private static async Task<string> ReadValueAsync(MultipartSection section, string name, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[MaxValueLength + 1];
            var read = await section.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return read <= MaxValueLength
                ? Encoding.UTF8.GetString(buffer, 0, read)
                : throw Refused(name, $"must have at most {MaxValueLength} bytes.");
        }
        catch (Exception e) when (MultipartContext.IsDamage(e))
        {
            throw BuildContexts.Invalid($"The form is truncated or damaged in the parameter '{TarText.Printable(name)}'.", e);
        }
    }
}
