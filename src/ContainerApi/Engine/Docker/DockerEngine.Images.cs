using System.Runtime.CompilerServices;
using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>A commit copies the files that the container wrote. Only the caller should stop it before this time.</summary>
    private static readonly TimeSpan CommitTimeout = TimeSpan.FromHours(2);

    /// <summary>The duration of a transfer depends on the registry. The engine retries by itself, possibly without end.</summary>
    private static readonly TimeSpan TransferTimeout = TimeSpan.FromHours(2);

    public Task<IReadOnlyList<ImageFacts>> ListImagesAsync(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var parameters = new ImagesListParameters
            {
                Filters = filters?.ToDictionary(
                    f => f.Key, IDictionary<string, bool> (f) => f.Value.Distinct().ToDictionary(v => v, _ => true)),
            };
            var images = await _docker.Images.ListImagesAsync(parameters, token);
            return (IReadOnlyList<ImageFacts>)[.. images.Required().WithoutNulls().Select(ImageTranslation.ToImage)];
        }, cancellationToken);

    public Task<ImageDetails> InspectImageAsync(ImageNameOrId image, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            // Engines before API 1.48 ignore the parameter.
            var details = GetAsync($"images/{image.Lookup}/json?manifests=1", EngineWire.Default.InspectedImage, _maxAnswerBytes, token);
            var history = _docker.Images.GetImageHistoryAsync(image.Lookup, token);
            await Task.WhenAll(details, history);
            return ImageTranslation.ToDetails(await details, (await history).WithoutNulls());
        }, cancellationToken);

    public Task TagImageAsync(ImageNameOrId image, ImageName tag, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout,
            token => _docker.Images.TagImageAsync(image.Lookup, new ImageTagParameters { RepositoryName = tag.Repository, Tag = tag.Tag }, token),
            cancellationToken);

    public Task<RemovedImage> RemoveImageAsync(ImageNameOrId image, bool force, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout * 6, async token =>
        {
            var removed = await _docker.Images.DeleteImageAsync(image.Lookup, new ImageDeleteParameters { Force = force }, token);
            return new RemovedImage(All("Untagged"), All("Deleted"));

            IReadOnlyList<string> All(string change) =>
                removed.Required().WithoutNulls().Where(r => r.ContainsKey(change)).Select(r => r[change]).WithoutNulls();
        }, cancellationToken);

    public async IAsyncEnumerable<TransferFacts> PullImageAsync(
        ImageReference image, string? platform, RegistryCredentials? credentials, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = ToPath("images/create", [("fromImage", image.ToString()), ("platform", platform)]);
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (credentials is not null)
        {
            request.Headers.Add(ApiHeaders.RegistryAuth, RegistryHeaders.ToAuth(credentials));
        }

        await foreach (var message in TransferAsync(request, cancellationToken))
        {
            if (message.Status is { } status)
            {
                // The line with the repository has the tag where the others have a layer.
                var layer = status.StartsWith("Pulling from ", StringComparison.Ordinal) ? null : message.Id;
                var digest = status.StartsWith(DigestLine, StringComparison.Ordinal) ? status[DigestLine.Length..].Trim() : null;
                yield return new TransferFacts(layer, status, message.ProgressDetail?.Current, message.ProgressDetail?.Total, digest);
            }
        }
    }

    public async IAsyncEnumerable<TransferFacts> PushImageAsync(
        ImageName image, RegistryCredentials? credentials, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Without a tag the engine would push all tags, and it refuses a push without the header, also to a public registry.
        using var request = new HttpRequestMessage(HttpMethod.Post, ToPath($"images/{image.Repository}/push", [("tag", image.Tag)]));
        request.Headers.Add(ApiHeaders.RegistryAuth, credentials is null ? RegistryHeaders.NoCredentials : RegistryHeaders.ToAuth(credentials));
        await foreach (var message in TransferAsync(request, cancellationToken))
        {
            // Podman has the digest only in the status text.
            var pushed = PushedLine.Match(message.Status ?? "");
            var digest = message.Digest ?? (pushed.Success ? pushed.Groups["digest"].Value : null);
            if (digest is not null || message.Status is not null)
            {
                yield return new TransferFacts(
                    message.Id, message.Status ?? DigestLine + digest, message.ProgressDetail?.Current, message.ProgressDetail?.Total, digest);
            }
        }
    }

    /// <summary>Streams the messages of a transfer, and throws the error that one of them contains.</summary>
    private async IAsyncEnumerable<StreamMessage> TransferAsync(
        HttpRequestMessage request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(TransferTimeout);
        await using var messages = StreamAsync(request, StreamWire.Default.StreamMessage, limited.Token).GetAsyncEnumerator(limited.Token);
        var path = "/" + request.RequestUri!.OriginalString.Split('?')[0];
        var isEmpty = true;
        while (await NextAsync(messages, TransferTimeout, cancellationToken))
        {
            isEmpty = false;
            yield return messages.Current.Failure is { } failure ? throw EngineErrors.FromTransfer(Name, path, failure) : messages.Current;
        }

        if (isEmpty)
        {
            throw EngineErrors.InvalidResponse(Name, new JsonException("The engine returned no message."));
        }
    }

    public Task<string> CommitContainerAsync(CommitSpec spec, CancellationToken cancellationToken) =>
        WithinAsync(CommitTimeout, async token =>
        {
            // Not by Docker.DotNet, which always sends a container configuration that the engine would merge.
            var path = ToPath(
                "commit",
                [
                    ("container", spec.Container),
                    ("pause", spec.Pause ? "1" : "0"),
                    ("repo", spec.Tag?.Repository),
                    ("tag", spec.Tag?.Tag),
                    ("comment", spec.Comment),
                    ("author", spec.Author),
                    .. spec.Changes.Select(change => ("changes", (string?)change)),
                ]);
            using var response = await _http.PostAsync(path, null, token);
            await using var body = await response.Content.ReadAsStreamAsync(token);
            var committed = await JsonSerializer.DeserializeAsync(body, EngineWire.Default.CreatedObject, token);
            var id = committed?.Id ?? throw new JsonException("The engine returned no image id.");
            // Podman returns the digest without its algorithm.
            return id.Contains(':') ? id : "sha256:" + id;
        }, cancellationToken);

    [GeneratedRegex(@"^\S+: digest: (?<digest>sha256:[0-9a-f]{64}) size: [0-9]+\z")]
    private static partial Regex PushedLine { get; }

    /// <summary>The start of the line with the digest of a pulled image (moby <c>distribution/pull_v2.go</c>).</summary>
    private const string DigestLine = "Digest: ";
}
