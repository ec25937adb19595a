using Microsoft.AspNetCore.Http;

namespace ContainerApi.Stubs;

/// <summary>The calls on one container.</summary>
internal static class ContainerCalls
{
    public static Task AnswerAsync(
        DockerApiStub engine, StubContainer container, string method, string verb, Version version, HttpContext context) => (method, verb) switch
        {
            ("GET", "/json") => EngineApi.Write(context, 200, EngineJson.Inspected(container, version)),
            ("GET", "/top") => TopAsync(engine, container, context),
            ("GET", "/stats") => StatisticsAsync(engine, container, context),
            ("GET", "/logs") => LogsAsync(container, context),
            ("POST", "/start") => ChangeAsync(engine, container, context, "running", "Up Less than a second", "start", container.IsRunning),
            ("POST", "/stop") => ChangeAsync(engine, container, context, "exited", "Exited (0) Less than a second ago", "die", !container.IsRunning),
            ("POST", "/restart") => ChangeAsync(engine, container, context, "running", "Up Less than a second", "restart", false),
            ("POST", "/pause") when container.State == "paused" =>
                Behaviours.Error(409, $"Container {container.Id} is already paused")(context),
            ("POST", "/kill" or "/pause") when !container.IsRunning => Behaviours.Error(409, $"Container {container.Id} is not running")(context),
            ("POST", "/unpause") when container.State != "paused" => Behaviours.Error(500, $"Container {container.Id} is not paused")(context),
            ("POST", "/pause") => ChangeAsync(engine, container, context, "paused", "Up 3 minutes (Paused)", "pause", false),
            ("POST", "/unpause") => ChangeAsync(engine, container, context, "running", "Up 3 minutes", "unpause", false),
            ("POST", "/kill") => ChangeAsync(engine, container, context, "exited", "Exited (137) Less than a second ago", "die", false),
            ("POST", "/rename") => RenameAsync(engine, container, context),
            ("DELETE", "") => RemoveAsync(engine, container, context),
            _ => Behaviours.Error(404, "page not found")(context),
        };

    private static Task ChangeAsync(
        DockerApiStub engine, StubContainer container, HttpContext context, string state, string status, string action, bool already)
    {
        if (!already)
        {
            container.State = state;
            container.Status = status;
            engine.Events.Emit(container, action);
        }

        return EngineApi.Write(context, already ? 304 : 204, "");
    }

    private static Task RenameAsync(DockerApiStub engine, StubContainer container, HttpContext context)
    {
        var name = context.Request.Query["name"].ToString();
        if (name == container.Name)
        {
            return Behaviours.Error(400, "Renaming a container with the same name as its current name")(context);
        }

        if (engine.Containers.Find(name) is [{ Name: var taken } other] && taken == name)
        {
            return Behaviours.Error(
                409, $"Error when allocating new name: Conflict. The container name \"/{name}\" is already in use by container {other.Id}.")(context);
        }

        container.Name = name;
        engine.Events.Emit(container, "rename");
        return EngineApi.Write(context, 204, "");
    }

    private static Task RemoveAsync(DockerApiStub engine, StubContainer container, HttpContext context)
    {
        if (container.IsRunning && context.Request.Query["force"].FirstOrDefault() is not ("1" or "true" or "True"))
        {
            return Behaviours.Error(
                409, $"You cannot remove a running container {container.Id}. Stop the container before attempting removal or force remove")(context);
        }

        engine.Containers.Remove(container);
        engine.Events.Emit(container, "destroy");
        return EngineApi.Write(context, 204, "");
    }

    private static async Task TopAsync(DockerApiStub engine, StubContainer container, HttpContext context)
    {
        if (!container.IsRunning)
        {
            // Engine 20.10 returns 500, later engines 409.
            await Behaviours.Error(500, $"Container {container.Id} is not running")(context);
            return;
        }

        var arguments = context.Request.Query["ps_args"].FirstOrDefault() ?? "";
        var columns = arguments.IndexOf("-eo ", StringComparison.Ordinal) is >= 0 and var at
            ? arguments[(at + 4)..].Split(',').Select(c => c.Split(':')[0]).ToList()
            : null;
        var answer = (engine.Options.Ps, columns) switch
        {
            (HostPs.Missing, _) => Behaviours.Error(500, "exec: \"ps\": executable file not found in $PATH")(context),
            (HostPs.Busybox, not null) => Behaviours.Error(
                500,
                "Error running ps: exit status 1: ps: bad -o argument 'etimes', "
                + "supported arguments: user,group,comm,args,pid,ppid,pgid,etime,nice,rgroup,ruser,time,tty,vsz,sid,stat,rss")(context),
            (HostPs.Busybox, null) => WriteTopAsync(context, ["PID", "USER", "TIME", "COMMAND"],
                container.Processes.Select(
                    p => new[] { Text(p.Pid), p.User, Behaviours.Invariant($"{p.CpuTime / 60}:{p.CpuTime % 60:00}"), p.Command })),
            (_, not null) => WriteTopAsync(context, [.. columns.Select(Title)],
                container.Processes.Select(p => Cut(string.Join(' ', columns.Select(c => Value(p, c))), columns.Count))),
            _ => WriteTopAsync(context, ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], container.Processes.Select(p => new[]
            {
                p.User, Text(p.Pid), Text(p.ParentPid), "0", "12:00", "?",
                Behaviours.Invariant($"{p.CpuTime / 3600:00}:{p.CpuTime / 60 % 60:00}:{p.CpuTime % 60:00}"), p.Command,
            })),
        };
        await answer;
        engine.Events.Emit(container, "top");
    }

    private static Task WriteTopAsync(HttpContext context, string[] titles, IEnumerable<string[]> rows) =>
        EngineApi.Write(context, 200, JsonSerializer.Serialize(new { Processes = rows, Titles = titles }));

    /// <summary>
    /// Splits at spaces as the engine does; the last column takes the rest. A user name with a space shifts the columns.
    /// </summary>
    private static string[] Cut(string line, int columns) => line.Split(' ', columns, StringSplitOptions.RemoveEmptyEntries);

    private static string Title(string column) => column switch
    {
        "etimes" => "ELAPSED",
        "cputimes" => "TIME",
        "lstart" => "STARTED",
        "args" => "COMMAND",
        _ => column.ToUpperInvariant(),
    };

    private static string Value(StubProcess process, string column) => column switch
    {
        "pid" => Text(process.Pid),
        "ppid" => Text(process.ParentPid),
        "uid" => Text(process.Uid),
        "user" => process.User,
        "etimes" => Text((int)(DateTimeOffset.UtcNow - process.StartedAt).TotalSeconds),
        // In the time zone of the engine's host, here Nepal's.
        "lstart" => process.StartedAt.ToOffset(new(5, 45, 0))
            .ToString("ddd MMM d HH:mm:ss yyyy", System.Globalization.CultureInfo.InvariantCulture),
        "cputimes" => Text(process.CpuTime),
        "rss" => "764",
        "args" => process.Command,
        _ => "-",
    };

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The log of a container with a terminal: its command, once.</summary>
    private static async Task LogsAsync(StubContainer container, HttpContext context)
    {
        var line = $"2026-11-01T12:00:00.000000001Z {container.Command.ReplaceLineEndings(" ")}\r\n";
        await context.Response.WriteAsync(line, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        if (container.IsRunning && context.Request.Query["follow"].FirstOrDefault() is "1" or "true")
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
    }

    private static async Task StatisticsAsync(DockerApiStub engine, StubContainer container, HttpContext context)
    {
        var query = context.Request.Query;
        var streamed = query["stream"].FirstOrDefault() is not ("0" or "false" or "False");
        if (streamed && query["one-shot"].FirstOrDefault() is "1" or "true")
        {
            await Behaviours.Error(400, "cannot have stream=true and one-shot=true")(context);
            return;
        }

        context.Response.ContentType = "application/json";
        do
        {
            if (streamed)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), context.RequestAborted);
            }

            // The container was removed during the wait; the engine returns an empty answer.
            if (engine.Containers.Find(container.Id) is [])
            {
                return;
            }

            await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
            EngineJson.WriteStatistics(writer, container);
            await writer.FlushAsync(context.RequestAborted);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        while (streamed);
    }
}
