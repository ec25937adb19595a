using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class PathFilterTests
{
    private static readonly SyncedEntry[] Entries =
    [
        new("a", SyncedKind.Directory, 0, 0, 0), new("a/b", SyncedKind.Directory, 0, 0, 0), new("a/b/x.txt", SyncedKind.File, 0, 0, 0),
        new("a/y.txt", SyncedKind.File, 0, 0, 0), new("a-b", SyncedKind.File, 0, 0, 0), new("c", SyncedKind.Directory, 0, 0, 0),
    ];

    [Theory]
    [InlineData("", "a a/b a/b/x.txt a/y.txt a-b c")]
    [InlineData("a/b", "a a/b a/b/x.txt")]
    [InlineData("/a/y.txt", "a a/y.txt")]
    [InlineData("a/*/*.txt c", "a a/b a/b/x.txt c")]
    [InlineData("missing", "")]
    [InlineData("!a", "a a/b a/b/x.txt a/y.txt a-b c")]
    [InlineData("[", "a a/b a/b/x.txt a/y.txt a-b c")]
    public void Entries_that_match_come_with_their_parents(string patterns, string expected) =>
        Assert.Equal(expected, Find(Entries, patterns));

    [Theory]
    [InlineData("l", "a l")]
    [InlineData("l/x", "a l")]
    [InlineData("*/x", "a l")]
    [InlineData("a", "a")]
    public void Symbolic_link_on_the_way_needs_all_entries(string patterns, string expected) =>
        Assert.Equal(expected, Find([new("a", SyncedKind.File, 0, 0, 0), new("l", SyncedKind.Symlink, 0, 0, 0, "a")], patterns));

    private static string Find(IReadOnlyList<SyncedEntry> entries, string patterns) => string.Join(
        ' ', PathFilter.Find(entries, patterns.Split(' ', StringSplitOptions.RemoveEmptyEntries), CancellationToken.None).Select(e => e.Path));
}
