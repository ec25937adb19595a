using System.IO.Compression;
using System.Net.Http.Headers;
using static ContainerApi.Tests.Images.ImageFactory;
using static ContainerApi.Tests.Images.ImageSaveTests;

namespace ContainerApi.Tests.Images;

/// <summary>Uploads of archives over HTTP with a fake engine that reads them to their end.</summary>
public sealed class ImageLoadTests
{
    private static readonly TransferFacts Layer = new("abc", "Loading layer", 5, 10);
    private static readonly TransferFacts Loaded = new(null, "Loaded image: app:v1", null, null) { Image = "app:v1" };
    private static readonly byte[] Archive = Tar("layer", "manifest.json");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Load_streams_progress_and_ends_with_its_images(bool isCompressed)
    {
        var engine = new LoadingEngine(Layer, Loaded);
        using var host = new ApiHost(engine.Engine);

        using var response = await PostAsync(host, "/images/load", isCompressed ? Gzip(Archive) : Archive, isCompressed ? "gzip" : "x-tar");

        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        var result = JsonSerializer.Deserialize<JsonElement>(lines[2]);
        Assert.Equal(("result", "succeeded"), (result.GetProperty("type").GetString(), result.GetProperty("state").GetString()));
        Assert.Equal($$"""[{"image":"app:v1","imageId":"{{ImageId}}"}]""", result.GetProperty("images").GetRawText());
        // The padding after the end is not part of the archive.
        Assert.Equal(EndOf(Archive) + 1024, engine.Received.Length);
        Assert.Equal(Archive[..engine.Received.Length], engine.Received);
    }

    [Theory]
    [InlineData(0, "The body is empty.")]
    [InlineData(100, "The body is not a tar archive, or it is truncated")]
    [InlineData(700, "The archive is truncated: it ends at byte 700")]
    [InlineData(1536, "The archive is truncated: it ends at byte 1536, after 'layer', without its end of zeros.")]
    [InlineData(3072, "The archive is truncated: it ends at byte 3072, after 'manifest.json', without its end of zeros.")]
    public async Task Cut_archive_reaches_no_end_at_the_engine(int length, string detail)
    {
        foreach (var path in new[] { "load", "import" })
        {
            var engine = new LoadingEngine(Loaded);
            using var host = new ApiHost(engine.Engine);

            using var response = await PostAsync(host, "/images/" + path, Archive[..length]);

            var problem = await response.ReadJsonAsync(HttpStatusCode.BadRequest);
            Assert.Equal("invalid_archive", problem.GetProperty("code").GetString());
            Assert.StartsWith(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.False(engine.HasEnded, path);
        }
    }

    [Fact]
    public async Task Damage_after_the_end_of_a_compressed_archive_reaches_no_end_at_the_engine()
    {
        var engine = new LoadingEngine(Loaded);
        using var host = new ApiHost(engine.Engine);

        using var response = await PostAsync(host, "/images/load", Gzip(Archive)[..^6], "gzip");

        Assert.Equal("invalid_archive", (await response.ReadJsonAsync(HttpStatusCode.BadRequest)).GetProperty("code").GetString());
        Assert.False(engine.HasEnded);
    }

    [Fact]
    public async Task Archive_of_a_file_system_is_not_loaded()
    {
        var engine = new LoadingEngine(Loaded);
        using var host = new ApiHost(engine.Engine);

        using var response = await PostAsync(host, "/images/load", Tar("etc/passwd"));

        var problem = await response.ReadJsonAsync(HttpStatusCode.BadRequest);
        Assert.StartsWith("The archive has no image", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.False(engine.HasEnded);
    }

    [Fact]
    public async Task Archive_above_the_limit_is_refused()
    {
        using var host = new ApiHost(new Dictionary<string, string?> { ["Limits:ArchiveBytes"] = "2048" }, new LoadingEngine(Loaded).Engine);

        using var declared = await PostAsync(host, "/images/load", Archive);
        using var compressed = await PostAsync(host, "/images/load", Gzip(Archive), "gzip");

        Assert.Equal("request_too_large", (await declared.ReadJsonAsync(HttpStatusCode.RequestEntityTooLarge)).GetProperty("code").GetString());
        Assert.Equal("request_too_large", (await compressed.ReadJsonAsync(HttpStatusCode.RequestEntityTooLarge)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Other_content_is_refused()
    {
        using var host = new ApiHost(new LoadingEngine(Loaded).Engine);

        using var response = await PostAsync(host, "/images/load", Archive, "json");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Failure_after_the_first_line_is_in_the_result()
    {
        using var host = new ApiHost(new LoadingEngine(Layer) { Failure = Failure(ErrorCode.EngineError) }.Engine);

        using var response = await PostAsync(host, "/images/load", Archive);

        var result = JsonSerializer.Deserialize<JsonElement>((await response.Content.ReadAsStringAsync()).TrimEnd().Split('\n')[^1]);
        Assert.Equal(("failed", "engine_error"), (
            result.GetProperty("state").GetString(), result.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Repeated_load_with_a_key_is_not_sent_again()
    {
        var engine = new LoadingEngine(Layer, Loaded);
        using var host = new ApiHost(engine.Engine);
        host.Client.DefaultRequestHeaders.Add("Idempotency-Key", "once");

        using var first = await PostAsync(host, "/images/load", Archive);
        var result = (await first.Content.ReadAsStringAsync()).TrimEnd().Split('\n')[^1];
        using var second = await PostAsync(host, "/images/load", Archive);

        Assert.Equal(result, (await second.Content.ReadAsStringAsync()).TrimEnd());
        Assert.Equal(1, engine.Calls);
    }

    [Fact]
    public async Task Import_creates_an_image()
    {
        ImportSpec? given = null;
        var loading = new LoadingEngine { ApiVersion = "1.42" };
        loading.Engine.ImportImage = async (spec, archive, token) =>
        {
            given = spec;
            await loading.ReadAsync(archive, token);
            return ImageId;
        };
        using var host = new ApiHost(loading.Engine);

        using var response = await PostAsync(
            host, "/images/import?tag=app:v1&change=CMD%20sh&change=ENV%20A=b&message=hello&platform=linux/arm64", Tar("etc/passwd"));

        var image = await response.ReadJsonAsync(HttpStatusCode.Created);
        Assert.Equal((ImageId, $"/images/{ImageId}"), (image.GetProperty("id").GetString(), response.Headers.Location!.ToString()));
        Assert.Equal(("app:v1", "hello", "linux/arm64"), (given!.Tag!.ToString(), given.Message, given.Platform));
        Assert.Equal(["CMD sh", "ENV A=b"], given.Changes);
    }

    [Fact]
    public async Task Repeated_import_creates_one_image()
    {
        var loading = new LoadingEngine();
        using var host = new ApiHost(loading.Engine);
        host.Client.DefaultRequestHeaders.Add("Idempotency-Key", "once");

        var archive = Tar("etc/passwd");

        using var first = await PostAsync(host, "/images/import", archive);
        using var second = await PostAsync(host, "/images/import", archive);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.StatusCode, second.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal(1, loading.Calls);
    }

    [Theory]
    [InlineData("/images/import?change=RUN%20x", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("/images/import?tag=Upper", HttpStatusCode.BadRequest, "invalid_reference")]
    [InlineData("/images/import?platform=linux/arm64", HttpStatusCode.UnprocessableEntity, "feature_unsupported")]
    [InlineData("/images/import?colour=red", HttpStatusCode.BadRequest, "invalid_request")]
    public async Task Invalid_import_is_refused(string address, HttpStatusCode status, string code)
    {
        using var host = new ApiHost(new LoadingEngine().Engine);

        using var response = await PostAsync(host, address, Tar("etc/passwd"));

        Assert.Equal(code, (await response.ReadJsonAsync(status)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Refused_change_of_an_import_has_its_name_and_index()
    {
        using var host = new ApiHost(new LoadingEngine().Engine);

        using var response = await PostAsync(host, "/images/import?change=LABEL%20a=b&change=RUN%20x", Tar("etc/passwd"));

        var errors = (await response.ReadJsonAsync(HttpStatusCode.BadRequest)).GetProperty("errors");
        Assert.Equal("change[1]", Assert.Single(errors.EnumerateObject()).Name);
    }

    private static Task<HttpResponseMessage> PostAsync(ApiHost host, string address, byte[] body, string type = "x-tar")
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/" + type);
        return host.Client.PostAsync(address, content);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }

    /// <summary>The position of the zeros that end an archive of two entries with a block and a half of content.</summary>
    private static int EndOf(byte[] archive)
    {
        Assert.True(archive.AsSpan(3072).IndexOfAnyExcept((byte)0) < 0);
        return 3072;
    }

    /// <summary>An engine that answers after it has read the archive.</summary>
    private sealed class LoadingEngine(params IReadOnlyList<TransferFacts> facts)
    {
        private readonly MemoryStream _received = new();
        private FakeEngine? _engine;

        public EngineException? Failure { get; init; }

        public string ApiVersion { get; init; } = "1.41";

        public int Calls { get; private set; }

        /// <summary>Whether the whole archive was read.</summary>
        public bool HasEnded { get; private set; }

        public byte[] Received => _received.ToArray();

        public FakeEngine Engine => _engine ??= new FakeEngine
        {
            ApiVersion = ApiVersion,
            InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = Image("app:v1") }),
            LoadImages = LoadAsync,
            ImportImage = async (_, archive, token) =>
            {
                await ReadAsync(archive, token);
                return ImageId;
            },
        };

        public async Task ReadAsync(Stream archive, CancellationToken cancellationToken)
        {
            Calls++;
            await archive.CopyToAsync(_received, cancellationToken);
            // As HttpClient does with the body that it sent.
            archive.Dispose();
            HasEnded = true;
        }

        private async IAsyncEnumerable<TransferFacts> LoadAsync(
            Stream archive, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await ReadAsync(archive, cancellationToken);
            await foreach (var fact in Lines(Failure, facts))
            {
                yield return fact;
            }
        }
    }
}
