using System.Buffers.Binary;
using ContainerApi.Engine.Docker;

namespace ContainerApi.Tests.Engine.Docker;

public sealed class LogDecoderTests
{
    private const string Time = "2026-11-29T00:45:15.522819133Z";

    /// <summary>Recorded from engine 20.10.24. Each has a line of 40,000 bytes, which the engine split.</summary>
    [Theory]
    [InlineData("logs_json.bin", "stdout out|stderr err|stdout part*END|stdout a|stdout b\rc|stdout ä�|stdout |stdout nolf")]
    [InlineData("logs_local.bin", "stdout out|stdout *END|stdout nolf")]
    [InlineData("logs_tty.bin", "stdout out|stdout err|stdout *END|stdout nolf")]
    public void Recorded_log_has_these_lines(string capture, string expected)
    {
        var lines = Decode(Capture(capture), int.MaxValue);

        Assert.Equal(expected.Replace("*", new string('x', 40_000), StringComparison.Ordinal), string.Join('|', lines.Select(l => l.Text)));
        Assert.Equal(lines.Select(l => l.Time).Order(), lines.Select(l => l.Time));
    }

    [Theory]
    [InlineData("logs_json.bin")]
    [InlineData("logs_local.bin")]
    [InlineData("logs_tty.bin")]
    [InlineData("logs_utf8.bin")]
    public void Log_in_pieces_has_the_same_lines(string capture)
    {
        var log = Capture(capture);
        var whole = Decode(log, int.MaxValue);

        Assert.Equal(whole, Decode(log, 1));
        Assert.Equal(whole, Decode(log, 7));
        var random = new Random(7);
        for (var run = 0; run < 20; run++)
        {
            Assert.Equal(whole, Decode(log, () => random.Next(1, 20_000)));
        }
    }

    [Theory]
    [InlineData("a\n", "a")]
    [InlineData("a\r\n", "a")]
    [InlineData("a\r\r\n", "a\r")]
    [InlineData("\n", "")]
    [InlineData("a\nb\n", "a\nb")]
    [InlineData("\e[31mred\e[0m\0\n", "\e[31mred\e[0m\0")]
    public void Frame_is_a_line_without_its_end(string text, string expected) =>
        Assert.Equal("stdout " + expected, Assert.Single(Decode(Frame(1, $"{Time} {text}"), int.MaxValue)).Text);

    [Fact]
    public void Bytes_that_are_no_text_become_replacement_characters()
    {
        byte[] line = [.. Encoding.ASCII.GetBytes(Time + " "), 0xFF, (byte)'a', 0xC3, (byte)'\n'];

        Assert.Equal("stdout �a�", Assert.Single(Decode(Frame(1, line), int.MaxValue)).Text);
    }

    [Fact]
    public void Character_that_the_engine_split_is_joined()
    {
        var text = Encoding.UTF8.GetBytes("x" + new string('ä', 9000));
        byte[] time = Encoding.ASCII.GetBytes(Time + " ");
        byte[] log = [.. Frame(1, [.. time, .. text[..16384]]), .. Frame(1, [.. time, .. text[16384..], (byte)'\n'])];

        Assert.Equal("stdout " + Encoding.UTF8.GetString(text), Assert.Single(Decode(log, int.MaxValue)).Text);
    }

    [Fact]
    public void Split_lines_of_both_outputs_are_joined_separately()
    {
        var chunk = new string('o', 16384);
        var other = new string('e', 16384);
        byte[] log =
        [
            .. Frame(1, $"{Time} {chunk}"), .. Frame(2, $"{Time} {other}"), .. Frame(1, $"{Time} end\n"), .. Frame(2, $"{Time} end\n"),
        ];

        Assert.Equal(["stdout " + chunk + "end", "stderr " + other + "end"], Decode(log, int.MaxValue).Select(l => l.Text));
    }

    [Fact]
    public void Chunk_with_another_time_is_another_line()
    {
        var chunk = new string('o', 16384);
        byte[] log = [.. Frame(1, $"{Time} {chunk}"), .. Frame(1, "2026-11-29T00:45:16.000000000Z next\n")];

        Assert.Equal(["stdout " + chunk, "stdout next"], Decode(log, int.MaxValue).Select(l => l.Text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Line_above_the_limit_becomes_several_lines(bool terminal)
    {
        var text = new string('ä', 600_000) + "\n";
        byte[] log = terminal ? Encoding.UTF8.GetBytes($"{Time} {text}") : Frame(1, $"{Time} {text}");
        var lines = Decode(log, 50_000);

        Assert.Equal(text.TrimEnd(), string.Concat(lines.Select(l => l.Text["stdout ".Length..])));
        Assert.Equal(2, lines.Count);
        Assert.All(lines, l => Assert.True(Encoding.UTF8.GetByteCount(l.Text) <= LogDecoder.MaxLineBytes + "stdout ".Length));
    }

    [Theory]
    [InlineData(new byte[] { 1, 1, 0, 0, 0, 0, 0, 1, 65 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 0, 0, 2, 65, 32 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 0, 0, 9, 50 })]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 60, 104, 116, 109, 108, 62, 32 })]
    public void Bytes_that_are_no_log_are_refused(byte[] log) => Assert.Throws<FormatException>(() => Decode(log, int.MaxValue));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void Error_of_the_engine_ends_the_log(int piece)
    {
        byte[] log = [.. Frame(1, $"{Time} a\n"), .. Frame(2, "Error grabbing logs: unexpected EOF\n")];
        var decoder = new LogDecoder();
        var lines = new LogLines();
        foreach (var part in log.Chunk(piece == int.MaxValue ? log.Length : piece))
        {
            decoder.Read(part, lines);
        }

        Assert.Equal(1, lines.Count);
        Assert.Equal("Error grabbing logs: unexpected EOF\n", decoder.Failure);
    }

    [Fact]
    public void Text_of_a_container_is_no_error_of_the_engine()
    {
        var decoder = new LogDecoder();
        decoder.Read(Frame(2, $"{Time} Error grabbing logs: x\n"), new LogLines());

        Assert.Null(decoder.Failure);
    }

    [Theory]
    [InlineData("2026-11-29T00:45:15.522819133Z", 1795913115_522819133)]
    [InlineData("2026-11-29T00:45:15Z", 1795913115_000000000)]
    [InlineData("2026-11-29T00:45:15.5Z", 1795913115_500000000)]
    [InlineData("2026-11-29T02:45:15.522819133+02:00", 1795913115_522819133)]
    [InlineData("1969-12-31T23:59:59.999999999Z", -1)]
    public void Time_is_read_to_the_nanosecond(string text, long expected)
    {
        Assert.True(LogTime.TryParse(Encoding.ASCII.GetBytes(text), out var time));
        Assert.Equal(expected, time.Nanoseconds);
        Assert.True(LogTime.TryParse(Encoding.ASCII.GetBytes(time.ToString()), out var again));
        Assert.Equal(time, again);
    }

    [Theory]
    [InlineData("2026-11-29 00:45:15Z")]
    [InlineData("2026-13-29T00:45:15Z")]
    [InlineData("2026-11-31T00:45:15Z")]
    [InlineData("2026-11-29T00:45:15")]
    [InlineData("2026-11-29T00:45:15.Z")]
    [InlineData("2026-11-29T00:45:15.1234567890Z")]
    [InlineData("2026-11-29T00:45:15+2:00")]
    [InlineData("9999-11-29T00:45:15Z")]
    public void Text_that_is_no_time_is_refused(string text) => Assert.False(LogTime.TryParse(Encoding.ASCII.GetBytes(text), out _));

    private static byte[] Capture(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Captures", name));

    private static byte[] Frame(byte type, string text) => Frame(type, Encoding.UTF8.GetBytes(text));

    private static byte[] Frame(byte type, byte[] text)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
        return [type, 0, 0, 0, .. length, .. text];
    }

    private static List<(LogTime Time, string Text)> Decode(byte[] log, int piece) => Decode(log, () => piece);

    private static List<(LogTime Time, string Text)> Decode(byte[] log, Func<int> piece)
    {
        var decoder = new LogDecoder();
        var lines = new LogLines();
        for (var at = 0; at < log.Length;)
        {
            var length = Math.Min(piece(), log.Length - at);
            decoder.Read(log.AsSpan(at, length), lines);
            at += length;
        }

        decoder.End(lines);
        return [.. Enumerable.Range(0, lines.Count).Select(i => lines[i]).Select(l =>
            (l.Time, l.Output.ToString().ToLowerInvariant() + " " + Encoding.UTF8.GetString(lines.TextOf(l))))];
    }
}
