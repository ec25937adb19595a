using ContainerApi.Containers;
using ContainerApi.Engine;

namespace ContainerApi.Tests.Containers;

public sealed class ContainerResolverTests
{
    [Theory]
    [InlineData("web", "web")]
    [InlineData("web-1", "web-1")]
    [InlineData("we", "")]
    [InlineData("abc", "abc")]              // a name that looks like an id prefix
    [InlineData("abcd", "one")]
    [InlineData("abce", "two")]
    [InlineData("d", "three")]
    [InlineData("D", "")]
    public void A_name_goes_before_an_id_prefix(string reference, string expected)
    {
        ContainerFacts[] all =
        [
            Facts.Container('1', "web"),
            Facts.Container('2', "web-1"),
            Facts.Container('3', "abc"),
            Facts.Container('4', "one") with { Id = "abcd" + new string('0', 60) },
            Facts.Container('5', "two") with { Id = "abce" + new string('0', 60) },
            Facts.Container('d', "three"),
        ];

        Assert.Equal(expected, string.Join(',', ContainerMatch.Find(all, new(reference)).Select(c => c.Name)));
    }

    [Fact]
    public void A_full_id_goes_before_an_equal_name()
    {
        ContainerFacts[] all = [Facts.Container('1', name: Facts.Id('2')), Facts.Container('2', "real")];

        Assert.Equal("real", Assert.Single(ContainerMatch.Find(all, new(Facts.Id('2')))).Name);
    }

    [Fact]
    public async Task An_ambiguous_prefix_is_a_conflict_with_the_candidates()
    {
        var resolver = new ContainerResolver(new EngineDirectory([
            Facts.Engine(Facts.Container('1', "one") with { Id = "ab1" + new string('0', 61) }, Facts.Container('2', "two") with { Id = "ab2" + new string('0', 61) })]));

        var failure = await Assert.ThrowsAsync<ApiException>(() => resolver.FindAsync(new("ab"), null, default));

        Assert.Equal(ErrorCode.Conflict, failure.Code);
        Assert.Contains("ab1000000000 (one on local)", failure.Message);
        Assert.Contains("ab2000000000 (two on local)", failure.Message);
    }

    [Fact]
    public async Task A_container_is_found_while_another_engine_is_down()
    {
        var down = new FakeEngine { Name = "down", ListContainers = (_, _) => throw new EngineException(ErrorCode.EngineUnavailable, "down", "gone") };
        var resolver = new ContainerResolver(new EngineDirectory([down, Facts.Engine(Facts.Container('1', "web"))]));

        Assert.Equal("web", (await resolver.FindAsync(new("web"), null, default)).Container.Name);
        Assert.Equal(ErrorCode.EngineUnavailable, (await Assert.ThrowsAsync<EngineException>(() => resolver.FindAsync(new("nix"), null, default))).Code);
    }

    [Fact]
    public async Task A_container_is_found_without_listing()
    {
        var engine = new FakeEngine { InspectContainer = (_, _) => Task.FromResult(ContainerDetails.Of(Facts.Container('1', "web"))) };

        var (_, container) = await new ContainerResolver(new EngineDirectory([engine])).FindAsync(new("web"), null, default);

        Assert.Equal(Facts.Id('1'), container.Id);
    }
}
