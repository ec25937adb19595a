using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using ContainerApi.Stubs;
using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Tests.Fuzz;

/// <summary>
/// Checks the engine calls of the service: known calls, valid names and known query parameters. Unescaped input of a request matches none
/// of these.
/// </summary>
internal sealed partial class EngineCalls
{
    private readonly ConcurrentQueue<(string Method, string Target)> _calls = new();

    public EngineCalls(DockerApiStub engine) => engine.When(_ => true, context =>
    {
        _calls.Enqueue((context.Request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget));
        return Task.FromResult(false);
    });

    /// <summary>The calls with which an operation may change the engine; all other operations may only read.</summary>
    private static readonly Dictionary<string, Regex> Changes = new()
    {
        ["createContainer"] = new(@"^POST /containers/create$|^POST /images/create$|^POST /containers/ID/start$|^DELETE /containers/ID$"),
        ["deleteContainer"] = new("^DELETE /containers/ID$"),
        ["startContainer"] = new("^POST /containers/ID/start$"),
        ["stopContainer"] = new("^POST /containers/ID/stop$"),
        ["restartContainer"] = new("^POST /containers/ID/restart$"),
        ["pauseContainer"] = new("^POST /containers/ID/pause$"),
        ["unpauseContainer"] = new("^POST /containers/ID/unpause$"),
        ["killContainer"] = new("^POST /containers/ID/kill$"),
        ["renameContainer"] = new("^POST /containers/ID/rename$"),
        ["deleteImage"] = new("^DELETE /images/NAME$"),
        ["tagImage"] = new("^POST /images/NAME/tag$"),
        ["pullImage"] = new("^POST /images/create$"),
        ["pushImage"] = new("^POST /images/NAME/push$"),
        ["loadImages"] = new("^POST /images/load$"),
        ["importImage"] = new("^POST /images/create$"),
        ["pruneImages"] = new("^POST /images/prune$"),
        ["getEngineCache"] = new("^POST /grpc$"),
        ["pruneEngineCache"] = new("^POST /grpc$"),
        ["commitContainer"] = new("^POST /commit$|^POST /containers/ID/stop$"),
        ["createImage"] = new("^POST /commit$|^POST /build$|^POST /grpc$"),
        ["createBuild"] = new("^POST /build$|^POST /grpc$|^POST /images/NAME/push$"),
        ["buildImage"] = new("^POST /build$|^POST /grpc$|^POST /images/NAME/push$"),
    };

    /// <summary>Calls that create an object.</summary>
    private static readonly Regex Makes = new("^POST /(containers/create|images/create|commit|images/NAME/tag)$");

    /// <summary>Paths whose last segment is not a name.</summary>
    private static readonly HashSet<string> ReservedPaths =
    [
        "GET /containers/json", "POST /containers/create", "GET /images/json", "POST /images/create", "GET /images/get", "POST /images/load",
        "POST /images/prune",
    ];

    private static readonly HashSet<string> QueryNames =
    [
        "all", "filters", "limit", "ps_args", "stream", "one-shot", "since", "fromImage", "platform", "tag", "repo", "container", "pause",
        "comment", "author", "changes", "t", "v", "force", "link", "noprune", "name", "signal", "size", "version", "rm", "forcerm", "dockerfile",
        "target", "buildargs", "labels", "nocache", "pull", "networkmode", "extrahosts", "cachefrom", "remote", "session", "buildid",
        "names", "quiet", "fromSrc", "message", "type", "verbose", "stdout", "stderr", "timestamps", "follow", "until", "tail", "manifests",
    ];

    /// <summary>The invalid calls since the last time, the number of calls that created an object, and all calls.</summary>
    public (IReadOnlyList<string> Wrong, int Made, IReadOnlyList<string> Calls) Take(string? operation)
    {
        var (wrong, all) = (new List<string>(), new List<string>());
        var made = 0;
        while (_calls.TryDequeue(out var call))
        {
            all.Add($"{call.Method} {call.Target}");
            var path = call.Target.Split('?')[0];
            var form = $"{call.Method} {Version().Replace(path, "")}";
            form = ReservedPaths.Contains(form) ? form : Name().Replace(Id().Replace(form, "/containers/ID$1"), "/images/NAME$1");
            if (!Reads().IsMatch(form) && !(operation is not null && Changes.TryGetValue(operation, out var may) && may.IsMatch(form)))
            {
                wrong.Add($"{call.Method} {call.Target} is not a call of {operation ?? "an unknown path"}");
            }

            var names = call.Target.Split('?', 2).Skip(1).SelectMany(q => q.Split('&')).Select(p => p.Split('=')[0]);
            wrong.AddRange(names.Where(n => !QueryNames.Contains(n)).Select(n => $"{call.Method} {call.Target} has the parameter {n}"));
            // The engine creates nothing from an upload that ends early.
            made += Makes.IsMatch(form) && !call.Target.Contains("fromSrc=", StringComparison.Ordinal) ? 1 : 0;
        }

        return (wrong, made, all);
    }

    [GeneratedRegex(@"^/v1\.\d+(?=/)")]
    private static partial Regex Version();

    /// <summary>A valid container name or id.</summary>
    [GeneratedRegex(@"(?<= )/containers/[a-zA-Z0-9][a-zA-Z0-9_.-]*(/[a-z]+)?$")]
    private static partial Regex Id();

    /// <summary>An image reference: no part begins with a dot, so there is no path traversal.</summary>
    [GeneratedRegex(@"(?<= )/images/[a-zA-Z0-9\[](?:[a-zA-Z0-9._:@\[\]-]|%3A|%40|%2F|%5B|%5D|/(?=[a-z0-9]))*?(/(?:json|history|tag|push))?$")]
    private static partial Regex Name();

    [GeneratedRegex(@"^(GET|HEAD) /_ping$|"
        + @"^GET /(version|info|events|system/df|images/get|containers/json|containers/ID/(json|top|stats|changes|logs)|"
        + "images/json|images/NAME/(json|history)|distribution/[a-zA-Z0-9._:%@/-]+/json)$")]
    private static partial Regex Reads();
}
