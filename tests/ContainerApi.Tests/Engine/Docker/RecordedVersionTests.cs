using ContainerApi.Stubs;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>
/// Answers of API 1.56, recorded from an engine 29.9 of moby's development branch. The same engine gave answers with the same fields for
/// API 1.52 to 1.55. The column <c>RSS</c> of <c>top</c>, which is requested since, was added to the record.
/// </summary>
public sealed class RecordedVersionTests : StubEngineTests
{
    private const string Image = "recorder/app:v1";
    private const string Missing = "/containers/none/json";

    private static readonly Dictionary<string, string> Answers = JsonSerializer.Deserialize<Dictionary<string, string>>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Captures", "api-1.56.json")))!;

    public static TheoryData<string> Versions => ["1.52", "1.53", "1.54", "1.55", "1.56"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Containers_are_read_completely(string version)
    {
        await StartRecordedAsync(version);

        var list = await Host.GetJsonAsync("/containers");

        Assert.Equal(version, list.GetProperty("engines")[0].GetProperty("apiVersion").GetString());
        var listed = Assert.Single(list.GetProperty("items").EnumerateArray());
        foreach (var container in new[] { listed, await Host.GetJsonAsync("/containers/recorded") })
        {
            Assert.Equal(("recorded", Image, "running"), (Text(container, "name"), Text(container, "image"), Text(container, "state")));
            Assert.Equal(("sleep 1000", "unhealthy"), (Text(container, "command"), Text(container, "health")));
            Assert.Equal(("b", "recorder"), (Text(container.GetProperty("labels"), "a"), Text(container.GetProperty("labels"), "maker")));
            var port = Assert.Single(container.GetProperty("ports").EnumerateArray());
            Assert.Equal((80, 18080), (port.GetProperty("containerPort").GetInt32(), port.GetProperty("hostPort").GetInt32()));
            var network = Assert.Single(container.GetProperty("networks").EnumerateArray());
            Assert.Equal(("bridge", "172.17.0.1"), (Text(network, "name"), Text(network, "gateway")));
            Assert.NotNull(Text(network, "ipv4"));
            Assert.All(new[] { "processes", "network", "usage" }, section => Assert.Equal("ok", State(container, section)));
            Assert.Equal("sleep 1000", Text(container.GetProperty("processes").GetProperty("items")[0], "command"));
            Assert.True(container.GetProperty("usage").GetProperty("memoryBytes").GetInt64() > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Images_are_read_completely(string version)
    {
        await StartRecordedAsync(version);

        var listed = Assert.Single((await Host.GetJsonAsync("/images")).GetProperty("items").EnumerateArray());
        var image = await Host.GetJsonAsync("/images/" + Image);

        Assert.All(new[] { listed, image }, i =>
        {
            Assert.Equal(Image, i.GetProperty("tags")[0].GetString());
            Assert.StartsWith("sha256:", Text(i, "id"));
            Assert.Equal("recorder", Text(i.GetProperty("labels"), "maker"));
            Assert.NotEqual(JsonValueKind.Null, i.GetProperty("createdAt").ValueKind);
        });
        Assert.Equal(("sleep", "/bin"), (image.GetProperty("command")[0].GetString(), Text(image.GetProperty("environment"), "PATH")));
        // The engine leaves out what is not set.
        Assert.All(
            new[] { "entrypoint", "user", "workingDirectory", "author" }, n => Assert.Equal(JsonValueKind.Null, image.GetProperty(n).ValueKind));
        Assert.Equal("80/tcp", Assert.Single(image.GetProperty("exposedPorts").EnumerateArray()).GetString());
        Assert.Equal(6, image.GetProperty("history").GetArrayLength());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Builds_and_errors_are_understood(string version)
    {
        await StartRecordedAsync(version);

        using var build = await Host.Client.PostTextAsync("/images/build?builder=classic", "FROM scratch\n", "text/x-dockerfile");
        using var pull = await Host.Client.PostAsJsonAsync("/images/pull", new { image = "127.0.0.1:1/none:v1" });
        using var missing = await Host.Client.GetAsync("/containers/none");

        var lines = (await build.Content.ReadAsStringAsync()).TrimEnd().Split('\n').Select(l => JsonSerializer.Deserialize<JsonElement>(l)).ToList();
        Assert.Equal("succeeded", Text(lines[^1], "state"));
        Assert.Contains(lines, l => Text(l, "type") == "log" && Text(l, "text") == "hello\n");
        await pull.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "registry_unavailable");
        await missing.ReadProblemAsync(HttpStatusCode.NotFound, "container_not_found");
        Assert.Equal("29.9.0-dev", Text(await Host.GetJsonAsync("/engines/local"), "version"));
    }

    private async Task StartRecordedAsync(string version)
    {
        await StartAsync(new StubOptions { ApiVersion = version, MinApiVersion = "1.40" });
        // The first rule that matches counts.
        Stub.When(c => c.Path == Missing, Behaviours.Answer(404, Answers[Missing]));
        foreach (var (route, answer) in Answers)
        {
            Stub.When(route, Behaviours.Answer(route == "/images/create" ? 500 : 200, answer));
        }
    }
}
