using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    /// <summary>A commit copies what the container wrote; nothing but the caller should cut it, short of this.</summary>
    private static readonly TimeSpan CommitTimeout = TimeSpan.FromHours(2);

    /// <summary>A transfer takes what the registry and the way to it take; the engine tries again by itself, so this ends one that never
    /// would.</summary>
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
            return (IReadOnlyList<ImageFacts>)[.. images.Select(DockerTranslation.ToImage)];
        }, cancellationToken);

    public Task<ImageDetails> InspectImageAsync(ImageNameOrId image, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, async token =>
        {
            var details = _docker.Images.InspectImageAsync(image.Lookup, token);
            var history = _docker.Images.GetImageHistoryAsync(image.Lookup, token);
            await Task.WhenAll(details, history);
            return DockerTranslation.ToImageDetails(await details, await history);
        }, cancellationToken);

    public Task TagImageAsync(ImageNameOrId image, ImageName tag, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout,
            token => _docker.Images.TagImageAsync(image.Lookup, new ImageTagParameters { RepositoryName = tag.Repository, Tag = tag.Tag }, token),
            cancellationToken);

    public Task<RemovedImage> RemoveImageAsync(ImageNameOrId image, bool force, CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout * 6, async token =>
        {
            var removed = await _docker.Images.DeleteImageAsync(image.Lookup, new ImageDeleteParameters { Force = force }, token);
            return new RemovedImage(
                [.. removed.Where(r => r.ContainsKey("Untagged")).Select(r => r["Untagged"])],
                [.. removed.Where(r => r.ContainsKey("Deleted")).Select(r => r["Deleted"])]);
        }, cancellationToken);

    public async IAsyncEnumerable<TransferFacts> PullImageAsync(
        ImageReference image, string? platform, RegistryCredentials? credentials, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = "images/create?fromImage=" + Uri.EscapeDataString(image.ToString());
        if (platform is not null)
        {
            path += "&platform=" + Uri.EscapeDataString(platform);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (credentials is not null)
        {
            request.Headers.Add("X-Registry-Auth", DockerTranslation.ToRegistryAuth(credentials));
        }

        await foreach (var message in TransferAsync(request, cancellationToken))
        {
            if (message.Status is { } status)
            {
                // The line that names the repository has the tag where the others have a layer.
                var layer = status.StartsWith("Pulling from ", StringComparison.Ordinal) ? null : message.Id;
                yield return new TransferFacts(layer, status, message.ProgressDetail?.Current, message.ProgressDetail?.Total,
                    status.StartsWith(DigestLine, StringComparison.Ordinal) ? status[DigestLine.Length..].Trim() : null);
            }
        }
    }

    public async IAsyncEnumerable<TransferFacts> PushImageAsync(
        ImageName image, RegistryCredentials? credentials, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Without a tag the engine would push all that there are.
        using var request = new HttpRequestMessage(
            HttpMethod.Post, $"images/{image.Repository}/push?tag={Uri.EscapeDataString(image.Tag)}");
        // The engine refuses a push without the header, also where the registry is open to all.
        request.Headers.Add("X-Registry-Auth", credentials is null ? NoCredentials : DockerTranslation.ToRegistryAuth(credentials));
        await foreach (var message in TransferAsync(request, cancellationToken))
        {
            // Podman has it in the line alone that Docker writes beside it.
            var digest = message.Digest ?? (PushedLine.Match(message.Status ?? "") is { Success: true } pushed ? pushed.Groups["digest"].Value : null);
            if (digest is not null || message.Status is not null)
            {
                yield return new TransferFacts(
                    message.Id, message.Status ?? DigestLine + digest, message.ProgressDetail?.Current, message.ProgressDetail?.Total, digest);
            }
        }
    }

    /// <summary>The messages of a transfer; the one that says it failed is thrown.</summary>
    private async IAsyncEnumerable<StreamMessage> TransferAsync(
        HttpRequestMessage request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(TransferTimeout);
        await using var messages = StreamAsync(request, EngineWire.Default.StreamMessage, limited.Token).GetAsyncEnumerator(limited.Token);
        while (await WithinDeadlineAsync(messages, TransferTimeout, cancellationToken))
        {
            yield return messages.Current.Failure is { } failure
                ? throw EngineErrors.FromTransfer(Name, failure)
                : messages.Current;
        }
    }

    public Task<string> CommitContainerAsync(CommitSpec spec, CancellationToken cancellationToken) =>
        WithinAsync(CommitTimeout, async token =>
        {
            // By hand: the typed library always sends a whole container configuration along, which the engine would merge.
            var query = new StringBuilder("commit?container=").Append(Uri.EscapeDataString(spec.Container))
                .Append("&pause=").Append(spec.Pause ? '1' : '0');
            Append(query, "repo", spec.Tag?.Repository);
            Append(query, "tag", spec.Tag?.Tag);
            Append(query, "comment", spec.Comment);
            Append(query, "author", spec.Author);
            foreach (var change in spec.Changes)
            {
                Append(query, "changes", change);
            }

            using var response = await _http.PostAsync(query.ToString(), null, token);
            await using var body = await response.Content.ReadAsStreamAsync(token);
            var committed = await JsonSerializer.DeserializeAsync(body, EngineWire.Default.CreatedObject, token);
            var id = committed?.Id ?? throw new JsonException("The engine named no image.");
            // Podman says the bare digest.
            return id.Contains(':') ? id : "sha256:" + id;
        }, cancellationToken);

    [GeneratedRegex(@"^\S+: digest: (?<digest>sha256:[0-9a-f]{64}) size: [0-9]+\z")]
    private static partial Regex PushedLine { get; }

    /// <summary>How the engine begins the line that names the digest of a pulled image (moby <c>distribution/pull_v2.go</c>).</summary>
    private const string DigestLine = "Digest: ";

    /// <summary>An empty JSON object in base64.</summary>
    private const string NoCredentials = "e30=";

    private static void Append(StringBuilder query, string name, string? value)
    {
        if (value is not null)
        {
            query.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}
