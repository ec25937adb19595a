using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;

namespace ContainerApi.Engines;

/// <summary>The parameters of <c>GET /engines/{engine}/disk</c>.</summary>
internal sealed record EngineDiskRequest(
    [Parameter("The engine's name in the configuration.", In = ParameterPlace.Route)] EngineName Engine,
    [Parameter("How old the answer may be, in seconds. `Cache-Control: max-age` has the same meaning.", Default = "0", Min = 0, Max = 3600)]
    TimeSpan? MaxAge,
    [Parameter("The format of the response. Default: by `Accept`.", Allowed = ["json", "table", "csv"])]
    Format? Format,
    LocalParameter Local)
{
    public static readonly IReadOnlyList<Format> Formats = [Api.Format.Json, Api.Format.Table, Api.Format.Csv];
}

/// <summary>Reads the disk usage of engines. Callers share one calculation, which may take minutes.</summary>
internal sealed class EngineDiskQueries(
    EngineDirectory engines, SingleFlight<SharedResult<EngineDisk>> calculations, Caller caller, TimeProvider time)
{
    /// <exception cref="ApiException">No accepted format exists.</exception>
    /// <exception cref="EngineException">No such engine, or it failed.</exception>
    public async Task<RenderedBody> ReadAsync(EngineDiskRequest request, HttpRequest http, CancellationToken cancellationToken)
    {
        var format = Formats.Choose(request.Format, http, EngineDiskRequest.Formats);
        var engine = engines.Get(request.Engine);
        var shared = await calculations.GetAsync(
            (caller.Visibility.Key, engine.Name), Freshness.MaxAge(request.MaxAge, http),
            async token =>
            {
                var at = time.GetUtcNow();
                return new(Project(engine.Name, at, await engine.ReadDiskAsync(withImages: false, token)));
            },
            cancellationToken);
        return shared.Render(format.ToString(), disk => Render(disk, format));
    }

    private static RenderedBody Render(EngineDisk disk, Format format)
    {
        var rows = DiskRow.Of(disk);
        return ListFormatter<DiskRow>.List(new(rows, null, rows.Count, null, true), format, fields: null, disk.ReadAt, () => disk);
    }

    private static EngineDisk Project(string engine, DateTimeOffset at, DiskFacts disk) =>
        new(engine, at, Project(disk.Images), Project(disk.Containers), Project(disk.Volumes), Project(disk.BuildCache));

    private static DiskUsage? Project(DiskUsageFacts? usage) =>
        usage is null ? null : new(usage.Total, usage.Active, usage.SizeBytes, usage.ReclaimableBytes);
}
