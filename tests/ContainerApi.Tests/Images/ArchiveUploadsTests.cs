using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using ContainerApi.Api;
using ContainerApi.Images;
using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>The number of archives that are uploaded at the same time.</summary>
public sealed class ArchiveUploadsTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public void Caller_has_at_most_half_of_the_places()
    {
        var uploads = new ArchiveUploads(new ArchiveLimit(1024, MaxUploads: 3));
        var first = uploads.Begin("key:a");

        Assert.Equal(ErrorCode.RateLimited, Assert.Throws<ApiException>(() => uploads.Begin("key:a")).Code);
        using var second = uploads.Begin("key:b");
        using var third = uploads.Begin("key:c");
        Assert.Throws<ApiException>(() => uploads.Begin("key:d"));
        first.Dispose();
        first.Dispose();
        using var again = uploads.Begin("key:a");
        Assert.Throws<ApiException>(() => uploads.Begin("key:d"));
    }

    [Theory]
    [InlineData("load")]
    [InlineData("import")]
    public async Task Archive_above_the_limit_is_a_429(string path)
    {
        var reading = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        using var host = new ApiHost(new Dictionary<string, string?> { ["Limits:Archives"] = "1" }, new FakeEngine
        {
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("app:v1") }),
            LoadImages = LoadAsync,
            ImportImage = async (_, archive, token) =>
            {
                await ReadAsync(archive, token);
                return ImageId;
            },
        });
        var running = PostAsync();
        await reading.Task.WaitAsync(Deadline);

        using var refused = await PostAsync();

        await refused.ReadProblemAsync(HttpStatusCode.TooManyRequests, "rate_limited");
        Assert.NotNull(refused.Headers.RetryAfter);
        gate.SetResult();
        using var done = await running.WaitAsync(Deadline);
        Assert.True(done.IsSuccessStatusCode);
        await done.Content.ReadAsStringAsync();
        using var next = await PostAsync();
        Assert.True(next.IsSuccessStatusCode);

        async Task<HttpResponseMessage> PostAsync()
        {
            using var content = new ByteArrayContent(ImageSaveTests.Tar("layer", "manifest.json"));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
            return await host.Client.PostAsync("/images/" + path, content);
        }

        async Task ReadAsync(Stream archive, CancellationToken cancellationToken)
        {
            reading.TrySetResult();
            await gate.Task.WaitAsync(cancellationToken);
            await archive.CopyToAsync(Stream.Null, cancellationToken);
        }

        async IAsyncEnumerable<TransferFacts> LoadAsync(Stream archive, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await ReadAsync(archive, cancellationToken);
            yield return new TransferFacts(null, "Loaded image: app:v1", null, null) { Image = "app:v1" };
        }
    }
}
