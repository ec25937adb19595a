using ContainerApi.Api;

namespace ContainerApi.Tests.Api;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("plain \u00e9 \U0001F600", "plain \u00e9 \U0001F600")]
    [InlineData("a\u202Eb", "a\\u202eb")]
    [InlineData("a\u200Bb\uFEFF", "a\\u200bb\\ufeff")]
    [InlineData("a\r\nb\tc\0", "a\\r\\nb\\tc\\u0000")]
    [InlineData("\u009b31m", "\\u009b31m")]
    public void Hidden_characters_are_escaped(string text, string expected) => Assert.Equal(expected, VisibleText.Escape(text));

    [Theory]
    [InlineData("\u001b[32mok\u001b[0m", "ok")]
    [InlineData("\u001b]0;title\u0007text", "text")]
    [InlineData("\u001b]8;;http://x\u001b\\link", "link")]
    [InlineData("\u001b[2J\u001b[1;1Hx", "x")]
    [InlineData("\u001bcx", "x")]
    public void Escape_sequences_are_removed(string text, string expected) => Assert.Equal(expected, VisibleText.OfOutput(text));

    [Theory]
    [InlineData("\u001b[1;32mok\u001b[0m\tx", "\u001b[1;32mok\u001b[0m\tx\u001b[0m")]
    [InlineData("\u001b[31m\u001b[2J\u001b]0;title\u0007red\0", "\u001b[31mred\\u0000\u001b[0m")]
    [InlineData("plain\0", "plain\\u0000")]
    public void Only_colours_pass_up_to_the_end_of_the_line(string text, string expected) =>
        Assert.Equal(expected, VisibleText.OfOutput(text, keepColours: true));
}
