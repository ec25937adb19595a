using ContainerApi.Containers.Formatting;

namespace ContainerApi.Tests.Containers.Formatting;

public sealed class CommandTextTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData(" \t\r\n ", new string[0])]
    [InlineData("httpd", new[] { "httpd" })]
    [InlineData("httpd -f  -p\t80", new[] { "httpd", "-f", "-p", "80" })]
    [InlineData("sh -c 'echo a; echo b'", new[] { "sh", "-c", "echo a; echo b" })]
    [InlineData("sh -c \"echo 'a b'\"", new[] { "sh", "-c", "echo 'a b'" })]
    [InlineData("echo 'say \"hi\"'", new[] { "echo", "say \"hi\"" })]
    [InlineData("echo ''", new[] { "echo", "" })]
    [InlineData("echo \"\" x", new[] { "echo", "", "x" })]
    [InlineData("a'b'\"c\"d", new[] { "abcd" })]
    [InlineData(@"a\ b", new[] { "a b" })]
    [InlineData(@"a\\b \' \""", new[] { @"a\b", "'", "\"" })]
    [InlineData("a\\\nb", new[] { "ab" })]
    [InlineData("a \\\n b", new[] { "a", "b" })]
    [InlineData("\"a\\\nb\"", new[] { "ab" })]
    [InlineData(@"'a\b'", new[] { @"a\b" })]
    [InlineData("'a\\\nb'", new[] { "a\\\nb" })]
    [InlineData(@"""\a \$ \` \"" \\""", new[] { @"\a $ ` "" \" })]
    [InlineData("echo $HOME `id` *.c #x", new[] { "echo", "$HOME", "`id`", "*.c", "#x" })]
    [InlineData("echo 語\u00a0x", new[] { "echo", "語\u00a0x" })]
    public void Splits_as_a_shell_would_and_expands_nothing(string text, string[] expected)
    {
        Assert.True(CommandText.TrySplit(text, out var arguments));
        Assert.Equal(expected, arguments);
    }

    [Theory]
    [InlineData("sh -c 'echo")]
    [InlineData("sh -c \"echo")]
    [InlineData("it's")]
    [InlineData("\"a\\\"")]
    [InlineData("\"a\\")]
    [InlineData("a\\")]
    public void Refuses_what_does_not_end(string text) => Assert.False(CommandText.TrySplit(text, out _));
}
