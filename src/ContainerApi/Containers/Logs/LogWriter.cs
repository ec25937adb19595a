using System.Buffers;
using System.Text.Encodings.Web;
using ContainerApi.Access;
using ContainerApi.Api;

namespace ContainerApi.Containers.Logs;

/// <summary>Writes the events of a stream as UTF-8: JSON lines, or text. Lines are written without strings where nothing in them needs one.</summary>
/// <param name="redactor">Null for a caller who sees secrets.</param>
/// <param name="hasPrefix">Whether each line of text begins with the name of the container.</param>
internal sealed class LogWriter(LogOptions options, StreamFormat format, Redactor? redactor, bool hasPrefix)
{
    /// <summary>What a terminal shows as it is: printable ASCII and tabs.</summary>
    private static readonly SearchValues<byte> Plain =
        SearchValues.Create([(byte)'\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (byte)c)]);

    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private readonly byte[] _search = Encoding.UTF8.GetBytes(options.Search ?? "");
    private readonly Dictionary<LogSource, (string? Name, byte[] Prefix)> _prefixes = [];
    private int _nameWidth;

    public int Length => _output.WrittenCount;

    public ReadOnlyMemory<byte> Written => _output.WrittenMemory;

    private bool IsText => format == StreamFormat.Text;

    public void Clear() => _output.ResetWrittenCount();

    /// <summary>Aligns the names of text.</summary>
    public void Widen(string? name) => _nameWidth = Math.Max(_nameWidth, name?.Length ?? 0);

    /// <summary>Forgets a source that has ended.</summary>
    public void Forget(LogSource source) => _prefixes.Remove(source);

    /// <summary>Writes the current line of a source. False if the search does not match.</summary>
    /// <param name="tracker">Includes the line.</param>
    public bool Write(LogSource source, LogTracker tracker)
    {
        var text = source.Text;
        if (redactor is not null)
        {
            // Before the search: it must not find what the caller may not see.
            text = Encoding.UTF8.GetBytes(redactor.Line(Encoding.UTF8.GetString(text)));
        }

        if (_search.Length > 0 && text.IndexOf(_search) < 0)
        {
            return false;
        }

        if (IsText)
        {
            _output.Write(PrefixOf(source));
            WriteVisible(text);
            _output.Write("\n"u8);
            return true;
        }

        var line = source.Line;
        _output.Write("{\"type\":\"line\",\"seq\":\""u8);
        _output.Write(tracker.Seq());
        _output.Write("\",\"at\":\""u8);
        line.Time.Write(_output.GetSpan(LogTime.TextLength));
        _output.Advance(LogTime.TextLength);
        _output.Write(PrefixOf(source));
        _output.Write(line.Output == LogOutput.Stderr ? "stderr\",\"text\":\""u8 : "stdout\",\"text\":\""u8);
        WriteEscaped(text);
        _output.Write("\"}\n"u8);
        return true;
    }

    /// <summary>Writes an event that is not a line. Text has only the ones that its reader would miss.</summary>
    public void Write(ContainerLogEvent happened)
    {
        if (!IsText)
        {
            _output.Write(JsonLines.Serialize(happened));
        }
        else if (TextOf(happened) is { } text)
        {
            _output.Write(Encoding.UTF8.GetBytes(VisibleText.Escape(text)));
            _output.Write("\n"u8);
        }
    }

    /// <summary>Writes an event of another stream.</summary>
    /// <param name="seq">The position in this stream.</param>
    public void Write(LogPartEvent happened, string? seq)
    {
        if (!IsText)
        {
            _output.Write(happened.Before.Span);
            _output.Write(Encoding.UTF8.GetBytes(Json(seq)));
            _output.Write(happened.After.Span);
            _output.Write("\n"u8);
            return;
        }

        switch (happened.Parse())
        {
            case ContainerLogLine line:
                var name = VisibleText.Escape(line.Name ?? new ShortId(line.ContainerId).ToString());
                Widen(name);
                _output.Write(Encoding.UTF8.GetBytes($"{name.PadRight(_nameWidth)} | "));
                WriteVisible(Encoding.UTF8.GetBytes(line.Text));
                _output.Write("\n"u8);
                break;
            case { } other:
                Write(other);
                break;
        }
    }

    private string? TextOf(ContainerLogEvent happened) => happened switch
    {
        ContainerLogEnded { ExitCode: { } code } ended when hasPrefix =>
            string.Create(CultureInfo.InvariantCulture, $"{ended.Name} exited with code {code}"),
        ContainerLogEnded ended when hasPrefix => $"{ended.Name} was removed",
        ContainerLogUnreadable unreadable => $"{unreadable.Name} cannot be read: {unreadable.Error.Message}",
        ContainerLogEngine { Engine: { Error: { } error } engine } => $"engine {engine.Name} is {engine.State}: {error.Message}",
        ContainerLogEngine { Engine: var engine } => $"engine {engine.Name} is {engine.State}",
        ContainerLogResult { Error: { } error } => error.Message,
        _ => null,
    };

    /// <summary>The part of a line that a source does not change: of text its name, of JSON what is between the time and the output.</summary>
    private ReadOnlySpan<byte> PrefixOf(LogSource source)
    {
        if (IsText && !hasPrefix)
        {
            return default;
        }

        if (_prefixes.TryGetValue(source, out var known) && known.Name == source.Name && (!IsText || known.Prefix.Length >= _nameWidth + 3))
        {
            return known.Prefix;
        }

        var name = source.Name;
        var text = IsText
            ? $"{VisibleText.Escape(name ?? new ShortId(source.Id).ToString()).PadRight(_nameWidth)} | "
            : $"\",\"engine\":{Json(source.Engine.Name)},\"containerId\":{Json(source.Id)},\"name\":{Json(name)},\"output\":\"";
        var prefix = Encoding.UTF8.GetBytes(text);
        _prefixes[source] = (name, prefix);
        return prefix;
    }

    private static string Json(string? text) => JsonSerializer.Serialize(text, WireJson.Options);

    private void WriteVisible(ReadOnlySpan<byte> text)
    {
        if (!text.ContainsAnyExcept(Plain))
        {
            _output.Write(text);
            return;
        }

        _output.Write(Encoding.UTF8.GetBytes(VisibleText.OfOutput(Encoding.UTF8.GetString(text), options.Colour)));
    }

    private void WriteEscaped(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var plain = Encoder.FindFirstCharacterToEncodeUtf8(text);
            _output.Write(plain < 0 ? text : text[..plain]);
            if (plain < 0)
            {
                return;
            }

            text = text[plain..];
            Encoder.EncodeUtf8(text, _output.GetSpan(1024), out var read, out var written, isFinalBlock: true);
            _output.Advance(written);
            text = text[read..];
        }
    }
}
