using ContainerApi.Api.Requests;
using Microsoft.OpenApi;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>
/// A command: a list of arguments, or a text that is split by the quoting rules of a POSIX shell (Shell Command Language, 2.2).
/// It expands neither variables nor globs and has no comments.
/// </summary>
internal sealed record CommandLine(IReadOnlyList<string> Arguments) : IJsonParameterValue<CommandLine>
{
    /// <summary>The longest argument or environment variable of a Linux process: <c>MAX_ARG_STRLEN</c> without the NUL (execve(2)).</summary>
    public const int MaxArgumentBytes = 128 * 1024 - 1;

    public static bool IsTooLong(string argument) => Encoding.UTF8.GetByteCount(argument) > MaxArgumentBytes;

    public static OpenApiSchema Schema => new()
    {
        OneOf =
        [
            new OpenApiSchema { Type = JsonSchemaType.String },
            new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        ],
    };

    public static (CommandLine? Value, string? Error) Read(JsonElement json)
    {
        IReadOnlyList<string>? arguments;
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                if (!TrySplit(json.GetString()!, out arguments))
                {
                    return (null, "has a quote that is not closed, or ends with a backslash.");
                }

                break;
            case JsonValueKind.Array when json.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String):
                arguments = [.. json.EnumerateArray().Select(e => e.GetString()!)];
                break;
            default:
                return (null, "must be a string or a list of strings.");
        }

        return arguments.Count == 0 ? (null, "must not be empty. Leave it out for the image's own.")
            : arguments.Any(a => a.Contains('\0')) ? (null, "must not have a NUL character.")
            : arguments.Any(IsTooLong) ? (null, $"must not have an argument longer than {MaxArgumentBytes} bytes.")
            : (new CommandLine(arguments), null);
    }

    /// <returns>False for an unclosed quote or a trailing backslash.</returns>
    internal static bool TrySplit(string text, [NotNullWhen(true)] out IReadOnlyList<string>? arguments)
    {
        var found = new List<string>();
        var argument = new StringBuilder();
        // Empty quotes are an argument, so an empty builder does not mean that there is none.
        var hasArgument = false;
        arguments = null;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case ' ' or '\t' or '\r' or '\n':
                    if (hasArgument)
                    {
                        found.Add(argument.ToString());
                        argument.Clear();
                        hasArgument = false;
                    }

                    break;
                case '\\':
                    if (++i == text.Length)
                    {
                        return false;
                    }

                    // A backslash before a line break joins the lines.
                    if (text[i] != '\n')
                    {
                        argument.Append(text[i]);
                        hasArgument = true;
                    }

                    break;
                case '\'' or '"':
                    if (!TryReadQuoted(text, ref i, argument))
                    {
                        return false;
                    }

                    hasArgument = true;
                    break;
                default:
                    argument.Append(text[i]);
                    hasArgument = true;
                    break;
            }
        }

        if (hasArgument)
        {
            found.Add(argument.ToString());
        }

        arguments = found;
        return true;
    }

    /// <summary>Reads from the quote at <paramref name="i"/> to the closing quote.</summary>
    private static bool TryReadQuoted(string text, ref int i, StringBuilder argument)
    {
        var quote = text[i];
        while (++i < text.Length && text[i] != quote)
        {
            // A backslash escapes only in double quotes, and there only these four characters and a line break.
            if (quote == '"' && text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '$' or '`' or '"' or '\\' or '\n')
            {
                if (text[++i] == '\n')
                {
                    continue;
                }
            }

            argument.Append(text[i]);
        }

        return i < text.Length;
    }
}
