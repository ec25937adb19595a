using System.Reflection;
using System.Text;
using ContainerApi.Builds.Contexts;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

/// <summary>Reads a build request as a form: first the parameters, named as in the query, then the files of the context.</summary>
internal static class BuildFormReader
{
    private const int MaxBoundaryLength = 70;
    private const int MaxValueLength = 64 * 1024;
    private const int MaxValues = 1000;

    private static readonly IReadOnlyDictionary<string, PropertyInfo> Parameters = typeof(BuildRequest).GetProperties()
        .Where(p => p.GetCustomAttribute<FromQueryAttribute>() is not null)
        .ToDictionary(p => p.GetCustomAttribute<FromQueryAttribute>()!.Name!, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads the parameters before the first file and adds them to those of the query.</summary>
    /// <exception cref="ApiException">The body is not a form, has no file, or has invalid parameters.</exception>
    public static async Task<(BuildRequest Request, MultipartReader Reader, MultipartSection FirstFile)> ReadAsync(
        HttpContext http, BuildRequest query)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(http.Request.ContentType).Boundary).ToString();
        if (boundary.Length is 0 or > MaxBoundaryLength)
        {
            throw BuildContexts.Invalid($"The boundary in the content type must have 1 to {MaxBoundaryLength} characters.");
        }

        var reader = new MultipartReader(boundary, http.Request.Body);
        var values = new List<(string Name, string Value)>();
        while (await MultipartContext.NextAsync(reader, http.RequestAborted) is { } section)
        {
            if (MultipartContext.TryGetFileName(section, out _))
            {
                return (Bind(query, values, http.Request.Query), reader, section);
            }

            var name = MultipartContext.NameOf(section);
            if (name.Length == 0 || values.Count == MaxValues)
            {
                throw BuildContexts.Invalid($"A part of the form must have a name or a file name, and a form at most {MaxValues} parameters.");
            }

            values.Add((name, await ReadValueAsync(section, name, http.RequestAborted)));
        }

        throw BuildContexts.Invalid("The form has no file; each file part is an entry of the context by its file name.");
    }

    private static BuildRequest Bind(BuildRequest query, IEnumerable<(string Name, string Value)> values, IQueryCollection inQuery)
    {
        var errors = new Dictionary<string, string[]>();
        var request = query with { };
        foreach (var field in values.GroupBy(v => v.Name, v => v.Value, StringComparer.OrdinalIgnoreCase))
        {
            var texts = field.ToArray();
            if (field.Key is "path" or "remote")
            {
                errors[field.Key] = ["names a context beside the form's files."];
                errors["files"] = [$"are a context beside {field.Key}."];
            }
            else if (!Parameters.TryGetValue(field.Key, out var parameter))
            {
                errors[field.Key] = [$"is unknown. Allowed parameters: {string.Join(", ", Parameters.Keys)}."];
            }
            else if (inQuery.ContainsKey(field.Key))
            {
                errors[field.Key] = ["must not be in both the query and the form."];
            }
            else if (parameter.PropertyType.IsArray)
            {
                parameter.SetValue(request, texts);
            }
            else if (texts.Length > 1)
            {
                errors[field.Key] = ["must be given once."];
            }
            else
            {
                parameter.SetValue(request, texts[0]);
            }
        }

        return errors.Count == 0
            ? request
            : throw new ApiException(ErrorCode.InvalidRequest, string.Join(" ", errors.Select(e => $"{e.Key} {e.Value[0]}")), errors);
    }

    private static async Task<string> ReadValueAsync(MultipartSection section, string name, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[MaxValueLength + 1];
            var read = await section.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return read <= MaxValueLength
                ? Encoding.UTF8.GetString(buffer, 0, read)
                : throw new ApiException(ErrorCode.InvalidRequest, $"{name} is too long. Maximum length: {MaxValueLength} bytes.");
        }
        catch (Exception e) when (MultipartContext.IsDamage(e))
        {
            throw BuildContexts.Invalid($"The form is truncated or damaged in the parameter '{TarText.Printable(name)}'.", e);
        }
    }
}
