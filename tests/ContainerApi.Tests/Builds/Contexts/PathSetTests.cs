using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

public sealed class PathSetTests
{
    [Theory]
    [InlineData("a/b/c", "a")]
    [InlineData("x/y/z/file", "x/y")]
    [InlineData("x/yy/z", null)]
    [InlineData("a", null)]
    [InlineData("aa/b", null)]
    [InlineData("b/a/c", null)]
    public void Parent_of_a_path_is_found(string path, string? parent)
    {
        var set = new PathSet();
        set.Add("a");
        set.Add("x/y");

        Assert.Equal(parent, set.FindParent(path));
    }

    [Fact]
    public void Lookup_of_a_deep_path_allocates_nothing()
    {
        var set = new PathSet();
        set.Add("link");
        var deep = string.Join('/', Enumerable.Repeat("x", 2047));
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var n = 0; n < 1000; n++)
        {
            Assert.Null(set.FindParent(deep));
        }

        // Comparing each of the 2,047 parents would allocate 8 GB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }
}
