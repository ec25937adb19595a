using System.Collections.Concurrent;
using NetArchTest.Rules;

namespace ContainerApi.Tests;

/// <summary>The rules of docs/architecture.md: which namespace may depend on which. The compiled assembly is checked.</summary>
public sealed class ArchitectureTests
{
    private const string Root = "ContainerApi";

    /// <summary>The layers that a feature may use.</summary>
    private static readonly IReadOnlyList<string> Layers =
        ["Access", "Api", "Archives", "Cluster", "Engine", "Errors", "Registries", "Settings", "Streams"];

    /// <summary>The dependencies of each namespace below the root, apart from itself. <c>Program</c> may use all of them.</summary>
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Allowed = new Dictionary<string, IReadOnlyList<string>>
    {
        ["Errors"] = [],
        ["Settings"] = [],
        ["Streams"] = [],
        ["Tls"] = [],
        ["Archives"] = ["Errors", "Streams"],
        ["Cluster"] = ["Access", "Api", "Engine", "Errors", "Settings", "Tls"],
        ["Engine"] = ["Errors", "Settings", "Streams", "Tls"],
        ["Api"] = ["Errors", "Streams"],
        ["Access"] = ["Engine", "Errors", "Settings"],
        ["Registries"] = ["Api", "Engine", "Errors"],
        ["Hosting"] = Layers,
        ["Containers"] = Layers,
        ["Images"] = Layers,
        ["Builds"] = Layers,
        ["Engines"] = Layers,
    };

    /// <summary>The exceptions: a type and the namespace that it uses.</summary>
    private static readonly IReadOnlyList<(string User, string Used)> Exceptions =
    [
        // Registration names the implementations.
        ("Engine.EngineRegistration", "Engine.Docker"),
        ("Engine.EngineRegistration", "Engine.Host"),
        // Engine.Host.Linux is the one P/Invoke layer. Directory contexts read files with it.
        ("Builds.Contexts.ContextRoots", "Engine.Host"),
        ("Builds.Contexts.ContextEntries", "Engine.Host"),
        ("Builds.Contexts.DirectoryContext", "Engine.Host"),
        ("Builds.Contexts.DirectorySync", "Engine.Host"),
        ("Builds.Contexts.DirectoryWalk", "Engine.Host"),
        ("Builds.Contexts.IContextOutput", "Engine.Host"),
        ("Builds.Contexts.TarContextWriter", "Engine.Host"),
        // A commit finds its container with the resolver of all container calls. POST /images builds or commits.
        ("Images.ContainerCommit", "Containers"),
        ("Images.ImageEndpoints", "Containers"),
        ("Builds.CreateImage.CreateImageEndpoint", "Containers"),
    ];

    private static readonly Types Assembly = Types.InAssembly(typeof(Program).Assembly);

    /// <summary>The users of a namespace, found once: all code of the assembly is read for it.</summary>
    private static readonly ConcurrentDictionary<string, IReadOnlyList<string>> Users = new();

    public static TheoryData<string> Namespaces => [.. TopLevelNamespaces()];

    [Theory]
    [MemberData(nameof(Namespaces))]
    public void Namespace_depends_only_on_what_it_may_use(string name)
    {
        Assert.True(Allowed.TryGetValue(name, out var allowed), $"Namespace {name} is new. Add it to {nameof(Allowed)}.");

        var violations = TopLevelNamespaces().Except([name, .. allowed])
            .SelectMany(used => UsersOf(used).Where(type => type.StartsWith(name + ".", StringComparison.Ordinal)).Select(type => (type, used)));

        AssertNone(violations);
    }

    [Theory]
    [InlineData("Engine.Docker")]
    [InlineData("Engine.Host")]
    public void Engine_implementation_is_used_only_where_it_is_registered(string implementation) =>
        AssertNone(UsersOf(implementation)
            .Where(type => !type.StartsWith("Engine.Docker.", StringComparison.Ordinal) && !type.StartsWith("Engine.Host.", StringComparison.Ordinal))
            .Select(type => (type, implementation)));

    [Fact]
    public void Docker_DotNet_is_used_only_in_the_adapter()
    {
        var users = UsersOf("Docker.DotNet", "");

        Assert.NotEmpty(users);
        AssertNone(users.Where(type => !type.StartsWith("Engine.Docker.", StringComparison.Ordinal)).Select(type => (type, "Docker.DotNet")));
    }

    [Fact]
    public void Every_exception_is_needed() => Assert.All(
        Exceptions, e => Assert.True(UsersOf(e.Used).Contains(e.User), $"{e.User} no longer uses {e.Used}. Remove the exception."));

    private static void AssertNone(IEnumerable<(string User, string Used)> violations)
    {
        var unexpected = violations.Except(Exceptions).ToList();
        Assert.True(unexpected.Count == 0, string.Join('\n', unexpected.Select(v => $"{v.User} uses {v.Used}")));
    }

    /// <summary>Returns the types that depend on a namespace, nested types as the type around them, all without the root namespace.</summary>
    private static IReadOnlyList<string> UsersOf(string used, string root = Root + ".") => Users.GetOrAdd(used, _ =>
        [.. Assembly.That().HaveDependencyOnAny(root + used).GetTypes()
            .Where(type => type.FullName.StartsWith(Root + ".", StringComparison.Ordinal))
            .Select(type => type.FullName[(Root.Length + 1)..].Split('/')[0].Split('`')[0])
            .Distinct()]);

    private static IEnumerable<string> TopLevelNamespaces() =>
        typeof(Program).Assembly.GetTypes()
            .Select(t => t.Namespace?.Split('.')).OfType<string[]>()
            .Where(parts => parts is [Root, _, ..]).Select(parts => parts[1]).Distinct().Order();
}
