using System.Security.Cryptography;
using ContainerApi.Api.Lists;
using ContainerApi.Containers;

namespace ContainerApi.Tests.Containers;

public sealed class ContainerPagingTests
{
    [Theory]
    [InlineData("name", "c1,c2,c3")]
    [InlineData("-name", "c3,c2,c1")]
    [InlineData("createdAt", "c1,c2,c3")]
    [InlineData("-createdAt", "c3,c2,c1")]
    [InlineData("ports", "c1,c3,c2")]
    [InlineData("-ports", "c2,c3,c1")]
    [InlineData("health", "c2,c1,c3")]
    [InlineData("-health", "c2,c1,c3")]       // not known is last either way
    public void Rows_are_ordered_by_any_field(string sort, string expected)
    {
        var rows = new[]
        {
            Row(Facts.Container('3') with { Ports = [new(80, "tcp", null, null)] }),
            Row(Facts.Container('1')),
            Row(Facts.Container('2') with { Ports = [new(80, "tcp", null, null), new(81, "tcp", null, null)], Health = "healthy" }),
        };

        var (page, next) = Cut(rows, sort);

        Assert.Equal(expected, string.Join(',', page.Select(p => p.Facts.Name)));
        Assert.Null(next);
    }

    [Fact]
    public void Pages_contain_every_row_once()
    {
        var rows = "0123456789abcdef".Select(d => Row(Facts.Container(d) with { Image = d < '8' ? "a" : "b" })).ToList();

        Assert.Equal(16, Walk(rows, "image", limit: 3, between: _ => { }).Distinct().Count());
    }

    [Fact]
    public void Rows_that_change_between_pages_neither_repeat_nor_hide_others()
    {
        var rows = "13579bdf".Select(d => Row(Facts.Container(d))).ToList();
        var seen = Walk(rows, "name", limit: 2, between: page =>
        {
            if (page == 1)
            {
                rows.RemoveAll(r => r.Facts.Name is "c1" or "c3");         // what the cursor stands on is gone
                rows.Add(Row(Facts.Container('0')));                  // before the cursor: not on a later page
                rows.Add(Row(Facts.Container('8')));                  // behind it: is
            }
        });

        Assert.Equal(["c1", "c3", "c5", "c7", "c8", "c9", "cb", "cd", "cf"], seen);
    }

    [Fact]
    public void Last_page_has_no_cursor()
    {
        var rows = "12".Select(d => Row(Facts.Container(d))).ToList();

        Assert.Null(Cut(rows, "name", limit: 2).Next);
        Assert.NotNull(Cut(rows, "name", limit: 1).Next);
    }

    [Fact]
    public void Position_of_a_long_value_stays_short()
    {
        var rows = "12".Select(d => Row(Facts.Container(d) with { Command = new string('\u4e00', 100_000) + d })).ToList();

        var first = Cut(rows, "command", limit: 1);
        var second = Cut(rows, "command", after: first.Next, limit: 1);

        Assert.InRange(first.Next!.Last.Text!.Length, 1, 4096);
        Assert.Equal(("c1", "c2"), (first.Page[0].Facts.Name, second.Page[0].Facts.Name));
    }

    [Theory]
    [InlineData("bnVsbA")]                    // null
    [InlineData("eyJTb3J0IjoibmFtZSJ9")]      // {"Sort":"name"}
    [InlineData("")]
    public void Text_that_this_key_did_not_encrypt_is_no_cursor(string text)
    {
        using var cursors = new ListCursors(RandomNumberGenerator.GetBytes(32));

        Assert.True(ListCursor.TryParse(text, out var cursor));
        Assert.Null(cursors.Decode<ContainerRow>(cursor));
    }

    [Fact]
    public void Cursor_is_opaque_and_readable_only_with_its_key()
    {
        using var cursors = new ListCursors(new byte[32]);
        using var replica = new ListCursors(new byte[32]);
        using var other = new ListCursors(RandomNumberGenerator.GetBytes(32));
        var position = new PagePosition("command", new ContainerApi.Api.Lists.SortKey(null, "hunter2", "local", "id"));

        var text = cursors.Encode<ContainerRow>(position);

        Assert.DoesNotContain("hunter2", Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(text)));
        Assert.Equal(position, replica.Decode<ContainerRow>(new ListCursor(text)));
        Assert.Null(other.Decode<ContainerRow>(new ListCursor(text)));
        var altered = (text[0] == 'A' ? 'B' : 'A') + text[1..];
        Assert.Null(cursors.Decode<ContainerRow>(new ListCursor(altered)));
        Assert.Null(cursors.Decode<ContainerApi.Images.ImageSummary>(new ListCursor(text)));
    }

    private static List<string> Walk(List<ContainerRow> rows, string sort, int limit, Action<int> between)
    {
        var names = new List<string>();
        PagePosition? position = null;
        for (var page = 1; page == 1 || position is not null; page++)
        {
            var cut = Cut(rows, sort, position, limit);
            names.AddRange(cut.Page.Select(p => p.Facts.Name!));
            position = cut.Next;
            between(page);
        }

        return names;
    }

    private static (IReadOnlyList<ContainerRow> Page, PagePosition? Next) Cut(
        IEnumerable<ContainerRow> rows, string sort, PagePosition? after = null, int? limit = null)
    {
        Assert.True(ListSort<ContainerRow>.TryParse(sort, out var order));
        return order.Cut(rows, after, limit);
    }

    private static ContainerRow Row(ContainerFacts container) => new("local", container);
}
