using ContainerApi.Containers;

namespace ContainerApi.Tests.Containers;

public sealed class ContainerResolverTests
{
    private static readonly string Id = Facts.Id('2');

    [Theory]
    [InlineData("web", "web")]
    [InlineData("web-1", "web-1")]
    [InlineData("we", "")]
    [InlineData("abc", "abc")]              // a name that looks like an id prefix
    [InlineData("abcd", "one")]
    [InlineData("abce", "two")]
    [InlineData("d", "three")]
    [InlineData("D", "")]
    [InlineData("id", "web-1")]             // a full id that is the name of another container, too
    public void Full_id_goes_before_a_name_and_a_name_before_an_id_prefix(string reference, string expected)
    {
        ContainerFacts[] all =
        [
            Facts.Container('1', "web"),
            Facts.Container('2', "web-1"),
            Facts.Container('3', "abc"),
            Facts.Container('4', "one") with { Id = "abcd" + new string('0', 60) },
            Facts.Container('5', "two") with { Id = "abce" + new string('0', 60) },
            Facts.Container('6', Id),
            Facts.Container('d', "three"),
        ];

        var found = ContainerMatch.Find(all, new(reference == "id" ? Id : reference));

        Assert.Equal(expected, string.Join(',', found.Select(c => c.Name)));
    }

    [Fact]
    public async Task Ambiguous_prefix_is_an_error_with_the_candidates()
    {
        var one = Facts.Container('1', "one") with { Id = "ab1" + new string('0', 61) };
        var two = Facts.Container('2', "two") with { Id = "ab2" + new string('0', 61) };

        var failure = await Assert.ThrowsAsync<ApiException>(() => FindAsync("ab", Facts.Engine(one, two)));

        Assert.Equal(ErrorCode.AmbiguousReference, failure.Code);
        Assert.Contains("ab1000000000 (one on local)", failure.Message);
        Assert.Contains("ab2000000000 (two on local)", failure.Message);
    }

    [Fact]
    public async Task Container_is_found_while_another_engine_is_down()
    {
        var failure = new EngineException(ErrorCode.EngineUnavailable, "down", "No.");
        var down = new FakeEngine { Name = "down", InspectContainer = (_, _) => throw failure };
        var up = Facts.Engine(Facts.Container('1', "web"));

        Assert.Equal(Facts.Id('1'), await FindAsync("web", down, up));
        Assert.Same(failure, await Assert.ThrowsAsync<EngineException>(() => FindAsync("nix", down, up)));
    }

    [Fact]
    public async Task Container_is_found_without_listing()
    {
        var engine = new FakeEngine { InspectContainer = (_, _) => Task.FromResult(ContainerDetails.Of(Facts.Container('1', "web"))) };

        Assert.Equal(Facts.Id('1'), await FindAsync("web", engine));
    }

    private static async Task<string> FindAsync(string reference, params FakeEngine[] engines) =>
        (await new ContainerResolver(new EngineDirectory(engines)).FindAsync(new(reference), null, default)).Container.Id;
}
