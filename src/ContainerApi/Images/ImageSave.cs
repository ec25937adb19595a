using System.Buffers;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Archives;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Images;

/// <summary>Saves images: the engine's archive, passed on at the pace of the client.</summary>
internal sealed class ImageSave(EngineDirectory engines, Caller caller)
{
    private const int MaxImages = 100;

    /// <summary>What does not apply to an archive.</summary>
    private static readonly IReadOnlyList<(string Name, Func<ImageListRequest, bool> IsGiven)> Others =
    [
        ("dangling", r => r.Dangling is not null), ("label", r => r.Label.Count > 0), ("id", r => r.Id.Count > 0),
        ("fields", r => r.Fields is not null), ("limit", r => r.Limit is not null), ("cursor", r => r.Cursor is not null),
    ];

    /// <exception cref="ApiException">The caller may not read the content of images, or the request has other parameters.</exception>
    /// <exception cref="EngineException">No such image, or the engine failed.</exception>
    public Task<IResult> SaveAsync(ImageListRequest request, HttpContext http)
    {
        var errors = Others.Where(o => o.IsGiven(request)).ToDictionary(o => o.Name, _ => (string[])["does not apply to format=tar."]);
        var images = request.Reference.Select(r => ImageNameOrId.TryParse(r, out var image) ? image : null).ToList();
        if (images.Count is 0 or > MaxImages || images.Contains(null))
        {
            errors["reference"] = [$"must be 1 to {MaxImages} names or ids of images, not patterns, for format=tar."];
        }

        if (errors.Count > 0)
        {
            var first = errors.First();
            throw new ApiException(ErrorCode.InvalidRequest, $"{first.Key} {first.Value[0]}", errors);
        }

        return SaveAsync(engines.ForRead(request.Engine), [.. images.OfType<ImageNameOrId>().Distinct()], http);
    }

    /// <inheritdoc cref="SaveAsync(ImageListRequest, HttpContext)"/>
    public Task<IResult> SaveAsync(ImageQuery query, HttpContext http) => SaveAsync(engines.ForRead(query.Engine), [query.Reference], http);

    private async Task<IResult> SaveAsync(IReadOnlyList<IEngine> asked, IReadOnlyList<ImageNameOrId> images, HttpContext http)
    {
        // The archive has the environment and all files of the images.
        caller.Require(Scopes.ContainersSecrets);
        http.SetTarget($"image {string.Join(", ", images)}");
        http.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        var (engine, _) = await ImageResolver.FindAsync(asked, images, http.RequestAborted);
        var name = images.Count == 1 ? ToFileName(images[0]) : "images.tar";
        return HttpMethods.IsHead(http.Request.Method)
            ? new SavedImages(null, engine.Name, name)
            : new SavedImages(await engine.SaveImagesAsync(images, http.RequestAborted), engine.Name, name);
    }

    /// <summary>Replaces what a shell, a browser or a header could take for something else.</summary>
    private static string ToFileName(ImageNameOrId image) =>
        string.Concat(image.ToString().Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_')) + ".tar";
}

/// <summary>The archive of images. A client never takes an incomplete one for a complete one: the connection is cut.</summary>
/// <param name="archive">Null for the headers alone.</param>
internal sealed class SavedImages(Stream? archive, string engine, string fileName) : IResult
{
    private const int Chunk = 128 * 1024;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = MediaTypes.Tar;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = fileName }.ToString();
        if (archive is null)
        {
            return;
        }

        await using var source = archive;
        try
        {
            await CopyAsync(source, response.Body, httpContext.RequestAborted);
        }
        catch (ApiException e)
        {
            var failure = e as EngineException
                ?? new EngineException(ErrorCode.EngineError, engine, $"The engine returned an invalid archive. {e.Message}");
            if (!response.HasStarted)
            {
                throw failure;
            }

            httpContext.SetOutcome($"{failure.Code.Code}: {failure.Message}");
            httpContext.Abort();
        }
    }

    private static async Task CopyAsync(Stream source, Stream output, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            var validator = new TarStreamValidator(long.MaxValue, new ImageArchiveRules(isImage: false));
            while (await source.ReadAsync(buffer, cancellationToken) is var read and > 0)
            {
                validator.Read(buffer.AsSpan(0, read));
                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            validator.EndWithMark();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
