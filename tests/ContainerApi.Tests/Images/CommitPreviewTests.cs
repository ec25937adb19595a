using ContainerApi.Images;

namespace ContainerApi.Tests.Images;

/// <summary>Where engines differ in what a commit makes of an instruction; all else is held against the engine itself.</summary>
public sealed class CommitPreviewTests
{
    private static readonly ContainerConfiguration Container = new(["run"], ["sh", "-c"], ["EMPTY="], null, "/tmp", null);

    [Theory]
    [InlineData(null, "WORKDIR /a/../b/", "/a/../b/")]
    [InlineData("1.41", "WORKDIR /a/../b/", "/a/../b/")]
    [InlineData("1.45", "WORKDIR /a/../b/", "/b")]
    [InlineData("1.51", "WORKDIR /", "/")]
    [InlineData("1.51", "WORKDIR ../c/", "/c")]
    public void A_path_is_made_plain_by_newer_engines(string? api, string change, string expected) =>
        Assert.Equal(expected, Preview(api, change).WorkingDirectory);

    [Theory]
    [InlineData("ENV A=${EMPTY-x}", "A=")]
    [InlineData("ENV A=${NONE-x}", "A=x")]
    [InlineData("ENV A=${EMPTY+x}", "A=x")]
    [InlineData("ENV A=${NONE+x}", "A=")]
    [InlineData("ENV A=${EMPTY:-x}", "A=x")]
    [InlineData("ENV A=${NONE-${EMPTY-y}z}", "A=z")]
    public void A_substitution_without_a_colon_is_for_newer_engines(string change, string expected)
    {
        Assert.Equal(expected, Preview("1.45", change).Environment[^1]);
        if (!change.Contains(':', StringComparison.Ordinal))
        {
            Assert.Throws<ApiException>(() => Preview("1.41", change));
        }
    }

    [Theory]
    [InlineData("1.45", "CMD [\"a\"] more", "a")]
    [InlineData("1.51", "CMD [\"a\"] more", "/bin/sh|-c|[\"a\"] more")]
    [InlineData("1.51", "CMD [\"a\"]  ", "a")]
    [InlineData("1.45", "CMD []", "")]
    [InlineData("1.51", "CMD []", null)]
    public void A_list_must_be_whole_for_newer_engines_and_an_empty_one_is_none(string api, string change, string? expected) =>
        Assert.Equal(expected, Preview(api, change).Command is { } command ? string.Join('|', command) : null);

    private static ContainerConfiguration Preview(string? api, string change) => CommitPreview.Apply(Container, [change], InstructionDialect.Of(api));
}
