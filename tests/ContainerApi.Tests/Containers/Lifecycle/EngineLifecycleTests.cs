using ContainerApi.Stubs;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Containers.Lifecycle;

/// <summary>Changes of containers through the adapter: what the engine gets, and what its answers mean.</summary>
public sealed class EngineLifecycleTests : StubEngineTests
{
    public override async Task InitializeAsync()
    {
        await StartAsync();
        Stub.Containers.Add(new StubContainer { Id = Facts.Id('a'), Name = "web" });
        Stub.Containers.Add(new StubContainer { Id = Facts.Id('b'), Name = "db" });
    }

    [Theory]
    [InlineData("running", "pause", 204, null, "paused")]
    [InlineData("paused", "pause", 204, null, "paused")]
    [InlineData("exited", "pause", 409, "container_not_running", "exited")]
    [InlineData("paused", "unpause", 204, null, "running")]
    [InlineData("running", "unpause", 204, null, "running")]
    [InlineData("exited", "unpause", 409, "container_not_running", "exited")]
    [InlineData("running", "kill?signal=TERM", 204, null, "exited", "?signal=TERM")]
    [InlineData("exited", "kill", 409, "container_not_running", "exited")]
    [InlineData("running", "stop?timeout=-1", 204, null, "exited", "?t=-1")]
    [InlineData("running", "rename?name=web3", 204, null, "running", "?name=web3")]
    [InlineData("running", "rename?name=web", 204, null, "running", "?name=web")]
    [InlineData("running", "rename?name=db", 409, "name_in_use", "running", "?name=db")]
    public async Task Change_succeeds_where_the_container_is_so_already_and_names_its_reason_elsewhere(
        string state, string call, int status, string? code, string after, string query = "")
    {
        var container = Stub.Containers.Find("web").Single();
        container.State = state;

        using var response = await Host.Client.PostAsync("/containers/web/" + call, null);

        if (code is not null)
        {
            await response.ReadProblemAsync((HttpStatusCode)status, code);
        }

        Assert.Equal((status, after), ((int)response.StatusCode, container.State));
        Assert.Equal(query, Assert.Single(Stub.Calls.All, c => c.Method == "POST").Query);
    }

    [Fact]
    public async Task Create_sends_every_option_in_the_engines_format()
    {
        JsonElement sent = default;
        Stub.When("/containers/create", async http =>
        {
            sent = (await JsonDocument.ParseAsync(http.Request.Body)).RootElement;
            http.Response.StatusCode = StatusCodes.Status201Created;
            await http.Response.WriteAsync($$"""{"Id":"{{Facts.Id('a')}}","Warnings":null}""");
            return true;
        });

        using var response = await Host.Client.PostAsJsonAsync("/containers", new
        {
            image = "busybox",
            entrypoint = "/init --once",
            user = "1000:1000",
            workingDirectory = "/srv",
            hostname = "web",
            restart = "on-failure:3",
            memory = "1.5g",
            cpus = 0.25,
            pidsLimit = 100,
            environment = new Dictionary<string, object> { ["PORT"] = 8080, ["NAME"] = "a" },
            ports = new object[] { 80, "8080-8085:81/UDP", "0:82" },
        });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("""["/init","--once"]""", sent.GetProperty("Entrypoint").GetRawText());
        Assert.Equal(("1000:1000", "/srv", "web"), (Text(sent, "User"), Text(sent, "WorkingDir"), Text(sent, "Hostname")));
        Assert.Equal("""["PORT=8080","NAME=a"]""", sent.GetProperty("Env").GetRawText());
        var host = sent.GetProperty("HostConfig");
        Assert.Equal(("on-failure", 3), (host.GetProperty("RestartPolicy").GetProperty("Name").GetString(),
            host.GetProperty("RestartPolicy").GetProperty("MaximumRetryCount").GetInt32()));
        Assert.Equal(
            (1_610_612_736, 250_000_000, 100),
            (host.GetProperty("Memory").GetInt64(), host.GetProperty("NanoCpus").GetInt64(), host.GetProperty("PidsLimit").GetInt64()));
        Assert.Equal(
            ["80/tcp ", "81/udp 8080-8085", "82/tcp "],
            host.GetProperty("PortBindings").EnumerateObject().Select(p => $"{p.Name} {p.Value[0].GetProperty("HostPort").GetString()}"));
    }
}
