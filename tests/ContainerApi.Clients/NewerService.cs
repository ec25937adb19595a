using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace ContainerApi.Clients;

/// <summary>
/// A service of a later 1.x version: its answers have a field, enum values, an event type and a problem code that the document of this
/// version does not know.
/// </summary>
internal static class NewerService
{
    public const string NewState = "hibernating";
    public const string NewCode = "container_hibernates";
    public const string NewEvent = "estimate";

    private const string List = """
        {"items": [{
            "engine": "local", "id": "ef7cbcb6ec7f", "shortId": "ef7cbcb6ec7f", "name": "web", "image": "busybox:latest",
            "createdAt": "2026-11-23T19:29:43Z", "command": "httpd", "state": "hibernating", "status": "Up 3 minutes", "health": null,
            "gpus": {"count": 2, "names": ["a", "b"]},
            "processes": {"state": "hibernating", "reason": "new", "sampledAt": null, "source": "satellite", "items": null, "threads": 7}
          }],
          "engines": [{"name": "local", "state": "hibernating", "apiVersion": "1.41", "containers": 1, "error": null}],
          "total": 1, "nextCursor": null, "complete": true, "estimated": false}
        """;

    private const string Problem = """
        {"type": "/problems/container_hibernates", "title": "The container hibernates.", "status": 409, "detail": "Wake it up first.",
         "code": "container_hibernates", "traceId": "0af7651916cd43dd8448eb211c80319c", "wakeUp": "/containers/web/wake"}
        """;

    private const string Lines = """
        {"type":"started","seq":"0","at":"2026-11-23T19:29:43Z","buildId":"01","engine":"e","builder":"classic","action":"build"}
        {"type":"estimate","seq":"1","at":"2026-11-23T19:29:43Z","remainingMs":1200}
        {"type":"result","seq":"2","at":"2026-11-23T19:29:44Z","state":"hibernating","buildId":"01","engine":"e",
        """ + """
        "imageId":null,"tags":[],"durationMs":10,"error":null}

        """;

    private const string Build = """
        {"id": "01", "engine": "e", "state": "hibernating", "tags": [], "createdAt": "2026-11-23T19:29:43Z", "eventCount": 1, "gpus": 2,
         "imageId": null, "startedAt": null, "finishedAt": null, "durationMs": null, "error": null, "warnings": [], "builder": null,
         "startedBy": null}
        """;

    /// <summary>A stream, or the build, whose tags say what arrived.</summary>
    private static async Task<IResult> AnswerBuildAsync(HttpRequest request)
    {
        if (request.Query["mode"].ToString() is not ("wait" or "detach"))
        {
            return Results.Text(Lines, "application/x-ndjson");
        }

        using var body = new StreamReader(request.Body);
        var arrived = request.HasFormContentType
            ? string.Join(',', (await request.ReadFormAsync()).Files.Select(f => f.FileName))
            : await body.ReadToEndAsync();
        return Results.Text(
            Build.Replace(
                "\"tags\": []",
                "\"tags\": " + JsonSerializer.Serialize(new[] { request.ContentType!.Split(';')[0], arrived }), StringComparison.Ordinal),
            "application/json", statusCode: request.Query["mode"] == "wait" ? 201 : 202);
    }

    public static async Task<(WebApplication Service, Uri Address)> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var service = builder.Build();
        service.MapGet("/v1/containers", () => Results.Text(List, "application/json"));
        service.MapGet("/v1/containers/{container}", () => Results.Text(Problem, "application/problem+json", statusCode: 409));
        service.MapPost("/v1/builds", (HttpRequest request) => AnswerBuildAsync(request));
        await service.StartAsync();
        var addresses = service.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        return (service, new Uri(addresses.Addresses.First() + "/v1/"));
    }
}
