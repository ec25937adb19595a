using ContainerApi.Stubs;
using ContainerApi.Tests.Containers;
using Microsoft.AspNetCore.WebUtilities;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>The negotiation of the API version, and answers of API 1.52 and of Podman.</summary>
public sealed class EngineVersionTests : StubEngineTests
{
    private static readonly StubOptions Api152 = new() { ApiVersion = "1.52", MinApiVersion = "1.44" };

    [Theory]
    [InlineData("1.41", "1.12", "1.41")]
    [InlineData("1.44", "1.24", "1.44")]
    [InlineData("1.52", "1.44", "1.52")]
    [InlineData("1.56", "1.44", "1.56")]
    [InlineData("1.57", "1.44", "1.56")]
    [InlineData("2.0", "1.44", "1.56")]
    public async Task Every_call_uses_the_newest_common_version(string newest, string oldest, string negotiated)
    {
        await StartAsync(new StubOptions { ApiVersion = newest, MinApiVersion = oldest, Running = 1 });

        var list = await Host.GetJsonAsync("/containers");

        Assert.Equal(negotiated, list.GetProperty("engines")[0].GetProperty("apiVersion").GetString());
        Assert.All(Stub.Calls.All, c => Assert.Equal(c.Route == "/_ping" ? null : negotiated, c.Version));
        Assert.True(Stub.Calls.All.Count > 1);
    }

    [Theory]
    [InlineData("1.62", "1.60", false, "client version 1.56 is too old. Minimum supported API version is 1.60")]
    [InlineData("1.62", "1.60", true, "client version 1.56 is too old. Minimum supported API version is 1.60")]
    [InlineData("1.40", "1.12", false, "The engine has API 1.40; this service needs 1.41 or later.")]
    public async Task Engine_without_a_common_version_is_unsupported(string newest, string oldest, bool plainText, string detail)
    {
        await StartAsync(new StubOptions { ApiVersion = newest, MinApiVersion = oldest, PlainTextVersionErrors = plainText });

        using var answer = await Host.Client.GetAsync("/containers");

        var problem = await answer.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "feature_unsupported");
        Assert.StartsWith(detail, problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task List_of_API_1_52_is_read_completely()
    {
        await StartAsync(Api152);
        // Health has a field of its own, the addresses are those of the networks alone, and there is more than we know.
        Stub.When("/containers/json", Behaviours.Answer(200, """
            [{"Id":"8dfafdbc3a40000000000000000000000000000000000000000000000000abcd","Names":["/web"],"Image":"nginx:1",
              "ImageID":"sha256:d74508fb6632491cea586a1fd7d748dfc5274cd6fdfedee309ecdcbc2bf5cb82",
              "ImageManifestDescriptor":{"mediaType":"application/vnd.oci.image.manifest.v1+json",
              "digest":"sha256:c0537ff6a521","size":3987495,"platform":{"architecture":"amd64","os":"linux"}},
              "Command":"nginx","Created":1764000000,"Ports":[{"PrivatePort":80,"PublicPort":8080,"Type":"tcp","IP":"0.0.0.0"},
              {"PrivatePort":443,"Type":"tcp"}],
              "Labels":{"a":"b"},"State":"running","Status":"Up 2 minutes","HostConfig":{"NetworkMode":"bridge","Annotations":{"x":"y"}},
              "NetworkSettings":{"Networks":{"bridge":{"IPAMConfig":null,"Links":null,"Aliases":null,"DriverOpts":null,
              "GwPriority":0,"NetworkID":"f4","EndpointID":"e1",
                "Gateway":"172.17.0.1","IPAddress":"172.17.0.2","MacAddress":"","IPPrefixLen":16,"IPv6Gateway":"",
                "GlobalIPv6Address":"2001:db8::2","GlobalIPv6PrefixLen":64,"DNSNames":null}}},
              "Health":{"Status":"unhealthy","FailingStreak":3},"Mounts":[]}]
            """));

        var item = Assert.Single(await ItemsAsync("?include=none"));

        Assert.Equal("unhealthy", item.GetProperty("health").GetString());
        Assert.Equal(
            """[{"name":"bridge","ipv4":"172.17.0.2","ipv6":"2001:db8::2","gateway":"172.17.0.1","mac":null}]""",
            item.GetProperty("networks").GetRawText());
        Assert.Equal(8080, item.GetProperty("ports")[0].GetProperty("hostPort").GetInt32());
        Assert.Equal(JsonValueKind.Null, item.GetProperty("ports")[1].GetProperty("hostPort").ValueKind);
    }

    /// <summary>Podman 5.4.2 lists no network mode. The networks <c>host</c> and <c>none</c> identify it.</summary>
    [Theory]
    [InlineData("host", "host")]
    [InlineData("none", "none")]
    [InlineData("podman", null)]
    public async Task List_of_Podman_is_read_completely(string network, string? mode)
    {
        await StartAsync();
        Stub.Containers.Add(new StubContainer { Id = "8858e9fecf8adbb9d034d29fb98e13d74597e9343926dea0d5808d5746808f3d", Name = "dreamy_euler" });
        Stub.When("/containers/json", Behaviours.Answer(200, """
            [{"Id":"8858e9fecf8adbb9d034d29fb98e13d74597e9343926dea0d5808d5746808f3d","Names":["/dreamy_euler"],"Image":"docker.io/library/busybox:1",
              "ImageID":"sha256:2b9c7b1ac9ec07e34651bb1c40fe3a64205a86a70a846bd36832f8fe983b1841","Command":"sleep 1000",
              "Created":1795666808,"Ports":[],
              "Labels":{"a":"b"},"State":"running","Status":"Up 10 minutes","NetworkSettings":{"Networks":{"NETWORK":{"IPAMConfig":null,"Links":null,
                "Aliases":["8858e9fecf8a"],"MacAddress":"12:90:48:a2:d9:05","NetworkID":"2f25","EndpointID":"",
                "Gateway":"","IPAddress":"","IPPrefixLen":0,
                "IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DriverOpts":null,"DNSNames":null}}},
              "Mounts":[],"Name":"","Config":null,"NetworkingConfig":null,"Platform":null,"DefaultReadOnlyNonRecursive":false}]
            """.Replace("NETWORK", network, StringComparison.Ordinal)));

        var item = Assert.Single(await ItemsAsync());

        Assert.Equal("dreamy_euler", item.GetProperty("name").GetString());
        Assert.Equal(mode, item.GetProperty("network").GetProperty("mode").GetString());
        // The host's counters are not the container's.
        Assert.Equal(network == "host" ? "unsupported" : "ok", item.GetProperty("network").GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("", """{"status":["running","paused"]}""")]
    [InlineData("&label=a", """{"label":["a"],"status":["running","paused"]}""")]
    [InlineData("&state=exited", """{"status":["exited"]}""")]
    [InlineData("&all=true", null)]
    public async Task Podman_lists_paused_containers_by_status(string query, string? filters)
    {
        await StartAsync(new StubOptions { IsPodman = true });

        _ = await Host.GetJsonAsync("/containers?include=none" + query);

        var asked = QueryHelpers.ParseQuery(Stub.Calls.All.Single(c => c.Route == "/containers/json").Query);
        Assert.Equal(filters, asked.TryGetValue("filters", out var sent) ? sent.ToString() : null);
    }

    [Theory]
    [InlineData("starting", "starting")]
    [InlineData("none", null)]
    public async Task Health_is_read_from_its_field_since_API_1_52(string health, string? expected)
    {
        await StartAsync(Api152);
        Stub.Containers.Add(new StubContainer { Id = new string('a', 64), Name = "web", Health = health == "none" ? null : health });

        Assert.Equal(expected, (await Host.GetJsonAsync("/containers/web?include=none")).GetProperty("health").GetString());
    }

    [Fact]
    public async Task Build_error_in_errorDetail_alone_is_reported()
    {
        await StartAsync(Api152);
        Stub.Build = (_, token) => Scripts.Lines(
        [
            """{"stream":"Step 1/1 : RUN make"}""",
            """{"errorDetail":{"code":2,"message":"The command '/bin/sh -c make' returned a non-zero code: 2"}}""",
        ], token);
        using var body = new StringContent("FROM scratch\nRUN make\n", null, "text/x-dockerfile");

        var result = await ResultAsync(await Host.Client.PostAsync("/images/build?builder=classic", body));

        Assert.Equal("failed", result.GetProperty("state").GetString());
        Assert.Equal("step_failed", result.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("The command '/bin/sh -c make' returned a non-zero code: 2", result.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(2, result.GetProperty("error").GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public async Task Pull_error_in_errorDetail_alone_is_reported()
    {
        await StartAsync(Api152);
        Stub.Pull = (_, token) => Scripts.Lines(
            ["""{"status":"Pulling from library/busybox","id":"latest"}""", Scripts.Failure(
                "toomanyrequests: you have reached the limit", detailOnly: true)], token);

        var result = await ResultAsync(await Host.Client.PostAsJsonAsync("/images/pull", new { image = "busybox" }));

        Assert.Equal("failed", result.GetProperty("state").GetString());
        Assert.Equal("toomanyrequests: you have reached the limit", result.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Progress_in_progressDetail_alone_is_reported()
    {
        await StartAsync(Api152);
        Stub.Pull = (_, token) => Scripts.Lines(
            ["""{"status":"Downloading","progressDetail":{"current":1024,"total":4096},"id":"0123456789ab"}"""], token);

        using var answer = await Host.Client.PostAsJsonAsync("/images/pull", new { image = "busybox" });

        var first = JsonSerializer.Deserialize<JsonElement>((await answer.Content.ReadAsStringAsync()).Split('\n')[0]);
        Assert.Equal(("0123456789ab", 1024, 4096),
            (first.GetProperty("layer").GetString(), first.GetProperty("currentBytes").GetInt32(), first.GetProperty("totalBytes").GetInt32()));
    }

    [Fact]
    public async Task Events_without_the_fields_that_1_52_removed_are_read()
    {
        await StartAsync(Api152);
        using var watch = new StreamReader(await Host.Client.GetStreamAsync("/containers/watch?include=none"));
        Assert.Contains("\"snapshot\"", await watch.ReadLineAsync());

        Stub.Events.Emit(Stub.Containers.Add(StubContainer.Generate(1)), "create");

        Assert.Contains("\"added\"", await watch.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    /// <summary>The last line of a stream.</summary>
    private static async Task<JsonElement> ResultAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var last = JsonSerializer.Deserialize<JsonElement>((await answer.Content.ReadAsStringAsync()).TrimEnd().Split('\n')[^1]);
            Assert.Equal("result", last.GetProperty("type").GetString());
            return last;
        }
    }
}
