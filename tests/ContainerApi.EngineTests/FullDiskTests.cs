namespace ContainerApi.EngineTests;

/// <summary>The build store on a full disk: a small file system of the test.</summary>
[Collection(EngineCollection.Name)]
public sealed class FullDiskTests(EngineFixture fixture)
{
    [Fact]
    public async Task Builds_continue_on_a_full_disk_and_are_stored_later()
    {
        var disk = Directory.CreateTempSubdirectory("containerapi-disk-").FullName;
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "containerapi-test", disk);
        try
        {
            var store = Path.Combine(disk, "builds.db");
            var (service, client) = fixture.StartService(store);
            string first, second;
            await using (service)
            {
                Assert.Equal("ok", await StoreAsync(client));
                var filler = Fill(disk);

                first = await BuildAsync(client, lines: 20_000);
                await EngineFixture.UntilAsync(async () => await StoreAsync(client) == "degraded");
                second = await BuildAsync(client, lines: 10);
                Assert.Equal("degraded", await StoreAsync(client));
                Assert.Equal(
                    [second, first],
                    (await client.GetFromJsonAsync<JsonObject>("/builds"))!["items"]!.AsArray().Select(b => Text(b!, "id")));
                Assert.Equal(20_000, await LinesAsync(client, first));

                File.Delete(filler);
                await EngineFixture.UntilAsync(async () => await StoreAsync(client) == "ok");
            }

            var (again, newClient) = fixture.StartService(store);
            await using (again)
            {
                Assert.Equal(20_000, await LinesAsync(newClient, first));
                Assert.Equal(10, await LinesAsync(newClient, second));
            }
        }
        finally
        {
            await RunAsync("umount", disk);
            Directory.Delete(disk);
        }
    }

    /// <summary>The state of the build store at <c>/readyz</c>.</summary>
    private static async Task<string> StoreAsync(HttpClient client) =>
        (
            await client.GetFromJsonAsync<JsonObject>(
                "/readyz"))!["parts"]!.AsArray().Single(p => Text(p!, "name") == "builds")!["state"]!.GetValue<string>();

    /// <summary>Fills the disk.</summary>
    private static string Fill(string disk)
    {
        var path = Path.Combine(disk, "filler");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            for (var block = new byte[4096]; ;)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            return path;
        }
    }

    private async Task<string> BuildAsync(HttpClient client, int lines)
    {
        using var response = await client.PostAsJsonAsync("/images/build", new
        {
            dockerfile = $"FROM {fixture.Image}\nRUN seq {lines}; true {Guid.NewGuid():n}\n",
            label = $"{EngineFixture.Label}={fixture.Run}",
            builder = "classic",
        });
        var text = (await response.Content.ReadAsStringAsync()).TrimEnd().Split('\n');
        Assert.Equal((HttpStatusCode.OK, "succeeded"), (response.StatusCode, JsonNode.Parse(text[^1])!["state"]!.GetValue<string>()));
        return JsonNode.Parse(text[0])!["buildId"]!.GetValue<string>();
    }

    /// <summary>The number of log lines of the build.</summary>
    private static async Task<int> LinesAsync(HttpClient client, string id) =>
        (await client.GetStringAsync($"/builds/{id}/events")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => JsonNode.Parse(line)!).Where(e => Text(e, "type") == "log")
        .Sum(e => Text(e, "text").Count(c => c == '\n'));
}
