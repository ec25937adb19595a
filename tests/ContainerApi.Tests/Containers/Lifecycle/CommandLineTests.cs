using ContainerApi.Containers.Lifecycle;

namespace ContainerApi.Tests.Containers.Lifecycle;

public sealed class CommandLineTests
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
    public void Text_is_split_like_a_shell_without_expansion(string text, string[] expected)
    {
        Assert.True(CommandLine.TrySplit(text, out var arguments));
        Assert.Equal(expected, arguments);
    }

    [Theory]
    [InlineData("sh -c 'echo")]
    [InlineData("sh -c \"echo")]
    [InlineData("it's")]
    [InlineData("\"a\\\"")]
    [InlineData("\"a\\")]
    [InlineData("a\\")]
    public void Unclosed_quote_and_trailing_backslash_are_invalid(string text) => Assert.False(CommandLine.TrySplit(text, out _));

    [Theory]
    [InlineData(131_071, false)]
    [InlineData(131_072, true)]
    public void Text_that_Linux_cannot_pass_to_a_process_is_refused(int bytes, bool isRefused)
    {
        var command = CommandLine.Read(JsonSerializer.SerializeToElement(new[] { "echo", new string('é', bytes / 2) + new string('x', bytes % 2) }));
        var variables = NameValuePairs.Read(JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["A"] = new('x', bytes - 2) }));

        Assert.Equal((isRefused, isRefused), (command.Error?.Contains("131071") ?? false, variables.Error?.Contains("131071") ?? false));
    }
}
