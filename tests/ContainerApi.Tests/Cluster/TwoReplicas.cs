using System.Threading.Channels;
using ContainerApi.Access;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Builds;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Cluster;

/// <summary>Two replicas that know each other, with the same keys and different engines.</summary>
public sealed class TwoReplicas : IAsyncLifetime
{
    internal const string Admin = "admin";

    /// <summary>A key for the engine of the second replica.</summary>
    internal const string OnlySecond = "only-second";

    /// <summary>A key that the second replica does not have.</summary>
    internal const string OnlyFirst = "only-first";

    /// <summary>A name that engines give an image.</summary>
    internal const string Tagged = "tagged:v1";

    internal static readonly Keys Settings = new Keys().Add(Admin, Scopes.All).Add(OnlySecond, Scopes.All, engines: ["node2"])
        .With("Security:CursorKey", Convert.ToBase64String(new byte[32]));

    private readonly Channel<EngineBuild> _builds = Channel.CreateUnbounded<EngineBuild>();

    internal ClusterStage Stage { get; } = new();

    internal Replica First { get; private set; } = null!;

    internal Replica Second { get; private set; } = null!;

    /// <summary>Containers that an engine stopped, as <c>ENGINE NAME</c>.</summary>
    internal List<string> Stopped { get; } = [];

    public Task InitializeAsync()
    {
        var node1 = Node("node1", Facts.Container('1', "web"), Facts.Container('2', "db"), Facts.Container('3', "same"));
        var node2 = Node("node2", Facts.Container('4', "api"), Facts.Container('5', "same"));
        var settings = new Keys().Add(Admin, Scopes.All).Add(OnlySecond, Scopes.All, engines: ["node2"]).Add(OnlyFirst, Scopes.All)
            .With("Security:CursorKey", Settings["Security:CursorKey"]!);
        First = Stage.Start(0, settings, node1).WithKey(Admin);
        Second = Stage.Start(1, Settings, node2).WithKey(Admin);
        return Task.CompletedTask;
    }

    /// <summary>The next build that an engine begins.</summary>
    internal Task<EngineBuild> NextBuildAsync() => _builds.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    public async Task DisposeAsync() => await Stage.DisposeAsync();

    private FakeEngine Node(string name, params IReadOnlyList<ContainerFacts> containers)
    {
        var engine = Facts.EngineNamed(name, containers);
        engine.Build = (_, context, token) => EngineBuild.RunAsync(_builds.Writer, context, token);
        engine.Ping = _ => Task.FromResult("1.45");
        engine.Describe = _ => Task.FromResult(new EngineInfo { ApiVersion = "1.45" });
        engine.ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>(
            [new ImageFacts { Id = "sha256:" + Facts.Id(name[^1]), Tags = [name + ":v1"], CreatedAt = Facts.Noon, SizeBytes = 10 }]);
        engine.InspectImage = (id, _) => id == name + ":v1" || id is Tagged or BuildApi.Image
            ? Task.FromResult(BuildApi.Details("sha256:" + Facts.Id(name[^1]), name + ":v1"))
            : throw new EngineException(ErrorCode.ImageNotFound, name, "No such image: " + id);
        engine.TagImage = (_, _, _, _) => Task.CompletedTask;
        engine.StopContainer = (id, _, _) =>
        {
            Stopped.Add($"{name} {id[..1]}");
            return Task.CompletedTask;
        };
        return engine;
    }
}
