using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

public sealed class ScopedEngineTests
{
    private static readonly string OwnId = Facts.Id('1');

    /// <summary>An invisible container with a name that is a prefix of a visible container's id.</summary>
    private static readonly ContainerFacts NamedLikePrefix = Keys.Others with { Name = OwnId[..12] };

    /// <summary>An invisible container with a name that is a visible container's full id.</summary>
    private static readonly ContainerFacts NamedLikeId = Keys.Others with { Id = Facts.Id('3'), Name = OwnId };

    /// <summary>A visible container with a name that is an invisible container's full id.</summary>
    private static readonly ContainerFacts NamedLikeOther = Keys.Mine with { Id = Facts.Id('4'), Name = Keys.Others.Id };

    private static readonly ContainerFacts Sibling = Keys.Mine with { Id = "55" + Facts.Id('0')[2..], Name = "sibling" };
    private static readonly ContainerFacts Twin = Keys.Mine with { Id = "55" + Facts.Id('1')[2..], Name = "twin" };

    private readonly List<string?> _networks = [];

    public static TheoryData<string?, string?> Networks => new()
    {
        { null, null },
        { "bridge", "bridge" },
        { "container:mine", "container:" + OwnId },
        { "container:" + OwnId, "container:" + OwnId },
        { "container:" + OwnId[..12], "container:" + OwnId },
        { "container:" + NamedLikeOther.Name, "container:" + NamedLikeOther.Id },
    };

    public static TheoryData<string> InvisibleNetworks =>
        ["container:", "container:foreign", "container:" + NamedLikeId.Id, "container:2222", "container:55", "container:nothing"];

    [Theory]
    [MemberData(nameof(Networks))]
    public async Task Joined_container_is_sent_to_the_engine_by_its_full_id(string? network, string? sent)
    {
        var engine = CreateEngine();

        await engine.CreateContainerAsync(new ContainerSpec { Image = new("app"), NetworkMode = network }, CancellationToken.None);
        await BuildAsync(engine, network);

        Assert.Equal([sent, sent], _networks);
    }

    [Theory]
    [MemberData(nameof(InvisibleNetworks))]
    public async Task Joining_an_invisible_or_ambiguous_container_returns_not_found(string network)
    {
        var engine = CreateEngine();

        var create = await Assert.ThrowsAsync<EngineException>(
            () => engine.CreateContainerAsync(new ContainerSpec { Image = new("app"), NetworkMode = network }, CancellationToken.None));
        var build = await Assert.ThrowsAsync<EngineException>(() => BuildAsync(engine, network));

        Assert.Equal((ErrorCode.ContainerNotFound, ErrorCode.ContainerNotFound), (create.Code, build.Code));
        Assert.Empty(_networks);
    }

    [Fact]
    public async Task Images_count_visible_containers_only()
    {
        var all = Facts.Engine(Keys.Mine with { ImageId = "sha256:own" }, Keys.Others with { ImageId = "sha256:other" });
        all.ReadDisk = (_, _) => Task.FromResult(new DiskFacts(null, null, null, null)
        {
            ImageList = new Dictionary<string, DiskImage> { ["sha256:own"] = new(2, 1), ["sha256:other"] = new(1, 1) },
        });
        IEngine engine = new ScopedEngine(all, new Visibility(null, ["team=a"], "limited"));

        var disk = await engine.ReadDiskAsync(withImages: true, CancellationToken.None);

        Assert.Equal((1, 0), (disk.ImageList["sha256:own"].Containers, disk.ImageList["sha256:other"].Containers));
    }

    [Theory]
    [InlineData("team=a", "a=b team=a")]
    [InlineData("", null)]
    public async Task Prune_removes_images_with_the_labels_of_the_caller_only(string labels, string? sent)
    {
        string? given = null;
        var all = Facts.Engine();
        all.PruneImages = (filter, _) =>
        {
            given = string.Join(' ', filter.Labels);
            return Task.FromResult(new PrunedImages([], [], 0));
        };
        IEngine engine = new ScopedEngine(all, new Visibility(null, labels.Split(' ', StringSplitOptions.RemoveEmptyEntries), "limited"));

        await engine.PruneImagesAsync(new ImagePruneFilter(true, null, ["a=b"]), CancellationToken.None);

        Assert.Equal(sent, given);
    }

    [Fact]
    public async Task Build_in_a_chosen_cgroup_is_forbidden()
    {
        var refused = await Assert.ThrowsAsync<EngineException>(() => BuildAsync(CreateEngine(), null, "/docker/" + Keys.Others.Id));

        Assert.Equal((ErrorCode.Forbidden, "cgroupParent"), (refused.Code, refused.Fields.Single()));
        Assert.Empty(_networks);
    }

    private static async Task BuildAsync(IEngine engine, string? network, string? cgroupParent = null) =>
        await engine.BuildAsync(
            new BuildSpec { Network = network, CgroupParent = cgroupParent }, new BuildInput(Stream.Null), CancellationToken.None).CountAsync();

    private IEngine CreateEngine()
    {
        var engine = Facts.Engine(NamedLikePrefix, NamedLikeId, Keys.Mine, NamedLikeOther, Sibling, Twin);
        engine.CreateContainer = (spec, _) =>
        {
            _networks.Add(spec.NetworkMode);
            return Task.FromResult(new CreatedContainer(Facts.Id('9'), []));
        };
        engine.Build = (spec, _, _) =>
        {
            _networks.Add(spec.Network);
            return AsyncEnumerable.Empty<BuildFact>();
        };
        return new ScopedEngine(engine, new Visibility([], ["team=a"], "limited"));
    }
}
