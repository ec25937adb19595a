using System.Text;
using System.Text.Json;
using ContainerApi.Builds.Dockerfiles;

namespace ContainerApi.Images;

/// <summary>
/// Pure: the configuration that a commit's image will have, as the engine makes it (moby <c>builder/dockerfile</c>,
/// <c>BuildFromConfig</c>, and <c>daemon/commit.go</c>, <c>merge</c>): the instructions are applied to the container's own.
/// </summary>
internal static class CommitPreview
{
    private static readonly IReadOnlyList<string> DefaultShell = ["/bin/sh", "-c"];

    /// <param name="changes">Valid instructions, one each.</param>
    /// <param name="dialect">How the engine that will commit reads instructions.</param>
    /// <exception cref="ApiException">One has not the form that its instruction takes.</exception>
    public static ContainerConfiguration Apply(ContainerConfiguration container, IReadOnlyList<string> changes, InstructionDialect dialect)
    {
        var said = container;
        var commandSaid = false;
        // As the engine does, which makes one Dockerfile of them: a backslash at the end takes the next in.
        var lines = new DockerfileLines(string.Join('\n', changes));
        while (lines.Next() is { } line)
        {
            var (instruction, rest) = Parse(line.Text);
            try
            {
                said = Apply(said, instruction, rest, dialect, ref commandSaid);
            }
            catch (FormatException e)
            {
                throw Refused($"{instruction}: {e.Message}");
            }
        }

        // What is empty after that is as it was in the container.
        var hasEntrypoint = said.Entrypoint is { Count: > 0 };
        return said with
        {
            Command = hasEntrypoint || said.Command is { Count: > 0 } ? said.Command : container.Command,
            Entrypoint = hasEntrypoint ? said.Entrypoint : container.Entrypoint,
            User = said.User is { Length: > 0 } ? said.User : container.User,
        };
    }

    private static (string Instruction, string Argument) Parse(string line)
    {
        var parts = line.Trim().Split((char[]?)null, 2);
        var instruction = parts[0].ToUpperInvariant();
        var rest = parts is [_, var text] ? text.Trim() : "";
        if (!rest.StartsWith("--", StringComparison.Ordinal) || instruction == "HEALTHCHECK")
        {
            return (instruction, rest);
        }

        // Words that begin so are flags, of which these instructions have none; two dashes alone end them.
        var flag = rest.Split((char[]?)null, 2);
        return flag[0] == "--" ? (instruction, flag is [_, var after] ? after.Trim() : "") : throw Refused($"{instruction}: unknown flag '{flag[0]}'.");
    }

    private static ContainerConfiguration Apply(ContainerConfiguration said, string instruction, string rest, InstructionDialect dialect, ref bool commandSaid)
    {
        switch (instruction)
        {
            case "CMD":
                commandSaid |= rest.Length > 0 && ToList(rest, dialect) is not { Count: 0 };
                return said with { Command = ToCommand(rest, said.Shell, dialect) };
            case "ENTRYPOINT":
                // A new entrypoint makes a command that the instructions did not give meaningless, so it goes.
                return said with { Entrypoint = rest.Length == 0 ? null : ToCommand(rest, said.Shell, dialect), Command = commandSaid ? said.Command : null };
            case "ENV":
                return said with { Environment = WithPairs(said.Environment, rest, dialect) };
            case "USER":
                return said with { User = Expand(Required(rest), said.Environment, dialect) };
            case "WORKDIR":
                return said with { WorkingDirectory = Within(said.WorkingDirectory, Expand(Required(rest), said.Environment, dialect), dialect) };
            default:
                // The others say nothing of what a preview shows.
                return said;
        }
    }

    /// <summary>A JSON list of strings is taken as it is; anything else is a line for the shell.</summary>
    private static IReadOnlyList<string>? ToCommand(string text, IReadOnlyList<string>? shell, InstructionDialect dialect) => ToList(text, dialect) switch
    {
        [] when dialect.TakesOnlyWholeLists => null,
        { } list => list,
        null => [.. shell is { Count: > 0 } ? shell : DefaultShell, .. text.Length == 0 ? Array.Empty<string>() : [text]],
    };

    /// <returns>Null where the text is no JSON list.</returns>
    private static IReadOnlyList<string>? ToList(string text, InstructionDialect dialect)
    {
        if (!text.StartsWith('['))
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
            using var list = JsonDocument.ParseValue(ref reader);
            if (dialect.TakesOnlyWholeLists && reader.BytesConsumed < Encoding.UTF8.GetByteCount(text))
            {
                return null;
            }

            return list.RootElement.EnumerateArray().All(i => i.ValueKind == JsonValueKind.String)
                ? [.. list.RootElement.EnumerateArray().Select(i => i.GetString()!)]
                : throw new FormatException("a JSON list must be of strings only.");
        }
        catch (JsonException)
        {
            return null;
        }
        catch (InvalidOperationException)
        {
            throw new FormatException("a JSON list must be of valid strings.");
        }
    }

    /// <summary><c>ENV a=1 b="two words"</c>, or <c>ENV a the rest of the line</c>.</summary>
    private static IReadOnlyList<string> WithPairs(IReadOnlyList<string> environment, string text, InstructionDialect dialect)
    {
        // All of one instruction see the environment before it.
        var changed = environment.ToList();
        foreach (var (name, value) in PairsOf(Required(text)))
        {
            var key = Expand(name, environment, dialect);
            var entry = $"{key}={Expand(value, environment, dialect)}";
            var at = changed.FindIndex(e => NameOf(e) == key);
            if (at < 0)
            {
                changed.Add(entry);
            }
            else
            {
                changed[at] = entry;
            }
        }

        return changed;
    }

    private static IEnumerable<(string Name, string Value)> PairsOf(string text)
    {
        var words = InstructionWords.Split(text);
        if (!words[0].Contains('='))
        {
            return text.Split((char[]?)null, 2) is [var name, var value] ? [(name, value.TrimStart())] : throw new FormatException("must have two arguments.");
        }

        return words.Select(word => word.IndexOf('=', StringComparison.Ordinal) switch
        {
            < 0 => throw new FormatException($"'{word}' must be NAME=value."),
            0 => throw new FormatException("a name must not be blank."),
            var equals => (word[..equals], word[(equals + 1)..]),
        });
    }

    private static string Expand(string text, IReadOnlyList<string> environment, InstructionDialect dialect) =>
        InstructionWords.Expand(text, name => environment.FirstOrDefault(e => NameOf(e) == name)?.Split('=', 2) is [_, var value] ? value : null, dialect.TakesShortSubstitutions);

    private static string NameOf(string entry) => entry.Split('=', 2)[0];

    /// <summary>An absolute path, or another below the one before; made plain, but that old engines leave an absolute one as it is.</summary>
    private static string Within(string? before, string path, InstructionDialect dialect) => path switch
    {
        "" => throw new FormatException("the path is empty."),
        ['/', ..] when !dialect.MakesPathsPlain => path,
        _ => Path.GetFullPath(path[0] == '/' ? path : $"/{before}/{path}") is { Length: > 1 } full ? full.TrimEnd('/') : "/",
    };

    private static string Required(string text) => text.Length > 0 ? text : throw new FormatException("an argument is required.");

    private static ApiException Refused(string what) =>
        new(ErrorCode.InvalidRequest, "changes: " + what, new Dictionary<string, string[]> { ["changes"] = [what] });
}
