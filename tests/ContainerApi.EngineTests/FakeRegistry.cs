using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.EngineTests;

/// <summary>
/// A registry with one image on loopback: the part of the distribution API that a pull needs, optionally with credentials, tokens or a
/// corrupt layer.
/// </summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";
    private const string BlobType = "application/octet-stream";
    private const string Repository = "team/tiny";

    /// <summary>More than an engine buffers before it counts: containerd copies 1 MiB at a time.</summary>
    private const int FirstBytes = 2 * 1024 * 1024;

    private readonly WebApplication _app;
    private readonly Dictionary<string, byte[]> _blobs = [];
    private readonly byte[] _manifest;
    private readonly string _token = Guid.NewGuid().ToString("n");

    private FakeRegistry(string label, string value, string? credentials, bool brokenLayer, bool tokens, Task? layerContinues)
    {
        // Random content, since an engine does not fetch a layer that it has.
        var tar = Layer(RandomNumberGenerator.GetBytes(layerContinues is null ? 64 * 1024 : 2 * FirstBytes));
        var layer = Gzip(tar);
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = "amd64",
            os = "linux",
            config = new { Labels = new Dictionary<string, string> { [label] = value }, Cmd = new[] { "/tiny" } },
            rootfs = new { type = "layers", diff_ids = new[] { DigestOf(tar) } },
            history = new[] { new { created = "2026-01-02T03:04:05Z", created_by = "the registry of a test" } },
        });
        ImageId = DigestOf(config);
        _blobs[ImageId] = config;
        _blobs[DigestOf(layer)] = brokenLayer ? Gzip(Layer([1])) : layer;
        _manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = new { mediaType = "application/vnd.docker.container.image.v1+json", size = config.Length, digest = ImageId },
            layers = new[] { new { mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip", size = layer.Length, digest = DigestOf(layer) } },
        });
        Digest = DigestOf(_manifest);

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        if (tokens)
        {
            _app.Use(RequireTokenAsync);
            _app.MapGet("/token", (HttpContext context) => CreateToken(context, credentials));
        }
        else if (credentials is not null)
        {
            _app.Use((context, next) => RequireCredentialsAsync(context, next, credentials));
        }

        _app.MapGet("/v2/", () => Results.Ok());
        _app.MapMethods($"/v2/{Repository}/manifests/{{reference}}", ["GET", "HEAD"], Manifest);
        _app.MapMethods($"/v2/{Repository}/blobs/{{digest}}", ["GET", "HEAD"], (HttpContext context, string digest) =>
            !_blobs.TryGetValue(digest, out var blob) ? Results.NotFound()
            : layerContinues is null || blob.Length <= FirstBytes ? Results.Bytes(blob, BlobType)
            : SendInParts(context, blob, layerContinues));
    }

    /// <summary>The image reference with tag.</summary>
    public string Reference { get; private set; } = "";

    /// <summary>The image reference without tag.</summary>
    public string Name => Reference[..Reference.LastIndexOf(':')];

    public string ImageId { get; }

    public string Digest { get; }

    /// <summary>What the image's id may be: the digest of its configuration, or of its manifest in the containerd image store.</summary>
    public IReadOnlyList<string> Ids => [ImageId, Digest];

    /// <summary>The registry part of the reference, <c>127.0.0.1:port</c>.</summary>
    public string Host => Reference[..Reference.IndexOf('/', StringComparison.Ordinal)];

    /// <summary>The number of tokens issued.</summary>
    public int Tokens { get; private set; }

    /// <param name="credentials"><c>user:password</c>, or null for an open registry.</param>
    /// <param name="tokens">Whether it requires a token, issued for the credentials or to everyone.</param>
    /// <param name="layerContinues">The layer is large, and its second half is sent after this task.</param>
    public static async Task<FakeRegistry> StartAsync(
        string label, string value, string? credentials = null, bool brokenLayer = false, bool tokens = false, Task? layerContinues = null)
    {
        var registry = new FakeRegistry(label, value, credentials, brokenLayer, tokens, layerContinues);
        await registry._app.StartAsync();
        var address = registry._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        registry.Reference = $"127.0.0.1:{new Uri(address).Port}/{Repository}:v1";
        return registry;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Manifest(HttpContext context, string reference)
    {
        if (reference != "v1" && reference != Digest)
        {
            return Results.Json(new { errors = new[] { new { code = "MANIFEST_UNKNOWN", message = "manifest unknown" } } }, statusCode: 404);
        }

        context.Response.Headers["Docker-Content-Digest"] = Digest;
        return Results.Bytes(_manifest, ManifestType);
    }

    private Task RequireTokenAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path == "/token" || context.Request.Headers.Authorization == "Bearer " + _token)
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{Host}/token\",service=\"tiny\",scope=\"repository:{Repository}:pull\"";
        return Task.CompletedTask;
    }

    private IResult CreateToken(HttpContext context, string? credentials)
    {
        if (credentials is not null && !Has(context, credentials))
        {
            return Results.Json(new { details = "incorrect username or password" }, statusCode: StatusCodes.Status401Unauthorized);
        }

        Tokens++;
        return Results.Json(new { token = _token });
    }

    private static bool Has(HttpContext context, string credentials) =>
        context.Request.Headers.Authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials));

    private static Task RequireCredentialsAsync(HttpContext context, RequestDelegate next, string credentials)
    {
        if (Has(context, credentials))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"tiny\"";
        return Task.CompletedTask;
    }

    private static IResult SendInParts(HttpContext context, byte[] blob, Task continues)
    {
        context.Response.ContentLength = blob.Length;
        return Results.Stream(
            async response =>
            {
                await response.WriteAsync(blob.AsMemory(0, FirstBytes));
                await response.FlushAsync();
                await continues;
                await response.WriteAsync(blob.AsMemory(FirstBytes));
            },
            BlobType);
    }

    private static byte[] Layer(byte[] content)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "tiny") { DataStream = new MemoryStream(content) });
        }

        return tar.ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return zipped.ToArray();
    }

    private static string DigestOf(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
