using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ContainerApi.Tests;

/// <summary>
/// The house's walls: which room may name which. They are held in the sources, where a wall is broken, and for
/// Docker.DotNet in the built assembly as well, where a <c>var</c> hides the type.
/// </summary>
public sealed partial class ArchitectureTests
{
    private const string Root = "ContainerApi";
    private const string Adapter = "Engine.Docker";

    /// <summary>
    /// What each room may use, by namespace below ContainerApi; a room may always use itself and what is below it.
    /// Program.cs, the table of contents, uses all.
    /// </summary>
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Allowed = new Dictionary<string, IReadOnlyList<string>>
    {
        ["Settings"] = [],
        ["Engine"] = ["Settings"],
        ["Http"] = ["Engine"],
        ["Security"] = ["Settings", "Engine", "Http", "Http.OpenApi"],
        // What readiness tells depends on who asks.
        ["Hosting"] = ["Settings", "Engine", "Http", "Http.OpenApi", "Security"],
        ["Builds"] = ["Settings", "Engine", "Http", "Http.OpenApi", "Security"],
        ["Containers"] = ["Settings", "Engine", "Http", "Http.OpenApi", "Security"],
        ["Engines"] = ["Engine", "Http", "Http.OpenApi", "Security"],
        // The tutorial's one tool builds a directory, so images may start a build; a commit finds its container as every call does.
        ["Images"] = ["Engine", "Http", "Http.OpenApi", "Security", "Builds", "Builds.Context", "Containers"],
    };

    public static TheoryData<string> Rooms =>
        [.. Directory.GetDirectories(SourceRoot()).Select(path => Path.GetFileName(path)).Where(name => name is not ("bin" or "obj")).Order()];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_uses_only_the_rooms_it_may(string room)
    {
        Assert.True(Allowed.TryGetValue(room, out var allowed), $"The room {room} is new: say in ArchitectureTests what it may use.");

        var broken = Sources(room).SelectMany(file => References(file.Text)
            .Where(used => used != room && !used.StartsWith(room + ".", StringComparison.Ordinal) && !allowed.Contains(used))
            .Select(used => $"{file.Path} uses {Root}.{used}"));

        Assert.Equal([], broken);
    }

    [Fact]
    public void Images_take_nothing_from_containers_but_the_locator()
    {
        var containers = TypesIn("Containers").Where(name => name != "ContainerResolver").ToList();

        var broken = Sources("Images")
            .Where(file => References(file.Text).Contains("Containers"))
            .SelectMany(file => containers.Where(name => Words(file.Text).Contains(name)).Select(name => $"{file.Path} uses {name}"));

        Assert.Equal([], broken);
    }

    [Fact]
    public void Docker_DotNet_is_named_only_in_the_adapter()
    {
        var broken = Sources("")
            .Where(
                file => !file.Path.StartsWith("Engine/Docker/", StringComparison.Ordinal)
                    && file.Text.Contains("Docker.DotNet", StringComparison.Ordinal))
            .Select(file => file.Path);

        Assert.Equal([], broken);
        // The scan finds it where it is: else it would find it nowhere.
        Assert.Contains(Sources("Engine/Docker"), file => file.Text.Contains("using Docker.DotNet", StringComparison.Ordinal));
    }

    [Fact]
    public void No_type_outside_the_adapter_has_a_Docker_DotNet_type_in_it()
    {
        var types = typeof(Program).Assembly.GetTypes();

        var broken = types
            .Where(type => !IsIn(type, Adapter))
            .SelectMany(type => Mentioned(type).Where(IsForeign).Select(foreign => $"{type} mentions {foreign}"));

        Assert.Equal([], broken.Distinct());
        Assert.Contains(types, type => IsIn(type, Adapter) && Mentioned(type).Any(IsForeign));
    }

    [Theory]
    [InlineData("using ContainerApi.Builds;", "Builds")]
    [InlineData("using ContainerApi.Builds.Contexts;", "Builds.Context")]
    [InlineData("using static ContainerApi.Engine.Docker.EngineTransport;", "Engine.Docker")]
    [InlineData("using Locator = ContainerApi.Containers.ContainerResolver;", "Containers")]
    [InlineData("var x = new ContainerApi.Engine.Host.HostSource();", "Engine.Host")]
    [InlineData("var x = new Engine.Host.HostSource();", "Engine.Host")]
    [InlineData("/// <see cref=\"ContainerApi.Builds.BuildPipeline\"/>", null)]
    [InlineData("var n = list.Containers.Count;", null)]
    [InlineData("var all = Engines.All;", null)]
    public void The_scan_sees_every_way_to_name_a_room(string source, string? room) =>
        Assert.Equal(room is null ? [] : [room], References(WithoutComments(source)));

    private static bool IsIn(Type type, string room) =>
        type.Namespace is { } name && (name == $"{Root}.{room}" || name.StartsWith($"{Root}.{room}.", StringComparison.Ordinal));

    private static bool IsForeign(Type type) =>
        type.Namespace is { } name && (name == "Docker.DotNet" || name.StartsWith("Docker.DotNet.", StringComparison.Ordinal));

    /// <summary>Every type in the signatures and fields of a type, private and compiler-made ones included, and its methods' locals.</summary>
    private static IEnumerable<Type> Mentioned(Type type)
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var methods = type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)).ToList();
        return type.GetInterfaces().Append(type.BaseType)
            .Concat(type.GetFields(All).Select(f => f.FieldType))
            .Concat(methods.SelectMany(m => m.GetParameters()).Select(p => p.ParameterType))
            .Concat(methods.OfType<MethodInfo>().Select(m => m.ReturnType))
            .Concat(methods.SelectMany(m => m.GetMethodBody()?.LocalVariables ?? []).Select(v => v.LocalType))
            .OfType<Type>()
            .SelectMany(Parts);
    }

    /// <summary>A type and what it is made of: <c>Task&lt;IList&lt;T[]&gt;&gt;</c> has five parts.</summary>
    private static IEnumerable<Type> Parts(Type type) => type.HasElementType
        ? Parts(type.GetElementType()!)
        : type.GetGenericArguments().Where(a => !a.IsGenericParameter).SelectMany(Parts).Append(type);

    /// <summary>The rooms that a source names, with <c>using</c>, in full, or from the root's namespace on.</summary>
    private static IEnumerable<string> References(string source)
    {
        var inFull = FullName.Matches(source).Select(m => m.Groups["name"].Value);
        var fromRoot = RelativeName.Matches(source).Select(m => m.Groups["name"].Value).Where(name => RoomOf(name) is { } room && room != name);
        return inFull.Concat(fromRoot).Select(RoomOf).OfType<string>().Distinct();
    }

    /// <summary>The longest beginning of a dotted name that is one of our namespaces.</summary>
    private static string? RoomOf(string name)
    {
        var parts = name.Split('.');
        return Enumerable.Range(1, parts.Length).Reverse()
            .Select(count => string.Join('.', parts[..count]))
            .FirstOrDefault(room => Namespaces.Contains(room) && (room == name || IsType(room, parts[room.Split('.').Length])));
    }

    private static bool IsType(string room, string name) => TypesIn(room).Contains(name);

    private static IEnumerable<string> TypesIn(string room) =>
        typeof(Program).Assembly.GetTypes().Where(t => t.Namespace == $"{Root}.{room}" && !t.IsNested).Select(t => t.Name.Split('`')[0]);

    private static HashSet<string> Namespaces { get; } =
        [.. typeof(Program).Assembly.GetTypes().Select(t => t.Namespace).OfType<string>().Where(n => n.StartsWith(Root + ".", StringComparison.Ordinal)).Select(n => n[(Root.Length + 1)..])];

    private static HashSet<string> Words(string source) => [.. Word.Matches(source).Select(m => m.Value)];

    private static IEnumerable<(string Path, string Text)> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(SourceRoot(), folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: Path.GetRelativePath(SourceRoot(), path).Replace('\\', '/'), Full: path))
            .Where(file => !file.Path.StartsWith("bin/", StringComparison.Ordinal) && !file.Path.StartsWith("obj/", StringComparison.Ordinal))
            .Select(file => (file.Path, WithoutComments(File.ReadAllText(file.Full))));

    private static string WithoutComments(string source) => Comment.Replace(source, "");

    private static string SourceRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "src", Root));

    [GeneratedRegex(@"\bContainerApi\.(?<name>[A-Z]\w*(?:\.[A-Z]\w*)*)")]
    private static partial Regex FullName { get; }

    [GeneratedRegex(@"(?<![\w.])(?<name>[A-Z]\w*(?:\.[A-Z]\w*)+)")]
    private static partial Regex RelativeName { get; }

    [GeneratedRegex(@"\b[A-Z]\w*\b")]
    private static partial Regex Word { get; }

    [GeneratedRegex(@"^\s*//.*$|(?<=[;{}]\s*)//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment { get; }
}
