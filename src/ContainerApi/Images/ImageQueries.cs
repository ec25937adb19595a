using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Cluster;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Reads the images of engines, with the number of containers that use each image.</summary>
internal sealed class ImageQueries(
    EngineDirectory engines, PeerLists peers, ImageRedactor redactor, ImageUpdates updates, ListCursors cursors, Caller caller,
    TimeProvider time)
{
    /// <exception cref="EngineException">All engines failed, or a named engine does not exist.</exception>
    public async Task<RenderedBody> ListAsync(ImageListRequest request, Format format, HttpRequest http, CancellationToken cancellationToken)
    {
        var parts = await peers.BeginAsync(http, request.Engine, request.Local.Local, cancellationToken);
        var requested = parts.AsksOwn ? engines.ForRead(parts.Own) : [];
        // The engine would compare labels with values that are redacted here.
        var filters = (caller.SeesSecrets ? request : request with { Label = [] }).ToFilters();
        var listing = Task.WhenAll(requested.Select(e => ListAsync(e, filters, cancellationToken)));
        var others = await parts.ReadAsync<ImageList>(listing, cancellationToken);
        var answers = await listing;
        if (answers.Length > 0 && answers.All(a => a.Failure is not null) && others.Lists.Count == 0)
        {
            throw answers[0].Failure!;
        }

        var images = answers.SelectMany(a => a.Images);
        var shown = caller.SeesSecrets ? images : images.Select(redactor.Redact).Where(i => LabelSelector.Matches(request.Label, i.Labels));
        List<ImageSummary> found = [.. shown.Where(i => request.Id.Count == 0 || request.Id.Contains(i.Id))];
        IReadOnlyList<ImageListEngine> states =
        [
            .. answers.Select(a => a.State with { Images = a.State.Images is null ? null : found.Count(i => i.Engine == a.State.Name) }),
            .. others.Lists.SelectMany(l => l.Engines), .. others.Missing.Select(m => new ImageListEngine(m.Name, m.State, null, m.Error, m.Since)),
        ];
        var (rows, next) = cursors.Cut(
            found.Concat(others.Lists.SelectMany(l => l.Items)), request.Sort, request.Cursor, request.Limit, others.HasMore());
        if (request.Include.Count > 0)
        {
            // Other replicas have asked for their images.
            var own = await updates.AddToAsync(
                [.. rows.Where(r => requested.Any(e => e.Name == r.Engine))], engines, request.RegistryAuth?.Credentials ?? [], single: false,
                cancellationToken);
            var updated = own.ToDictionary(r => (r.Engine, r.Id));
            rows = [.. rows.Select(r => updated.GetValueOrDefault((r.Engine, r.Id), r))];
        }

        var page = new ListPage<ImageSummary>(rows, states, found.Count + others.Total(), next, states.All(s => s.Error is null));
        return ListFormatter<ImageSummary>.List(
            page, format, request.Fields?.Names, time.GetUtcNow(),
            () => new ImageList(rows, states, page.Total, page.NextCursor, page.IsComplete));
    }

    /// <exception cref="ApiException">Several engines have the image (409 with the engines in <c>matches</c>).</exception>
    /// <exception cref="EngineException">No such engine or image, or an engine failed and no other engine has the image.</exception>
    public async Task<ImageInspection> InspectAsync(ImageQuery query, CancellationToken cancellationToken)
    {
        var (engine, images) = await ImageResolver.FindAsync(engines.ForRead(query.Engine), [query.Reference], cancellationToken);
        var image = ImageProjection.ToInspection(engine.Name, images[0], await CountContainersAsync(engine, cancellationToken));
        return query.Include.Count == 0 ? image
            : (await updates.AddToAsync([image], engines, query.RegistryAuth?.Credentials ?? [], single: true, cancellationToken))[0];
    }

    /// <summary>Returns the number of containers by image id; null if the engine failed.</summary>
    private static async Task<IReadOnlyDictionary<string, int>?> CountContainersAsync(IEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            return (await engine.ListContainersAsync(new ContainerFilter(All: true), cancellationToken)).CountBy(c => c.ImageId).ToDictionary();
        }
        catch (EngineException)
        {
            return null;
        }
    }

    private static async Task<(ImageListEngine State, IReadOnlyList<ImageSummary> Images, EngineException? Failure)> ListAsync(
        IEngine engine, IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken)
    {
        var counting = CountContainersAsync(engine, cancellationToken);
        try
        {
            var images = await engine.ListImagesAsync(filters, cancellationToken);
            var containers = await counting;
            IReadOnlyList<ImageSummary> items = [.. images.Select(i => ImageProjection.ToSummary(engine.Name, i, containers))];
            return (new(engine.Name, EngineStates.Ok, items.Count, null), items, null);
        }
        catch (EngineException e)
        {
            return (new(engine.Name, EngineStates.Of(e), null, ErrorInfo.Of(e)), [], e);
        }
    }
}
