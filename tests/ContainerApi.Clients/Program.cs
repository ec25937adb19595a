using System.Text.Json;
using ContainerApi.Clients;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Kiota = ContainerApi.Clients.Kiota;
using NSwag = ContainerApi.Clients.NSwag;

// Uses both generated clients against a service that is newer than their document. An unhandled exception fails `make clients`.
var (service, address) = await NewerService.StartAsync();
await using (service)
{
    using var http = new HttpClient();
    var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = address.ToString().TrimEnd('/') };
    await UseKiotaAsync(new Kiota.ContainerApiClient(adapter));
    await BuildWithKiotaAsync(new Kiota.ContainerApiClient(adapter), adapter);
    await UseNSwagAsync(new NSwag.ContainerApiClient(http) { BaseUrl = address.ToString() });
}

Console.WriteLine("clients: Kiota and NSwag read a new field, enum value, problem code and event type");

static async Task UseKiotaAsync(Kiota.ContainerApiClient client)
{
    var list = await client.Containers.GetAsync(request => request.QueryParameters.All = true);
    var row = list!.Items!.Single();
    Expect(row.Name == "web" && row.State == NewerService.NewState && row.AdditionalData.ContainsKey("gpus"), "Kiota: a row with a new field");
    Expect(row.Processes?.State == NewerService.NewState, "Kiota: a section with a new state");

    try
    {
        await client.Containers["web"].GetAsync();
        Expect(false, "Kiota: no problem");
    }
    catch (Kiota.Models.ProblemDetails problem)
    {
        Expect(problem is { ResponseStatusCode: 409, Code: NewerService.NewCode }, "Kiota: a problem with a new code");
    }

    using var lines = new StreamReader((await client.Builds.PostAsync(new Kiota.Models.BuildRequest { Dockerfile = "FROM scratch" }))!);
    var types = new List<string?>();
    while (await lines.ReadLineAsync() is { } line)
    {
        using var json = JsonDocument.Parse(line);
        types.Add(json.RootElement.GetProperty("type").GetString());
    }

    Expect(types.SequenceEqual(["started", NewerService.NewEvent, "result"]), "Kiota: a stream with a new event type");
}

static async Task BuildWithKiotaAsync(Kiota.ContainerApiClient client, HttpClientRequestAdapter adapter)
{
    var request = client.Builds.ToPostRequestInformation(new Kiota.Models.BuildRequest());
    request.Headers.Remove("Content-Type");
    request.SetStreamContent(new MemoryStream("tar"u8.ToArray()), "application/x-tar");
    request.QueryParameters["mode"] = "wait";
    using var build = await JsonDocument.ParseAsync((await adapter.SendPrimitiveAsync<Stream>(request))!);
    var arrived = build.RootElement.GetProperty("tags").EnumerateArray().Select(t => t.GetString());
    Expect(arrived.SequenceEqual(["application/x-tar", "tar"]), "Kiota: a build from an archive");
}

static async Task UseNSwagAsync(NSwag.ContainerApiClient client)
{
    var list = await client.ListContainersAsync(all: true);
    var row = list.Items.Single();
    Expect(row.Name == "web" && row.State == NewerService.NewState && row.AdditionalProperties.ContainsKey("gpus"), "NSwag: a row with a new field");
    Expect(row.Processes.State == NewerService.NewState, "NSwag: a section with a new state");

    try
    {
        await client.GetContainerAsync("web");
        Expect(false, "NSwag: no problem");
    }
    catch (NSwag.ApiException<NSwag.ProblemDetails> problem)
    {
        Expect(problem is { StatusCode: 409, Result.Code: NewerService.NewCode }, "NSwag: a problem with a new code");
    }

    using var answer = await client.CreateBuildAsync(body: new NSwag.BuildRequest { Dockerfile = "FROM scratch" });
    using var lines = new StreamReader(answer.Stream);
    var events = new List<NSwag.BuildEvent>();
    while (await lines.ReadLineAsync() is { } line)
    {
        events.Add(JsonSerializer.Deserialize<NSwag.BuildEvent>(line)!);
    }

    Expect(events.Select(e => e.Type).SequenceEqual(["started", NewerService.NewEvent, "result"]), "NSwag: a stream with a new event type");
    var result = JsonSerializer.Deserialize<NSwag.ResultEvent>(JsonSerializer.Serialize(events[^1]))!;
    Expect(result.State == NewerService.NewState, "NSwag: a result with a new state");
    await BuildWithNSwagAsync(client);
}

static async Task BuildWithNSwagAsync(NSwag.ContainerApiClient client)
{
    var archive = new ByteArrayContent("tar"u8.ToArray()) { Headers = { { "Content-Type", "application/x-tar" } } };
    client.BuildContext = archive;
    var build = await ReadBuildAsync(await client.CreateBuildAsync(mode: NSwag.Mode.Wait, body: new NSwag.BuildRequest()));
    Expect(build.Tags.SequenceEqual(["application/x-tar", "tar"]), "NSwag: a build from an archive");

    client.BuildContext = new MultipartFormDataContent
    {
        { new StringContent("FROM scratch"), "file", "Dockerfile" },
        { new StringContent("hello"), "file", "site/index.html" },
    };
    build = await ReadBuildAsync(await client.CreateBuildAsync(mode: NSwag.Mode.Detach, body: new NSwag.BuildRequest()));
    Expect(build.Tags.SequenceEqual(["multipart/form-data", "Dockerfile,site/index.html"]), "NSwag: a build from files");

    build = await ReadBuildAsync(await client.CreateBuildAsync(mode: NSwag.Mode.Wait, body: new NSwag.BuildRequest { Dockerfile = "FROM scratch" }));
    Expect(build.Tags.First() == "application/json" && build.State == NewerService.NewState, "NSwag: a build from JSON after those");
}

static async Task<NSwag.Build> ReadBuildAsync(NSwag.FileResponse answer)
{
    using (answer)
    {
        return (await JsonSerializer.DeserializeAsync<NSwag.Build>(answer.Stream))!;
    }
}

static void Expect(bool condition, string what)
{
    if (!condition)
    {
        throw new InvalidOperationException($"{what} is not read");
    }
}
