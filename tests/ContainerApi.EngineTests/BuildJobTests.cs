using System.Diagnostics;
using System.Net.Sockets;

namespace ContainerApi.EngineTests;

/// <summary>Builds as resources: detached, followed, queued and canceled, with both builders.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildJobTests(EngineFixture fixture) : BuildCalls(fixture)
{
    /// <summary>Steps of the tests sleep for longer.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Cancel_stops_a_build_but_not_an_identical_one(string builder)
    {
        var mark = Mark();
        var dangling = await Fixture.DanglingAsync();
        var (first, second) = (
            await DetachAsync(Fixture.Client, builder, Sleeping(mark)), await DetachAsync(Fixture.Client, builder, Sleeping(mark)));
        await UntilPrintedAsync(Fixture.Client, first);
        await UntilPrintedAsync(Fixture.Client, second);

        await CancelAsync(first);
        var result = (await EventsAsync(Fixture.Client, first))[^1];
        Assert.Equal(("cancelled", "cancelled"), (Text(result, "state"), Text(result["error"]!, "code")));
        Assert.Equal("cancelled", await StateAsync(Fixture.Client, first));
        Assert.Equal("running", await StateAsync(Fixture.Client, second));
        Assert.NotEmpty(ProcessesWith(mark));

        await CancelAsync(second);
        await AssertEndsSoonAsync(mark);
        // The engine cleans up after the end of the process.
        await EngineFixture.UntilAsync(async () => (await ContainersWithAsync(mark)).Count == 0);
        Assert.Equal("cancelled", Text((await EventsAsync(Fixture.Client, second))[^1]["error"]!, "code"));
        Assert.Empty((await Fixture.DanglingAsync()).Except(dangling));
        await DeleteAsync(first, HttpStatusCode.NoContent);
        await DeleteAsync(second, HttpStatusCode.NoContent);
        await DeleteAsync(second, HttpStatusCode.NotFound);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Identical_build_succeeds_after_cancellation_of_the_other(string builder)
    {
        var (mark, tag) = (Mark(), Tag());
        // The output must not contain the mark of the step's command.
        var dockerfile = $"FROM {Fixture.Image}\nRUN echo begun; sleep 3.{mark}\n";
        var dangling = await Fixture.DanglingAsync();
        var (stopped, other) = (
            await DetachAsync(Fixture.Client, builder, dockerfile), await DetachAsync(Fixture.Client, builder, dockerfile, $"&tag={tag}"));
        await UntilPrintedAsync(Fixture.Client, stopped);
        await UntilPrintedAsync(Fixture.Client, other);

        await CancelAsync(stopped);
        Assert.Equal("cancelled", Text((await EventsAsync(Fixture.Client, stopped))[^1]["error"]!, "code"));

        var result = (await EventsAsync(Fixture.Client, other))[^1];
        Assert.Equal("succeeded", Text(result, "state"));
        using var image = await Fixture.Engine.GetAsync($"images/{tag}/json");
        Assert.Equal(HttpStatusCode.OK, image.StatusCode);
        Assert.Empty(ProcessesWith(mark));
        // The engine cleans up after the end of the process.
        await EngineFixture.UntilAsync(async () => (await ContainersWithAsync(mark)).Count == 0);
        Assert.Empty((await Fixture.DanglingAsync()).Except(dangling));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Disconnect_of_the_client_cancels_the_build_and_of_a_follower_does_not(string builder)
    {
        var mark = Mark();
        var tag = Tag();
        var response = await SendAsync(Fixture.Client, $"builder={builder}&tag={tag}", Sleeping(mark));
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var id = Text(await UntilAsync(reader, "started"), "buildId");
        await UntilAsync(reader, "log");
        await LeaveAsync(await FollowAsync(Fixture.Client, id));
        Assert.Equal("running", await StateAsync(Fixture.Client, id));
        Assert.NotEmpty(ProcessesWith(mark));

        await LeaveAsync(reader);

        await AssertEndsSoonAsync(mark);
        Assert.Equal("cancelled", Text((await EventsAsync(Fixture.Client, id))[^1]["error"]!, "code"));
        Assert.Equal("cancelled", await StateAsync(Fixture.Client, id));
        await AssertNoImageAsync(tag);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_timeout_stops_a_detached_build(string builder)
    {
        var mark = Mark();
        var id = await DetachAsync(Fixture.Client, builder, Sleeping(mark), "&timeout=3");

        var events = await EventsAsync(Fixture.Client, id);

        await AssertEndsSoonAsync(mark);
        Assert.Equal("timeout", Text(events[^1]["error"]!, "code"));
        Assert.Equal($"RUN echo begun; sleep {mark}", Text(events[^1]["error"]!, "step"));
        Assert.Equal("failed", await StateAsync(Fixture.Client, id));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Shutdown_interrupts_builds_ends_streams_and_stores_the_result(string builder)
    {
        var (mark, detachedMark) = (Mark(), Mark());
        var store = $"{Guid.NewGuid():n}.db";
        var (service, client) = Fixture.StartService(store);
        using var response = await SendAsync(client, $"builder={builder}", Sleeping(mark));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await UntilAsync(reader, "log");
        var detached = await DetachAsync(client, builder, Sleeping(detachedMark));
        using var follower = await FollowAsync(client, detached);
        await UntilAsync(follower, "log");
        Assert.NotEmpty(ProcessesWith(mark));
        Assert.NotEmpty(ProcessesWith(detachedMark));

        var ending = service.DisposeAsync().AsTask();

        await AssertEndsSoonAsync(mark);
        await AssertEndsSoonAsync(detachedMark);
        foreach (var stream in new[] { reader, follower })
        {
            Assert.Equal("interrupted", Text((await UntilAsync(stream, "result"))["error"]!, "code"));
            Assert.Null(await stream.ReadLineAsync());
        }

        await ending.WaitAsync(TimeSpan.FromSeconds(25));
        var (again, newClient) = Fixture.StartService(store);
        await using (again)
        {
            Assert.Equal("interrupted", await StateAsync(newClient, detached));
            var events = await EventsAsync(newClient, detached);
            Assert.Equal(("started", "result"), (Text(events[0], "type"), Text(events[^1], "type")));
        }
    }

    [Fact]
    public async Task Disconnect_of_a_queued_client_cancels_its_build()
    {
        var (marks, ids) = (new List<string>(), new List<string>());
        for (var n = 0; n < 4; n++)
        {
            marks.Add(Mark());
            ids.Add(await DetachAsync(Fixture.Client, "classic", Sleeping(marks[^1])));
        }

        // HttpClient reads no answer before the whole body is sent, so use a socket.
        JsonObject queued;
        using (var socket = new TcpClient(Fixture.Client.BaseAddress!.Host, Fixture.Client.BaseAddress.Port))
        {
            var stream = socket.GetStream();
            var head = "POST /images/build?builder=classic HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: application/x-tar\r\nContent-Length: 100000000\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            using var leaving = new CancellationTokenSource();
            var sending = stream.WriteAsync(new byte[90_000_000], leaving.Token).AsTask();
            using var reader = new StreamReader(stream, leaveOpen: true);
            string? line;
            do
            {
                line = await reader.ReadLineAsync() ?? throw new EndOfStreamException();
            }
            while (!line.StartsWith('{'));
            queued = JsonNode.Parse(line)!.AsObject();
            Assert.Equal(("queued", 1), (Text(queued, "type"), queued["position"]!.GetValue<int>()));
            Assert.False(sending.IsCompleted);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }

        await EngineFixture.UntilAsync(async () => await StateAsync(Fixture.Client, Text(queued, "buildId")) == "cancelled");
        await Task.WhenAll(ids.Select(CancelAsync));
        await Task.WhenAll(marks.Select(AssertEndsSoonAsync));
    }

    /// <summary>A unique number of seconds to sleep.</summary>
    private static string Mark() => $"1{Random.Shared.Next(100_000_000, 999_999_999)}";

    private string Sleeping(string mark) => $"FROM {Fixture.Image}\nRUN echo begun; sleep {mark}\n";

    private async Task CancelAsync(string id)
    {
        using var response = await Fixture.Client.PostAsync($"/builds/{id}/cancel", null);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    private async Task DeleteAsync(string id, HttpStatusCode expected)
    {
        using var response = await Fixture.Client.DeleteAsync("/builds/" + id);
        Assert.Equal(expected, response.StatusCode);
    }

    private static async Task<string> StateAsync(HttpClient client, string id) =>
        Text((await client.GetFromJsonAsync<JsonObject>("/builds/" + id))!, "state");

    private static async Task<StreamReader> FollowAsync(HttpClient client, string id) =>
        new(await (await client.GetAsync($"/builds/{id}/events", HttpCompletionOption.ResponseHeadersRead)).Content.ReadAsStreamAsync());

    private static async Task UntilPrintedAsync(HttpClient client, string id)
    {
        using var reader = await FollowAsync(client, id);
        await UntilAsync(reader, "log");
        await LeaveAsync(reader);
    }

    private static async Task AssertEndsSoonAsync(string mark)
    {
        var watch = Stopwatch.StartNew();
        while (ProcessesWith(mark).Count > 0)
        {
            Assert.True(watch.Elapsed < Soon, "the step still runs");
            await Task.Delay(10);
        }
    }
}
