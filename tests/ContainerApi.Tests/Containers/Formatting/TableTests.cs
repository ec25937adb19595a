using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Tests.Containers.Formatting;

public sealed class TableTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("web", 3)]
    [InlineData("é", 1)]
    [InlineData("e\u0301", 1)]                          // a letter and its accent
    [InlineData("日本", 4)]
    [InlineData("ｗｅｂ", 6)]                            // full-width letters
    [InlineData("ﾊﾝｶｸ", 4)]                             // half-width kana
    [InlineData("한국", 4)]
    [InlineData("\u1112\u1161\u11ab", 2)]               // one Korean syllable of three parts
    [InlineData("🚀", 2)]
    [InlineData("👩\u200d🚀", 2)]                        // a woman, a joiner, a rocket: one sign
    [InlineData("❤\ufe0f", 2)]                          // narrow as text, wide as an emoji
    [InlineData("a\u200bb", 2)]                         // a zero-width blank
    [InlineData("Привет", 6)]
    [InlineData("…", 1)]
    public void Width_is_the_width_in_a_terminal(string text, int expected) => Assert.Equal(expected, TextWidth.Of(text));

    [Theory]
    [InlineData("12345678901234567890", 20, "12345678901234567890")]
    [InlineData("123456789012345678901", 20, "1234567890123456789…")]
    [InlineData("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301")]
    [InlineData("e\u0301e\u0301e\u0301", 2, "e\u0301…")]
    public void Cut_text_ends_with_an_ellipsis(string text, int signs, string expected) => Assert.Equal(expected, TextWidth.Cut(text, signs));

    [Fact]
    public void Columns_are_aligned_by_width()
    {
        var table = Table.Write(["NAME", "X"], [["日本", "1"], ["e\u0301", null]]);

        Assert.Equal("NAME   X\n日本   1\ne\u0301      -\n", table);
    }

    [Theory]
    [InlineData("a b", "a b")]
    [InlineData("a\nb\tc", "a\\nb\\tc")]
    [InlineData("\u001b[31mred", "\\u001b[31mred")]
    [InlineData("a\u202eb", "a\\u202eb")]
    [InlineData("👩\u200d🚀", "👩\u200d🚀")]
    public void Control_characters_are_shown_escaped(string text, string expected) => Assert.Equal(expected, VisibleText.Escape(text));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\r\nlines", "\"two\r\nlines\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("  =1,2", "\"'  =1,2\"")]
    [InlineData("＝1", "'＝1")]
    [InlineData("\rx", "\"'\rx\"")]
    [InlineData("a=1", "a=1")]
    [InlineData("", "\"\"")]
    [InlineData(null, "")]
    [InlineData(" x", "\" x\"")]
    public void Csv_is_quoted_and_contains_no_formulas(string? value, string expected) =>
        Assert.Equal($"h\r\n{expected}\r\n", Csv.Write(["h"], [[new CsvValue(value, IsTrusted: false)]]));

    [Fact]
    public void Number_stays_a_number_in_csv() =>
        Assert.Equal("h\r\n-1.5\r\n", Csv.Write(["h"], [[new CsvValue("-1.5", IsTrusted: true)]]));

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1023, "1023B")]
    [InlineData(815104, "796KiB")]
    [InlineData(25275678720, "23.54GiB")]
    [InlineData(1048576, "1MiB")]
    [InlineData(long.MaxValue, "8EiB")]
    public void Memory_is_written_as_docker_stats_does(long bytes, string expected) => Assert.Equal(expected, HumanText.BinarySize(bytes));

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(611, "611B")]
    [InlineData(1410, "1.41kB")]
    [InlineData(65_000_000, "65MB")]
    [InlineData(123_456_789_012, "123GB")]
    public void Traffic_is_written_as_docker_stats_does(long bytes, string expected) => Assert.Equal(expected, HumanText.DecimalSize(bytes));

    [Theory]
    [InlineData(0.5, "Less than a second")]
    [InlineData(1, "1 second")]
    [InlineData(59, "59 seconds")]
    [InlineData(60, "About a minute")]
    [InlineData(150, "2 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(7300, "2 hours")]
    [InlineData(47 * 3600, "47 hours")]
    [InlineData(48 * 3600, "2 days")]
    [InlineData(14 * 86400, "2 weeks")]
    [InlineData(60 * 86400, "2 months")]
    [InlineData(800 * 86400, "2 years")]
    public void Age_is_written_as_docker_ps_does(double seconds, string expected) =>
        Assert.Equal(expected, HumanText.Ago(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Consecutive_ports_are_a_range()
    {
        PortFacts[] ports =
        [
            new(80, "tcp", "0.0.0.0", 8080), new(81, "tcp", "0.0.0.0", 8081), new(82, "tcp", "0.0.0.0", 9000),
            new(80, "tcp", "::", 8080), new(53, "udp", null, null), new(54, "udp", null, null), new(443, "tcp", null, null),
        ];

        Assert.Equal(
            "0.0.0.0:8080-8081->80-81/tcp, 0.0.0.0:9000->82/tcp, [::]:8080->80/tcp, 443/tcp, 53-54/udp", ColumnText.Ports(ports));
        Assert.Equal("1-65535/tcp", ColumnText.Ports([.. Enumerable.Range(1, 65535).Select(n => new PortFacts(n, "tcp", null, null))]));
    }
}
