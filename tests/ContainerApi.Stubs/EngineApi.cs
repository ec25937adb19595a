using Microsoft.AspNetCore.Http;

namespace ContainerApi.Stubs;

/// <summary>Routes calls of the Engine API to answers.</summary>
internal static class EngineApi
{
    private static readonly string[] NotContainers = ["json", "create", "prune"];
    private static readonly string[] NotImages = ["json", "create", "prune", "search", "load", "get"];

    public static EngineCall Read(HttpRequest request)
    {
        var segments = request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries).ToList();
        string? version = null;
        if (segments.Count > 0 && segments[0] is ['v', .. var digits] && Version.TryParse(digits, out _))
        {
            version = digits;
            segments.RemoveAt(0);
        }

        var path = "/" + string.Join('/', segments);
        // "json" and the like are names when more follows, and in a DELETE.
        var last = segments.Count == 2 && request.Method != HttpMethods.Delete ? segments[1] : null;
        if (segments.Count > 1 && segments[0] == "containers" && !NotContainers.Contains(last))
        {
            segments[1] = "{id}";
        }
        else if (segments.Count > 1 && segments[0] == "images" && !NotImages.Contains(last))
        {
            // An image name may contain slashes: everything before the verb is the name.
            var verb = segments.Count > 2 && segments[^1] is "json" or "history" or "tag" or "push" ? segments[^1] : null;
            segments = verb is null ? ["images", "{name}"] : ["images", "{name}", verb];
        }

        return new EngineCall(request.Method, path, "/" + string.Join('/', segments), request.QueryString.Value ?? "", version);
    }

    public static async Task AnswerAsync(DockerApiStub engine, EngineCall call, HttpContext context)
    {
        var options = engine.Options;
        var headers = context.Response.Headers;
        headers["Api-Version"] = options.ApiVersion;
        headers["Docker-Experimental"] = "false";
        headers["Ostype"] = "linux";
        headers.Server = "Docker/20.10.24 (linux)";
        if (options.IsPodman)
        {
            headers["Libpod-Api-Version"] = "5.4.2";
        }

        if (Refusal(options, call.Version) is { } refusal)
        {
            await (options.PlainTextVersionErrors
                ? Behaviours.Answer(400, refusal + "\n", "text/plain; charset=utf-8")
                : Behaviours.Error(400, refusal))(context);
            return;
        }

        var version = Version.Parse(call.Version ?? options.ApiVersion);
        var answer = (call.Method, call.Route) switch
        {
            ("GET" or "HEAD", "/_ping") => Write(context, 200, "OK", "text/plain; charset=utf-8"),
            ("GET", "/version") => Write(context, 200, EngineJson.Version(options)),
            ("GET", "/info") => Write(context, 200, EngineJson.Info(engine)),
            ("GET", "/containers/json") => ListAsync(engine, version, context),
            ("POST", "/containers/create") => CreateAsync(engine, context),
            ("GET", "/events") => EventsAsync(engine, version, context),
            ("GET", "/images/json") => Write(context, 200, EngineJson.Images(engine)),
            ("GET", "/images/{name}/json") => Write(context, 200, EngineJson.Image(call.Path.Split('/')[2])),
            ("GET", "/images/{name}/history") => Write(context, 200, "[]"),
            ("POST", "/images/{name}/tag") => Write(context, 201, ""),
            ("DELETE", "/images/{name}") => Write(context, 200, """[{"Untagged":"busybox:latest"}]"""),
            ("POST", "/commit") => Write(context, 201, $$"""{"Id":"{{Scripts.BuiltImage}}"}"""),
            ("GET", "/images/get") => Write(context, 200, new string('\0', 1024), "application/x-tar"),
            ("POST", "/images/load") => UploadAsync(context, """{"stream":"Loaded image: busybox:latest\n"}"""),
            ("POST", "/images/prune") => Write(context, 200, """{"ImagesDeleted":null,"SpaceReclaimed":0}"""),
            ("GET", "/system/df") => Write(context, 200, """{"LayersSize":0,"Images":[],"Containers":[],"Volumes":[],"BuildCache":null}"""),
            ("POST", "/images/create") when context.Request.Query["fromSrc"] == "-" =>
                UploadAsync(context, $$"""{"status":"{{Scripts.BuiltImage}}"}"""),
            ("POST", "/images/create") => StreamAsync(context, engine.Pull(call, context.RequestAborted)),
            ("POST", "/build") => BuildAsync(engine, call, context),
            (_, var route) when route.StartsWith("/containers/{id}", StringComparison.Ordinal) => CallContainerAsync(engine, call, version, context),
            _ => Behaviours.Error(404, "page not found")(context),
        };
        await answer;
    }

    private static Task CallContainerAsync(DockerApiStub engine, EngineCall call, Version version, HttpContext context)
    {
        var reference = Uri.UnescapeDataString(call.Path.Split('/')[2]);
        return engine.Containers.Find(reference) switch
        {
            [] => Behaviours.Error(404, "No such container: " + reference)(context),
            [var one] => ContainerCalls.AnswerAsync(engine, one, call.Method, call.Route["/containers/{id}".Length..], version, context),
            _ => Behaviours.Error(500, "Multiple IDs found with provided prefix: " + reference)(context),
        };
    }

    /// <summary>The error text of moby's version middleware.</summary>
    private static string? Refusal(StubOptions options, string? asked) =>
        asked is null ? null
        : Version.Parse(asked) < Version.Parse(options.MinApiVersion)
            ? $"client version {asked} is too old. Minimum supported API version is {options.MinApiVersion}, "
                + "please upgrade your client to a newer version"
        : Version.Parse(asked) > Version.Parse(options.ApiVersion)
            ? $"client version {asked} is too new. Maximum supported API version is {options.ApiVersion}"
        : null;

    public static async Task Write(HttpContext context, int status, string body, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        if (body.Length > 0)
        {
            context.Response.ContentType = contentType;
            await context.Response.WriteAsync(body, context.RequestAborted);
        }
    }

    private static async Task UploadAsync(HttpContext context, string answer)
    {
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        await Write(context, 200, answer);
    }

    private static async Task ListAsync(DockerApiStub engine, Version version, HttpContext context)
    {
        var all = context.Request.Query["all"].FirstOrDefault() is "1" or "true" or "True";
        var filters = ContainerFilters.Parse(context.Request.Query["filters"].FirstOrDefault());
        var limit = int.TryParse(context.Request.Query["limit"], out var l) && l > 0 ? l : int.MaxValue;
        var rows = engine.Containers.All.Where(
            c => (all || filters.AsksForState || c.IsRunning || c.State == "restarting") && filters.Match(c)).Take(limit);
        context.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
        writer.WriteStartArray();
        foreach (var container in rows)
        {
            EngineJson.WriteListed(writer, container, version);
            if (writer.BytesPending > 32 * 1024)
            {
                await writer.FlushAsync(context.RequestAborted);
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        }

        writer.WriteEndArray();
    }

    private static async Task CreateAsync(DockerApiStub engine, HttpContext context)
    {
        var body = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
        var id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        var name = context.Request.Query["name"].FirstOrDefault() ?? "made_" + id[..6];
        if (engine.Containers.Find(name) is [var other])
        {
            await Behaviours.Error(
                409,
                $"Conflict. The container name \"/{name}\" is already in use by container \"{other.Id}\". "
                + "You have to remove (or rename) that container to be able to reuse that name.")(context);
            return;
        }

        var created = engine.Containers.Add(new StubContainer
        {
            Id = id,
            Name = name,
            Image = body["Image"]?.GetValue<string>() ?? "",
            Created = DateTimeOffset.UtcNow,
            State = "created",
            Status = "Created",
            NetworkMode = body["HostConfig"]?["NetworkMode"]?.GetValue<string>() ?? "default",
            Labels = body["Labels"]?.Deserialize<Dictionary<string, string>>() ?? [],
        });
        engine.Events.Emit(created, "create");
        await Write(context, 201, $$"""{"Id":"{{id}}","Warnings":[]}""");
    }

    private static async Task EventsAsync(DockerApiStub engine, Version version, HttpContext context)
    {
        var filters = context.Request.Query["filters"].FirstOrDefault();
        var types = ContainerFilters.Values(filters, "type");
        var actions = ContainerFilters.Values(filters, "event");
        // Listen before the headers are sent, so that a caller that has them misses no event.
        var events = engine.Events.Listen(context.RequestAborted);
        context.Response.ContentType = "application/json";
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await foreach (var happened in events.ReadAllAsync(context.RequestAborted))
        {
            if ((types.Count == 0 || types.Contains(happened.Type)) && (actions.Count == 0 || actions.Contains(happened.Action)))
            {
                await context.Response.WriteAsync(happened.ToJson(version) + "\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
    }

    private static async Task BuildAsync(DockerApiStub engine, EngineCall call, HttpContext context)
    {
        // The classic builder reads the whole context before its first output.
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        await StreamAsync(context, engine.Build(call, context.RequestAborted));
    }

    private static async Task StreamAsync(HttpContext context, IAsyncEnumerable<string> lines)
    {
        context.Response.ContentType = "application/json";
        await foreach (var line in lines)
        {
            await context.Response.WriteAsync(line + "\r\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}
