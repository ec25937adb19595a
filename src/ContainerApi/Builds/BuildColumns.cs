using ContainerApi.Api.Lists;

namespace ContainerApi.Builds;

/// <summary>The columns of the builds.</summary>
internal static class BuildColumns
{
    public static readonly ColumnSet<Build> Set = new("build",
    [
        new("id", b => b.Id, new(2, "BUILD ID", (b, _) => b.Id)),
        new("state", b => b.State, new(4, "STATE", (b, _) => b.State.ToString().ToLowerInvariant())),
        new("engine", b => b.Engine, new(1, "ENGINE", (b, _) => b.Engine)),
        new("builder", b => b.Builder, new(5, "BUILDER", (b, _) => b.Builder)),
        new("tags", b => b.Tags, new(3, "TAGS", (b, _) => b.Tags.Count > 0 ? string.Join(',', b.Tags) : null)),
        new("queuePosition", b => b.QueuePosition),
        new("imageId", b => b.ImageId),
        new("startedBy", b => b.StartedBy),
        new("createdAt", b => b.CreatedAt, new(6, "CREATED", (b, now) => HumanText.Ago(now - b.CreatedAt) + " ago")),
        new("startedAt", b => b.StartedAt),
        new("finishedAt", b => b.FinishedAt),
        new("durationMs", b => b.DurationMs, new(7, "DURATION", (b, _) =>
            b.DurationMs is { } ms ? string.Create(CultureInfo.InvariantCulture, $"{ms / 1000.0:0.0}s") : null)),
        new("error", b => b.Error),
        new("warnings", b => b.Warnings),
        new("eventCount", b => b.EventCount),
    ]);
}
