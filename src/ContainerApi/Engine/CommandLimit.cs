namespace ContainerApi.Engine;

/// <summary>
/// Limits command lines: each is cut at <paramref name="MaxBytes"/> of UTF-8, and when the processes of one answer have used
/// <see cref="AnswerBytes"/> together, the others are cut at <see cref="ShortBytes"/>. A process may have megabytes of arguments.
/// </summary>
/// <param name="MaxBytes">The setting <c>Limits:CommandBytes</c>.</param>
internal sealed record CommandLimit(int MaxBytes = CommandLimit.DefaultMaxBytes)
{
    public const int DefaultMaxBytes = 4096;
    public const int ShortBytes = 128;
    public const int AnswerBytes = 16 * 1024 * 1024;

    /// <summary>Marks a command that was cut.</summary>
    public const string Mark = "…";

    public string Cut(string command) => Cut(command, MaxBytes);

    public Budget StartAnswer() => new(this);

    private static string Cut(string command, int maxBytes)
    {
        // A character has at least one byte and at most three.
        if (command.Length <= maxBytes / 3 || Encoding.UTF8.GetByteCount(command) <= maxBytes)
        {
            return command;
        }

        var length = 0;
        var left = maxBytes;
        foreach (var rune in command.EnumerateRunes())
        {
            left -= rune.Utf8SequenceLength;
            if (left < 0)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return command[..length] + Mark;
    }

    /// <summary>The command lines of one answer. Safe for concurrent use.</summary>
    internal sealed class Budget(CommandLimit limit)
    {
        private long _left = AnswerBytes;

        /// <summary>The length of the next command, in bytes.</summary>
        public int Next => Volatile.Read(ref _left) > 0 ? limit.MaxBytes : Math.Min(limit.MaxBytes, ShortBytes);

        public void Use(int bytes) => Interlocked.Add(ref _left, -bytes);

        public IReadOnlyList<ProcessFacts> Cut(IReadOnlyList<ProcessFacts> processes) =>
        [
            .. processes.Select(p =>
            {
                var command = CommandLimit.Cut(p.Command, Next);
                Use(command.Length);
                return ReferenceEquals(command, p.Command) ? p : p with { Command = command };
            }),
        ];
    }
}
