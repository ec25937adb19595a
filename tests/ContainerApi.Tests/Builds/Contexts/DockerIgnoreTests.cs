using System.Text.RegularExpressions;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class DockerIgnoreTests
{
    [Theory]
    // Cases in which other ports differ.
    [InlineData("a/b|!a", "a/b", true)]
    [InlineData("**/*.log|!logs", "logs/a.log", true)]
    [InlineData("a[^a]b", "a/b", true)]
    [InlineData(@"a\d", "a5", true)]
    [InlineData("a^b*", "a^bc", false)]
    [InlineData("a^b", "a^b", true)]
    [InlineData("**foo*", "xfoo1", false)]
    [InlineData("foo/", "foo", true)]
    [InlineData("../foo", "foo", false)]
    [InlineData("/../foo", "foo", true)]
    [InlineData("***", "a/b", true)]
    [InlineData("foo|! foo", "foo", false)]
    [InlineData("*|!a|a/b", "a/b", true)]
    // Plain patterns are anchored at the root and match below what they match.
    [InlineData("foo", "foo", true)]
    [InlineData("foo", "foo/bar", true)]
    [InlineData("foo", "bar/foo", false)]
    [InlineData("/foo", "foo", true)]
    [InlineData("./foo", "foo", true)]
    [InlineData("foo", "Foo", false)]
    [InlineData("foo", "foobar", false)]
    [InlineData("a.c", "abc", false)]
    [InlineData("a+(b)|c{d}$", "a+(b)", true)]
    [InlineData(".", "foo", false)]
    [InlineData("/", "foo", false)]
    // Wildcards stop at slashes, two stars do not.
    [InlineData("*", "foo", true)]
    [InlineData("*.md", "README.md", true)]
    [InlineData("*.md", "docs/README.md", false)]
    [InlineData("*/*.md", "docs/README.md", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("**/x", "x", true)]
    [InlineData("**/x", "a/b/x", true)]
    [InlineData("**/x", "ax", false)]
    [InlineData("**x", "ax", true)]
    [InlineData("**/*.go", "a/b/c.go", true)]
    [InlineData("**/*.go", "c.go", true)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/**", "a", false)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b", true)]
    [InlineData("a/**/b", "ab", false)]
    [InlineData("a**", "abc/d", true)]
    [InlineData("a*", "a\nb", true)]
    [InlineData("a*b**/c", "axbc", true)]
    [InlineData("a*b**/c", "axb/y/c", true)]
    [InlineData("^b*", "bc", true)]
    [InlineData(@"x*\.b", "xa.b", true)]
    [InlineData(@"x*a\*", "xya*", true)]
    [InlineData("aba*aba", "aba", false)]
    [InlineData(@"a\\", @"a\", true)]
    // Ranges and escapes.
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[a-c]x", "dx", false)]
    [InlineData(@"\*", "*", true)]
    [InlineData(@"\*", "a", false)]
    [InlineData(@"a\_b", "a_b", true)]
    [InlineData(@"[\]]", "]", true)]
    [InlineData(@"\!a", "!a", true)]
    [InlineData(@"a\d", "a٥", false)]
    // Exceptions: the last match wins, and what a parent matched stays matched.
    [InlineData("*|!keep", "keep", false)]
    [InlineData("*|!keep", "keep/below", false)]
    [InlineData("*|!keep|keep", "keep", true)]
    [InlineData("a|!a/b", "a/b", false)]
    [InlineData("a|!a/b", "a/b/c", false)]
    [InlineData("a|!a/b", "a/c", true)]
    [InlineData("a|!a/*.md", "a/x.md", false)]
    [InlineData("!a|a", "a", true)]
    [InlineData("!!a", "!a", false)]
    [InlineData("*|!!a", "!a", false)]
    // Lines.
    [InlineData("#foo", "#foo", false)]
    [InlineData(" #foo", "#foo", true)]
    [InlineData("  foo\t\r", "foo", true)]
    [InlineData("\u00a0foo\u2003", "foo", true)]
    [InlineData("\ufefffoo", "foo", true)]
    [InlineData("||foo||", "foo", true)]
    [InlineData("a//b/./c/../d", "a/b/d", true)]
    public void Path_is_excluded_as_in_the_builders(string lines, string path, bool excluded) =>
        Assert.Equal(excluded, IsExcluded(DockerIgnore.Parse(lines.Replace('|', '\n')), path));

    [Fact]
    public void Bar_is_a_literal() => Assert.False(IsExcluded(DockerIgnore.Parse("a|b*"), "a"));

    [Theory]
    [InlineData("!")]
    [InlineData("! ")]
    [InlineData("!/")]
    [InlineData("[")]
    [InlineData("a[")]
    [InlineData("[]a]")]
    [InlineData("[x-]")]
    [InlineData("[-x]")]
    [InlineData("[^]")]
    [InlineData("[a")]
    [InlineData("a\\")]
    [InlineData("ok\n[")]
    [InlineData("[b-a]")]
    [InlineData(@"a\8*")]
    public void Invalid_pattern_throws(string text) => Assert.Throws<FormatException>(() => DockerIgnore.Parse(text));

    [Fact]
    public void Invalid_pattern_names_its_line() =>
        Assert.StartsWith("Line 3: invalid pattern '!'", Assert.Throws<FormatException>(() => DockerIgnore.Parse("a\n# b\n!\n")).Message);

    [Theory]
    [InlineData("a|!a/b", "a", true)]
    [InlineData("*|!b/c/d", "b", true)]
    [InlineData("*|!b/c/d", "b/c", true)]
    [InlineData("*|!b/c/d", "c", false)]
    [InlineData("*|!**/x", "anything", true)]
    [InlineData("*|!a/*", "a", true)]
    [InlineData("*|!a/*", "b", false)]
    [InlineData("*|!a/**", "b", false)]
    [InlineData("*|!a*/b", "c", true)]
    [InlineData("*", "a", false)]
    public void Excluded_directory_is_entered_only_for_an_exception(string lines, string directory, bool entered) =>
        Assert.Equal(entered, DockerIgnore.Parse(lines.Replace('|', '\n')).MayIncludeBelow(directory));

    /// <summary>The second text is the regular expression that the builders (moby patternmatcher) make of the pattern.</summary>
    [Theory]
    [InlineData(@"**/*.a", @"^(.*/)?[^/]*\.a\z")]
    [InlineData(@"**/*", @"^(.*/)?[^/]*\z")]
    [InlineData(@"**/*a/b", @"^(.*/)?[^/]*a/b\z")]
    [InlineData(@"**/a/**", @"^(.*/)?a/.*\z")]
    [InlineData(@"**/a/b/**", @"^(.*/)?a/b/.*\z")]
    [InlineData(@"**/a.b/**", @"^(.*/)?a\.b/.*\z")]
    [InlineData(@"**/a*/**", @"^(.*/)?a[^/]*/.*\z")]
    [InlineData(@"a/b?/*.b", @"^a/b[^/]/[^/]*\.b\z")]
    [InlineData(@"a**b", @"^a(.*/)?b\z")]
    [InlineData(@"**a/**/b**", @"^(.*/)?a/(.*/)?b.*\z")]
    [InlineData(@"[a.]*[^a]", @"^[a\.][^/]*[^a]\z")]
    [InlineData(@"\w*\.[^/]", @"^[0-9A-Za-z_][^/]*\.[^/]\z")]
    [InlineData(@"*\b/\B?**", @"^[^/]*\b/\B[^/].*\z")]
    [InlineData(@"\D[a.]/*\z", @"^[^0-9][a\.]/[^/]*\z\z")]
    [InlineData(@"^a*b", @"^^a[^/]*b\z")]
    public void Tokens_match_like_the_regular_expression_of_the_builders(string pattern, string reference)
    {
        var parsed = DockerIgnorePattern.Parse(pattern, false)!;
        var expression = new Regex(reference, RegexOptions.Singleline);
        var random = new Random(1);
        for (var n = 0; n < 20_000; n++)
        {
            var path = new string(random.GetItems("ab./\n".AsSpan(), random.Next(1, 9)));
            Assert.True(expression.IsMatch(path) == parsed.Matches(path), $"'{path}'");
        }
    }

    [Theory]
    [InlineData(@"[\w.]b", "ab", true)]
    [InlineData(@"[\w.]b", ".b", true)]
    [InlineData(@"[\w.]b", "/b", false)]
    [InlineData(@"[^\d]b", "1b", false)]
    [InlineData(@"[\]]b", "]b", true)]
    public void Class_with_an_escape_matches_as_in_Go(string pattern, string path, bool excluded) =>
        Assert.Equal(excluded, IsExcluded(DockerIgnore.Parse(pattern), path));

    [Fact]
    public void Memory_of_patterns_is_linear_in_their_length()
    {
        // 54 KB of such patterns once took 2.2 GB.
        var text = string.Concat(Enumerable.Range(0, 1000).Select(n => $"**/[a-z]*{n}*/**/?*[0-9]*x*{n}*y*z/**/w*\n"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var ignore = DockerIgnore.Parse(text);
        ignore.Excludes("some/directory/of/the/context/with/a/file.txt", ignore.Root);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200L * text.Length);
    }

    [Fact]
    public void Too_many_or_too_long_patterns_name_the_line()
    {
        var many = Assert.Throws<FormatException>(() => DockerIgnore.Parse(string.Concat(Enumerable.Repeat("a\n", DockerIgnore.MaxPatterns + 1))));
        var large = Assert.Throws<FormatException>(() => DockerIgnore.Parse("a\n" + new string('b', DockerIgnorePattern.MaxLength + 1)));

        Assert.StartsWith("Line 10001: at most", many.Message, StringComparison.Ordinal);
        Assert.StartsWith("Line 2: at most", large.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelled_match_throws()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var ignore = DockerIgnore.Parse("a*b");

        Assert.Throws<OperationCanceledException>(() => ignore.Excludes("x", ignore.Root, cancelled.Token));
        Assert.Throws<OperationCanceledException>(() => ignore.Match("x", ignore.Root, cancelled.Token));
    }

    [Fact]
    public void Pattern_with_many_wildcards_is_matched_in_linear_time()
    {
        var ignore = DockerIgnore.Parse(string.Concat(Enumerable.Repeat("**/a*", 12)) + "b");

        Assert.False(IsExcluded(ignore, string.Join('/', Enumerable.Repeat("aaaa", 200))));
    }

    /// <summary>Matches the parents of a path first, as the walk does.</summary>
    private static bool IsExcluded(DockerIgnore ignore, string path)
    {
        var match = ignore.Root;
        for (var end = path.IndexOf('/', StringComparison.Ordinal); end >= 0; end = path.IndexOf('/', end + 1))
        {
            match = ignore.Match(path[..end], match);
        }

        var excluded = ignore.Match(path, match).Excluded;
        Assert.Equal(excluded, ignore.Excludes(path, match));
        return excluded;
    }
}
