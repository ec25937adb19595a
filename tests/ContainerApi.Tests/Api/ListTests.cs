using System.Reflection;
using ContainerApi.Api.Lists;
using ContainerApi.Builds;
using ContainerApi.Engines;
using ContainerApi.Images;
using ContainerApi.Tests.Builds;
using ContainerApi.Tests.Builds.Contexts;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Api;

/// <summary>What all lists have in common.</summary>
public sealed class ListTests : IAsyncDisposable
{
    private static readonly string OneId = Facts.Id('1');

    private static readonly IReadOnlyDictionary<string, string> Labels =
        new Dictionary<string, string> { ["a"] = "", ["b"] = "x,y", [@"c\,"] = "" };

    private readonly ApiHost _host;

    public ListTests()
    {
        var near = Engine("near");
        near.ListContainers = Facts.Engine(Facts.Container('1', "web") with { Labels = Labels }, Facts.Container('2', "db")).ListContainers;
        near.ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>([Image('1', 5), Image('2', 7)]);
        near.Build = new BuiltContext().BuildAsync;
        near.InspectImage = (id, _) => Task.FromResult(BuildApi.Details(id, []));
        var far = Engine("far");
        _host = new ApiHost(near, far);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("/containers?include=none&", 2)]
    [InlineData("/images?", 2)]
    [InlineData("/engines?", 2)]
    [InlineData("/builds?", 2)]
    public async Task List_has_pages_fields_and_formats(string address, int count)
    {
        await BuildAsync(address);

        var list = await _host.GetJsonAsync(address);
        var first = await _host.GetJsonAsync(address + "limit=1&fields=" + IdOf(address));
        var second = await _host.GetJsonAsync(address + "limit=1&cursor=" + first.GetProperty("nextCursor").GetString());

        Assert.Equal(count, list.GetProperty("total").GetInt32());
        Assert.Equal(JsonValueKind.Null, list.GetProperty("nextCursor").ValueKind);
        Assert.Equal([IdOf(address)], first.GetProperty("items")[0].EnumerateObject().Select(p => p.Name));
        Assert.Equal((count, JsonValueKind.Null), (second.GetProperty("total").GetInt32(), second.GetProperty("nextCursor").ValueKind));
        Assert.Equal(list.Items(IdOf(address)), first.Items(IdOf(address)).Concat(second.Items(IdOf(address))));
        var lines = (await _host.Client.GetStringAsync(address + "format=ndjson")).TrimEnd().Split('\n');
        Assert.Equal(count + 1, lines.Length);
        Assert.StartsWith("""{"type":"result","state":"succeeded",""", lines[^1], StringComparison.Ordinal);
        Assert.Equal(count + 1, (await _host.Client.GetStringAsync(address + "format=csv")).TrimEnd().Split("\r\n").Length);
        using var table = await _host.Client.GetAsync(address + "format=table");
        Assert.Equal("text/plain", table.Content.Headers.ContentType?.MediaType);
        using var unknown = await _host.Client.GetAsync(address + "sort=colour&fields=colour&cursor=!");
        var errors = (await unknown.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request")).GetProperty("errors");
        Assert.Equal(["cursor", "fields", "sort"], errors.EnumerateObject().Select(e => e.Name).Order());
        Assert.StartsWith("has 'colour', which is not a field. Allowed: ", errors.GetProperty("fields")[0].GetString(), StringComparison.Ordinal);
        Assert.StartsWith("has 'colour', which is not a field to sort by. ", errors.GetProperty("sort")[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/containers?include=none", false)]
    [InlineData("/containers?include=none&engine=near", true)]
    [InlineData("/images", false)]
    [InlineData("/images?engine=near", true)]
    [InlineData("/engines", false)]
    [InlineData("/engines?engine=near", true)]
    [InlineData("/builds", true)]
    public async Task List_says_whether_every_engine_answered(string address, bool complete) =>
        Assert.Equal(complete, (await _host.GetJsonAsync(address)).GetProperty("complete").GetBoolean());

    [Theory]
    [InlineData("/containers?include=none&name=we,d", 2)]
    [InlineData("/containers?include=none&name=web&name=nothing", 1)]
    [InlineData("/containers?include=none&id=ID", 1)]
    [InlineData("/containers?include=none&engine=near,far", 2)]
    [InlineData("/images?id=sha256:ID", 1)]
    [InlineData("/images?id=sha256:ID,sha256:ID", 1)]
    [InlineData("/containers?include=none&label=a,b=x%5C,y&label=c%5C%5C,", 1)]
    [InlineData("/engines?state=ok,timeout", 1)]
    [InlineData("/engines?id=near&id=far", 2)]
    [InlineData("/builds?state=failed,cancelled", 0)]
    [InlineData("/builds?state=failed&state=succeeded", 2)]
    [InlineData("/builds?engine=far,near", 2)]
    public async Task Filter_repeats_and_takes_commas(string address, int count)
    {
        await BuildAsync(address);

        Assert.Equal(count, (await _host.GetJsonAsync(address.Replace("ID", OneId, StringComparison.Ordinal))).GetProperty("total").GetInt32());
    }

    [Theory]
    [InlineData("/containers?id=11111111", HttpStatusCode.BadRequest, "invalid_request", "id")]
    [InlineData("/images?id=sha256:1111", HttpStatusCode.BadRequest, "invalid_request", "id")]
    [InlineData("/builds?id=zz", HttpStatusCode.BadRequest, "invalid_request", "id")]
    [InlineData("/containers?engine=near,nope", HttpStatusCode.NotFound, "engine_not_found", "engine")]
    [InlineData("/images?engine=nope", HttpStatusCode.NotFound, "engine_not_found", "engine")]
    [InlineData("/builds?engine=nope", HttpStatusCode.NotFound, "engine_not_found", "engine")]
    [InlineData("/builds/01KNXNVVQHDQAAG5HJN6PQ9V7E?engine=nope", HttpStatusCode.NotFound, "engine_not_found", "engine")]
    [InlineData("/builds/01KNXNVVQHDQAAG5HJN6PQ9V7E?engine=near", HttpStatusCode.NotFound, "build_not_found", "build")]
    [InlineData("/engines?engine=nope", HttpStatusCode.NotFound, "engine_not_found", "engine")]
    public async Task Filter_that_can_match_nothing_is_a_problem(string address, HttpStatusCode status, string code, string field)
    {
        using var response = await _host.Client.GetAsync(address);

        var problem = await response.ReadProblemAsync(status, code);
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task Table_has_the_engine_where_there_are_several()
    {
        var table = await _host.Client.GetStringAsync("/images?format=table");

        Assert.StartsWith("ENGINE   TAGS    IMAGE ID       CREATED", table, StringComparison.Ordinal);
        Assert.EndsWith("! engine far is missing: It is gone.\n", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cursor_of_another_list_is_refused()
    {
        var cursor = (await _host.GetJsonAsync("/containers?include=none&limit=1&sort=id")).GetProperty("nextCursor").GetString();

        using var response = await _host.Client.GetAsync("/images?sort=id&cursor=" + cursor);

        await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public void Columns_are_the_fields_of_the_contracts()
    {
        AssertColumns<Build>();
        AssertColumns<ImageSummary>();
        AssertColumns<EngineStatus>();
    }

    private static void AssertColumns<TRow>()
        where TRow : IRow<TRow> =>
        Assert.Equal(
            typeof(TRow).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)),
            TRow.Columns.Names);

    private static string IdOf(string address) => address.StartsWith("/engines", StringComparison.Ordinal) ? "name" : "id";

    private async Task BuildAsync(string address)
    {
        for (var n = 0; n < 2 && address.StartsWith("/builds", StringComparison.Ordinal); n++)
        {
            using var built = await _host.Client.PostTextAsync("/builds?engine=near&mode=wait", "FROM scratch\n", "text/x-dockerfile");
            Assert.Equal(HttpStatusCode.Created, built.StatusCode);
        }
    }

    private static FakeEngine Engine(string name) => new()
    {
        Name = name,
        Describe = _ => name == "far" ? throw Gone() : Task.FromResult(new EngineInfo { ApiVersion = "1.45" }),
        ListContainers = (_, _) => throw Gone(),
        ListImages = (_, _) => throw Gone(),
    };

    private static EngineException Gone() => new(ErrorCode.EngineUnavailable, "far", "It is gone.");

    private static ImageFacts Image(char digit, long size) =>
        new() { Id = "sha256:" + Facts.Id(digit), Tags = ["app:" + digit], CreatedAt = Facts.Noon, SizeBytes = size };
}
