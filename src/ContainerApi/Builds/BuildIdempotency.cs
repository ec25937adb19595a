using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Idempotency;

namespace ContainerApi.Builds;

/// <summary>Repeats the response about a build that runs, succeeded or failed; a build that was stopped is started anew.</summary>
/// <param name="canonicalPath">The path of an endpoint that has an alias.</param>
internal sealed class BuildIdempotency(string? canonicalPath = null) : IdempotentEndpoint
{
    /// <summary>A build in the answers that are kept.</summary>
    private sealed record KeptBuild(string BuildId, BuildResponseForm Form);

    /// <summary>Keeps a build for repeated requests: as soon as it has begun and its context, which is part of the request, is read.</summary>
    /// <param name="hasContext">Whether the context was read with the request.</param>
    public static async Task KeepAsync(HttpContext http, BuildJob job, BuildResponseForm form, bool hasContext)
    {
        if (http.Features.Get<IdempotentRequest>() is not { } request)
        {
            return;
        }

        await job.Began.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!hasContext)
        {
            await job.ContextRead.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (job.Began.IsCompletedSuccessfully && (hasContext || job.ContextRead.IsCompletedSuccessfully))
        {
            await request.KeepAsync(0, null, null, JsonSerializer.Serialize(new KeptBuild(job.Id, form), WireJson.Options));
        }
    }

    public override string? CanonicalPath => canonicalPath;

    public override long? MaxBodyBytes(HttpContext http) => http.RequestServices.GetRequiredService<BuildOptions>().MaxContextBytes;

    public override bool Exists(HttpContext http, KeptAnswer answer) => answer.Status != 0 || Find(http, Parse(answer)) is { CanBeRepeated: true };

    public override IResult Replay(HttpContext http, KeptAnswer answer)
    {
        if (answer.Status != 0)
        {
            return base.Replay(http, answer);
        }

        var kept = Parse(answer);
        var job = Find(http, kept) ?? throw new ApiException(ErrorCode.BuildNotFound, $"There is no build '{kept.BuildId}'.");
        http.SetTarget($"build {job.Id} on {job.Describe().Engine}");
        return http.RequestServices.GetRequiredService<BuildResponses>().RespondToStarter(job, kept.Form, hasContext: true);
    }

    private static KeptBuild Parse(KeptAnswer answer) => JsonSerializer.Deserialize<KeptBuild>(answer.Content, WireJson.Options)!;

    private static BuildJob? Find(HttpContext http, KeptBuild kept) => http.GetCaller() is { } caller
        ? http.RequestServices.GetRequiredService<BuildRegistry>()
            .Find(kept.BuildId, b => caller.Visibility.IncludesBuild(b.Engine, b.StartedBy))
        : null;
}
