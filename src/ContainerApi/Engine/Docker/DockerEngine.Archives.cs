using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using ContainerApi.Streams;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>The size of one write of an archive to the engine.</summary>
    private const int ArchiveChunk = 128 * 1024;

    /// <summary>The start of the line with the name of a loaded image, and of one without a name (moby <c>image/tarexport</c>).</summary>
    private static readonly string[] LoadedLines = ["Loaded image: ", "Loaded image ID: "];

    public async Task<Stream> SaveImagesAsync(IReadOnlyList<ImageNameOrId> images, CancellationToken cancellationToken)
    {
        // The engine writes the images to a temporary directory before it answers.
        var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(TransferTimeout);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, ToPath("images/get", images.Select(i => ("names", (string?)i.Lookup))));
            var response = await SendStreamAsync(request, limited.Token);
            return new SavedArchive(this, response, await response.Content.ReadAsStreamAsync(limited.Token), limited, cancellationToken);
        }
        catch (Exception e)
        {
            limited.Dispose();
            throw e is OperationCanceledException timeout && !cancellationToken.IsCancellationRequested ? TimedOut(TransferTimeout, timeout) : e;
        }
    }

    public async IAsyncEnumerable<TransferFacts> LoadImagesAsync(
        Stream archive, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, ToPath("images/load", [("quiet", "0")])) { Content = ToContent(archive) };
        await foreach (var message in TransferAsync(request, cancellationToken))
        {
            if ((message.Status ?? message.Stream)?.Trim() is { Length: > 0 } status)
            {
                var start = Array.Find(LoadedLines, l => status.StartsWith(l, StringComparison.Ordinal));
                yield return new TransferFacts(message.Id, status, message.ProgressDetail?.Current, message.ProgressDetail?.Total)
                {
                    Image = start is null ? null : status[start.Length..],
                };
            }
        }
    }

    public async Task<string> ImportImageAsync(ImportSpec spec, Stream archive, CancellationToken cancellationToken)
    {
        var path = ToPath(
            "images/create",
            [
                ("fromSrc", "-"),
                ("repo", spec.Tag?.Repository),
                ("tag", spec.Tag?.Tag),
                ("message", spec.Message),
                ("platform", spec.Platform),
                .. spec.Changes.Select(change => ("changes", (string?)change)),
            ]);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = ToContent(archive) };
        string? id = null;
        await foreach (var message in TransferAsync(request, cancellationToken))
        {
            id = message.Status ?? id;
        }

        return id?.Trim() is { } found && found.StartsWith("sha256:", StringComparison.Ordinal)
            ? found
            : throw EngineErrors.InvalidResponse(Name, new JsonException("The engine returned no image id."));
    }

    private static StreamContent ToContent(Stream archive)
    {
        var content = new StreamContent(archive, ArchiveChunk);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return content;
    }

    /// <summary>The engine's answer, whose failures are <see cref="EngineException"/>.</summary>
    private sealed class SavedArchive(
        DockerEngine engine, HttpResponseMessage response, Stream body, CancellationTokenSource limited, CancellationToken caller) : ForwardStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await body.ReadAsync(buffer, limited.Token);
            }
            catch (OperationCanceledException e) when (!caller.IsCancellationRequested)
            {
                throw engine.TimedOut(TransferTimeout, e);
            }
            catch (Exception e) when (engine.Translate(e) is { } translated)
            {
                throw translated;
            }
        }

        protected override void Dispose(bool disposing)
        {
            body.Dispose();
            response.Dispose();
            limited.Dispose();
            base.Dispose(disposing);
        }
    }
}
