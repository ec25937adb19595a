using System.Diagnostics;
using System.Formats.Tar;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace ContainerApi.EngineTests;

/// <summary>Builds as things: detached, followed, queued and stopped, whichever builder works.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildJobTests(EngineFixture fixture)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Builders => ["classic", "buildkit"];

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task To_delete_a_build_stops_the_engines_work_and_leaves_an_identical_one_alone(string builder)
    {
        var mark = Mark();
        var dangling = await fixture.DanglingAsync();
        var (first, second) = (await DetachAsync(fixture.Client, builder, Sleeping(mark)), await DetachAsync(fixture.Client, builder, Sleeping(mark)));
        await UntilPrintedAsync(fixture.Client, first);
        await UntilPrintedAsync(fixture.Client, second);

        await DeleteAsync(first, HttpStatusCode.Accepted);
        var result = (await EventsAsync(fixture.Client, first))[^1];
        Assert.Equal(("failed", "cancelled"), (Text(result, "state"), Text(result["error"]!, "code")));
        Assert.Equal("cancelled", await StateAsync(fixture.Client, first));
        Assert.Equal("running", await StateAsync(fixture.Client, second));
        Assert.NotEmpty(ProcessesWith(mark));

        await DeleteAsync(second, HttpStatusCode.Accepted);
        await AssertEndsSoonAsync(mark);
        // The process is gone; the engine still unmounts and forgets what it ran in.
        await EngineFixture.UntilAsync(async () => (await ContainersWithAsync(mark)).Count == 0);
        Assert.Equal("cancelled", Text((await EventsAsync(fixture.Client, second))[^1]["error"]!, "code"));
        Assert.Empty((await fixture.DanglingAsync()).Except(dangling));
        await DeleteAsync(first, HttpStatusCode.NoContent);
        await DeleteAsync(second, HttpStatusCode.NoContent);
        await DeleteAsync(second, HttpStatusCode.NotFound);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task One_that_is_stopped_leaves_nothing_and_the_identical_one_beside_it_makes_its_image(string builder)
    {
        var (mark, tag) = (Mark(), $"containerapi-test/run:{Guid.NewGuid().ToString("n")[..12]}");
        // Of what is printed no part is a sign that this is the step's command.
        var dockerfile = $"FROM {fixture.Image}\nRUN echo begun; sleep 3.{mark}\n";
        var dangling = await fixture.DanglingAsync();
        var (stopped, other) = (await DetachAsync(fixture.Client, builder, dockerfile), await DetachAsync(fixture.Client, builder, dockerfile, $"&tag={tag}"));
        await UntilPrintedAsync(fixture.Client, stopped);
        await UntilPrintedAsync(fixture.Client, other);

        await DeleteAsync(stopped, HttpStatusCode.Accepted);
        Assert.Equal("cancelled", Text((await EventsAsync(fixture.Client, stopped))[^1]["error"]!, "code"));

        var result = (await EventsAsync(fixture.Client, other))[^1];
        Assert.Equal("succeeded", Text(result, "state"));
        using var image = await fixture.Engine.GetAsync($"images/{tag}/json");
        Assert.Equal(HttpStatusCode.OK, image.StatusCode);
        Assert.Empty(ProcessesWith(mark));
        // The process is gone; the engine still unmounts and forgets what it ran in.
        await EngineFixture.UntilAsync(async () => (await ContainersWithAsync(mark)).Count == 0);
        Assert.Empty((await fixture.DanglingAsync()).Except(dangling));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_client_that_leaves_stops_its_build_and_a_follower_that_leaves_does_not(string builder)
    {
        var mark = Mark();
        var response = await SendAsync(fixture.Client, $"builder={builder}", Sleeping(mark));
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var id = Text(await UntilAsync(reader, "started"), "buildId");
        await UntilAsync(reader, "log");
        await LeaveAsync(await FollowAsync(fixture.Client, id));
        Assert.Equal("running", await StateAsync(fixture.Client, id));
        Assert.NotEmpty(ProcessesWith(mark));

        await LeaveAsync(reader);

        await AssertEndsSoonAsync(mark);
        Assert.Equal("cancelled", Text((await EventsAsync(fixture.Client, id))[^1]["error"]!, "code"));
        Assert.Equal("cancelled", await StateAsync(fixture.Client, id));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_timeout_stops_a_detached_build(string builder)
    {
        var mark = Mark();
        var id = await DetachAsync(fixture.Client, builder, Sleeping(mark), "&timeout=3");

        var events = await EventsAsync(fixture.Client, id);

        await AssertEndsSoonAsync(mark);
        Assert.Equal("timeout", Text(events[^1]["error"]!, "code"));
        Assert.Equal("failed", await StateAsync(fixture.Client, id));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_services_end_stops_its_builds_ends_their_streams_and_is_remembered(string builder)
    {
        var (mark, detachedMark) = (Mark(), Mark());
        var store = $"{Guid.NewGuid():n}.db";
        var (service, client) = fixture.StartService(store);
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
            Assert.Equal("cancelled", Text((await UntilAsync(stream, "result"))["error"]!, "code"));
            Assert.Null(await stream.ReadLineAsync());
        }

        await ending.WaitAsync(TimeSpan.FromSeconds(25));
        var (again, newClient) = fixture.StartService(store);
        await using (again)
        {
            Assert.Equal("cancelled", await StateAsync(newClient, detached));
            var events = await EventsAsync(newClient, detached);
            Assert.Equal(("started", "result"), (Text(events[0], "type"), Text(events[^1], "type")));
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_detached_build_is_replayed_from_every_event_on(string builder)
    {
        var tag = $"containerapi-test/run:{Guid.NewGuid().ToString("n")[..12]}";
        var id = await DetachAsync(fixture.Client, builder, $"FROM {fixture.Image}\nRUN echo one; sleep 1; echo two >&2; echo {Guid.NewGuid():n}\n", $"&tag={tag}");

        var all = await EventsAsync(fixture.Client, id);

        Assert.Equal("succeeded", Text(all[^1], "state"));
        Assert.Equal(tag, all[^1]["tags"]![0]!.GetValue<string>());
        Assert.Equal(Enumerable.Range(0, all.Count), all.Select(e => e["seq"]!.GetValue<int>()));
        for (var from = 0; from <= all.Count; from++)
        {
            Assert.Equal(all[from..].Select(e => e.ToJsonString()), (await EventsAsync(fixture.Client, id, $"?from={from}")).Select(e => e.ToJsonString()));
        }

    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_text_form_reads_like_a_plain_build_and_ends_with_one_clear_line(string builder)
    {
        var unique = Guid.NewGuid().ToString("n");
        using var good = await SendAsync(fixture.Client, $"builder={builder}&format=text", $"FROM {fixture.Image}\nRUN echo said {unique}\n");
        using var bad = await SendAsync(fixture.Client, $"builder={builder}&format=text", $"FROM {fixture.Image}\nRUN echo said {unique}; exit 3\n");
        var (succeeded, failed) = (await good.Content.ReadAsStringAsync(), await bad.Content.ReadAsStringAsync());

        Assert.Equal("text/plain", good.Content.Headers.ContentType?.MediaType);
        // BuildKit's steps are told side by side, each line under its step's number.
        var number = System.Text.RegularExpressions.Regex.Match(succeeded, $@"(?m)^#(\d+) \[2/\d+\] RUN echo said {unique}$").Groups[1].Value;
        Assert.NotEmpty(number);
        Assert.Matches($@"(?m)^#{number} \d+\.\d{{3}} said {unique}$", succeeded);
        Assert.Matches($@"(?m)^#{number} DONE \d+\.\ds$", succeeded);
        Assert.Matches(@"\n\nBuild succeeded in \d+\.\ds: sha256:[0-9a-f]{64}\n\z", succeeded);
        Assert.Matches(@"(?m)^#\d+ ERROR: ", failed);
        Assert.Matches(@"\n\nBuild failed after \d+\.\ds: step_failed: .*exit code 3\)\n\z", failed);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Without_a_stream_the_answer_is_one_document(string builder)
    {
        var unique = Guid.NewGuid().ToString("n");
        using var good = await SendAsync(fixture.Client, $"builder={builder}&stream=false", $"FROM {fixture.Image}\nRUN echo said {unique}\n");
        var built = (await good.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(HttpStatusCode.Created, good.StatusCode);
        using var image = await fixture.Client.GetAsync(good.Headers.Location);
        Assert.Equal(HttpStatusCode.OK, image.StatusCode);
        Assert.Equal("succeeded", Text(built, "state"));

        using var bad = await SendAsync(fixture.Client, $"builder={builder}&stream=false", $"FROM {fixture.Image}\nRUN echo said {unique}; exit 3\n");
        var problem = (await bad.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "build_failed", "step_failed", 3), (bad.StatusCode, Text(problem, "code"), Text(problem, "reason"), problem["exitCode"]!.GetValue<int>()));
        Assert.Equal($"said {unique}", problem["log"]!.AsArray()[^1]!.GetValue<string>());
    }

    [Fact]
    public async Task A_client_that_leaves_the_queue_is_noticed_though_its_context_was_not_read()
    {
        var (marks, ids) = (new List<string>(), new List<string>());
        for (var n = 0; n < 4; n++)
        {
            marks.Add(Mark());
            ids.Add(await DetachAsync(fixture.Client, "classic", Sleeping(marks[^1])));
        }

        // A socket and no HttpClient, which reads no answer before the whole body is sent; and nobody takes that here.
        JsonObject queued;
        using (var socket = new TcpClient(fixture.Client.BaseAddress!.Host, fixture.Client.BaseAddress.Port))
        {
            var stream = socket.GetStream();
            var head = "POST /images/build?builder=classic HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-tar\r\nContent-Length: 100000000\r\n\r\n";
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

        var watch = Stopwatch.StartNew();
        while (await StateAsync(fixture.Client, Text(queued, "buildId")) != "cancelled")
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(40), "it waits still");
            await Task.Delay(50);
        }

        foreach (var id in ids)
        {
            await DeleteAsync(id, HttpStatusCode.Accepted);
        }

        foreach (var mark in marks)
        {
            await AssertEndsSoonAsync(mark);
        }
    }

    /// <summary>A number of seconds that no other process sleeps; the shell gives way to its last command, so a comment would not do.</summary>
    private static string Mark() => $"1{Random.Shared.Next(100_000_000, 999_999_999)}";

    private string Sleeping(string mark) => $"FROM {fixture.Image}\nRUN echo begun; sleep {mark}\n";

    private async Task<string> DetachAsync(HttpClient client, string builder, string dockerfile, string more = "")
    {
        using var response = await SendAsync(client, $"builder={builder}&detach=true&noCache=true{more}", dockerfile);
        var build = await response.Content.ReadFromJsonAsync<JsonObject>();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, build?.ToJsonString());
        Assert.Equal("/builds/" + Text(build!, "id"), response.Headers.Location?.ToString());
        return Text(build!, "id");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient client, string query, string dockerfile)
    {
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "Dockerfile") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(dockerfile)) });
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, $"/images/build?{query}&label={EngineFixture.Label}={fixture.Run}") { Content = new ByteArrayContent(archive.ToArray()) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task DeleteAsync(string id, HttpStatusCode expected)
    {
        using var response = await fixture.Client.DeleteAsync("/builds/" + id);
        Assert.Equal(expected, response.StatusCode);
    }

    private static async Task<string> StateAsync(HttpClient client, string id) =>
        Text((await client.GetFromJsonAsync<JsonObject>("/builds/" + id))!, "state");

    private static async Task<List<JsonObject>> EventsAsync(HttpClient client, string id, string query = "")
    {
        var text = await client.GetStringAsync($"/builds/{id}/events{query}");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject()).Where(e => Text(e, "type") != "heartbeat")];
    }

    private static async Task<StreamReader> FollowAsync(HttpClient client, string id) =>
        new(await (await client.GetAsync($"/builds/{id}/events", HttpCompletionOption.ResponseHeadersRead)).Content.ReadAsStreamAsync());

    private static async Task UntilPrintedAsync(HttpClient client, string id)
    {
        using var reader = await FollowAsync(client, id);
        await UntilAsync(reader, "log");
        await LeaveAsync(reader);
    }

    private static async Task<JsonObject> UntilAsync(StreamReader reader, string type)
    {
        // One for all lines: heartbeats come for ever.
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var line = JsonNode.Parse(await reader.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException($"The stream ended before a {type}."))!.AsObject();
            if (Text(line, "type") == type)
            {
                return line;
            }
        }
    }

    /// <summary>To dispose of an answer would wait for more of it; a read that is given up closes the connection.</summary>
    private static async Task LeaveAsync(StreamReader reader)
    {
        using var leaving = new CancellationTokenSource();
        Task<string?> read;
        while ((read = reader.ReadLineAsync(leaving.Token).AsTask()).IsCompleted)
        {
            Assert.NotNull(await read);
        }

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    private static string Text(JsonNode line, string name) => line[name]!.GetValue<string>();

    private static async Task AssertEndsSoonAsync(string mark)
    {
        var watch = Stopwatch.StartNew();
        while (ProcessesWith(mark).Count > 0)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), "the step still runs");
            await Task.Delay(10);
        }

        Assert.True(watch.Elapsed < Soon, $"the step ran on for {watch.Elapsed}");
    }

    /// <summary>The processes of a step, whichever builder runs it.</summary>
    private static List<string> ProcessesWith(string mark)
    {
        var found = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(process, "cmdline")).Contains(mark, StringComparison.Ordinal))
                {
                    found.Add(process);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }

    /// <summary>Containers of a step, running or not: the classic builder makes one for each.</summary>
    private async Task<List<string>> ContainersWithAsync(string mark) =>
        [.. (await fixture.Engine.GetFromJsonAsync<JsonArray>("containers/json?all=1"))!
            .Where(c => c!["Command"]!.GetValue<string>().Contains(mark, StringComparison.Ordinal)).Select(c => c!["Id"]!.GetValue<string>())];
}
