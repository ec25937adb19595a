using ContainerApi.Stubs;

namespace ContainerApi.Tests.Containers;

/// <summary>Processes from different <c>ps</c> programs of the engine's host, played by the Docker API stub.</summary>
public sealed class OddProcessTests : StubEngineTests
{
    [Theory]
    [InlineData(HostPs.Procps, "ok", 7, "2026")]
    [InlineData(HostPs.Busybox, "ok", null, null)]
    [InlineData(HostPs.Missing, "unsupported", null, null)]
    public async Task Processes_have_the_columns_of_the_hosts_ps(HostPs ps, string state, int? parent, string? started)
    {
        await StartAsync(new StubOptions { Running = 1, Ps = ps });
        Stub.Containers.All[0].Processes = [new StubProcess(8, 7, 1000, "domain users", 5, 2, "sh -c echo 1 2 3; sleep 9")];

        var section = (await FirstAsync()).GetProperty("processes");

        Assert.Equal(state, Text(section, "state"));
        if (state == "ok")
        {
            var process = Assert.Single(section.GetProperty("items").EnumerateArray());
            Assert.Equal(8, process.GetProperty("pid").GetInt32());
            Assert.Equal(parent, process.GetProperty("parentPid") is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null);
            Assert.Equal("domain users", Text(process, "user"));
            Assert.Equal("sh -c echo 1 2 3; sleep 9", Text(process, "command"));
            Assert.Equal(started is null, process.GetProperty("startedAt").ValueKind == JsonValueKind.Null);
        }
    }

    [Fact]
    public async Task Ps_with_fewer_columns_is_retried_once()
    {
        await StartAsync(new StubOptions { Running = 3, Ps = HostPs.Busybox });
        await Host.GetJsonAsync("/containers?include=processes");
        Stub.Calls.Clear();

        var items = await ItemsAsync("?include=processes");

        Assert.All(items, i => Assert.Equal("ok", State(i, "processes")));
        Assert.Equal(3, Stub.Calls.Count("/containers/{id}/top"));
    }

    [Fact]
    public async Task The_columns_of_ps_are_tried_again_after_a_reconnect()
    {
        await StartAsync(new StubOptions { Running = 1, Ps = HostPs.Busybox });
        Assert.Equal(JsonValueKind.Null, (await StartedAtAsync()).ValueKind);
        await Stub.StopAsync();
        using (await Host.Client.GetAsync("/containers"))
        {
        }

        await Stub.StartAgainAsync(new StubOptions { Ps = HostPs.Procps });

        Assert.Equal(JsonValueKind.String, (await StartedAtAsync()).ValueKind);
        async Task<JsonElement> StartedAtAsync() =>
            (await FirstAsync("?include=processes")).GetProperty("processes").GetProperty("items")[0].GetProperty("startedAt");
    }

    [Theory]
    [InlineData("sh -c 'echo  \"a\"'  \\ b")]
    [InlineData("sh -c echo\nend\ttab")]
    [InlineData("sp\u00e4te Gr\u00fc\u00dfe \u6f22\u5b57 \ufffd")]
    [InlineData("[kworker/0:1]")]
    public async Task Command_line_is_returned_as_ps_prints_it(string command)
    {
        await StartAsync(new StubOptions { Running = 1 });
        Stub.Containers.All[0].Processes = [new StubProcess(8, 7, 1000, "1000", 5, 2, command)];

        var section = (await FirstAsync("?include=processes")).GetProperty("processes");

        Assert.Equal(command, Text(Assert.Single(section.GetProperty("items").EnumerateArray()), "command"));
    }
}
