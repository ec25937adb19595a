using System.IO.Compression;
using ContainerApi.Api;
using ContainerApi.Tests.Containers;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Api;

/// <summary>Compression of answers by Accept-Encoding.</summary>
public sealed class CompressionTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip;q=1.0, br;q=0.5", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("*", "br")]
    [InlineData("*;q=0.5, br;q=0", "gzip")]
    [InlineData("gzip;q=0", null)]
    [InlineData("identity", null)]
    [InlineData("identity;q=1, gzip;q=0.5", null)]
    [InlineData("gzip, identity;q=0.5", "gzip")]
    [InlineData("deflate, compress", null)]
    [InlineData("*;q=0", null)]
    [InlineData("identity;q=0", null)]
    [InlineData("garbage;;=,", null)]
    public void Client_gets_the_compression_that_it_prefers(string? accepted, string? expected)
    {
        var http = new DefaultHttpContext();
        if (accepted is not null)
        {
            http.Request.Headers.AcceptEncoding = accepted;
        }

        Assert.Equal(expected, ContentEncodings.NameOf(ContentEncodings.Choose(http, 100_000)));
        http.ForbidCompression();
        Assert.Equal(ContentEncoding.Identity, ContentEncodings.Choose(http, 100_000));
    }

    [Theory]
    [InlineData("gzip", ContentEncoding.Identity)]
    [InlineData("gzip, identity;q=0", ContentEncoding.Gzip)]
    [InlineData("gzip, *;q=0", ContentEncoding.Gzip)]
    public void Small_body_is_compressed_only_where_it_must_be(string accepted, object expected)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.AcceptEncoding = accepted;

        Assert.Equal(expected, ContentEncodings.Choose(http, 100));
    }

    [Theory]
    [InlineData("/containers?include=none")]
    [InlineData("/containers?include=none&format=table")]
    [InlineData("/containers?include=none&format=csv")]
    [InlineData("/containers?include=none&format=ndjson")]
    [InlineData("/images")]
    [InlineData("/openapi.json")]
    public async Task Compressed_answer_has_the_plain_content_and_a_tag_of_its_own(string address)
    {
        using var host = new ApiHost(EngineWith(50));
        using var plain = await SendAsync(host, address, null);
        var content = await plain.Content.ReadAsByteArrayAsync();
        var tags = new List<string> { plain.Headers.ETag!.Tag };
        Assert.Contains("Accept-Encoding", plain.Headers.Vary);
        Assert.Empty(plain.Content.Headers.ContentEncoding);

        foreach (var encoding in new[] { "gzip", "br" })
        {
            using var response = await SendAsync(host, address, encoding);
            var compressed = await response.Content.ReadAsByteArrayAsync();
            Assert.Equal([encoding], response.Content.Headers.ContentEncoding);
            Assert.Equal(compressed.Length, response.Content.Headers.ContentLength);
            Assert.True(compressed.Length < content.Length / 3, $"{compressed.Length} of {content.Length} bytes");
            Assert.Equal(content, Decompress(compressed, encoding));
            tags.Add(response.Headers.ETag!.Tag);

            using var again = await SendAsync(host, address, encoding, response.Headers.ETag.Tag);
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            Assert.Equal(response.Headers.ETag, again.Headers.ETag);
            Assert.Contains("Accept-Encoding", again.Headers.Vary);
        }

        Assert.Equal(3, tags.Distinct().Count());
    }

    [Fact]
    public async Task Stream_is_not_compressed()
    {
        using var host = new ApiHost(new FakeEngine
        {
            ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([]),
            WatchContainers = FakeEngine.SubscribedAsync,
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers/watch");
        request.Headers.Add("Accept-Encoding", "gzip, br");

        using var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(response.Content.Headers.ContentEncoding);
    }

    private static FakeEngine EngineWith(int containers) => new()
    {
        ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>(
            [.. Enumerable.Range(0, containers).Select(i => Facts.Container("0123456789abcdef"[i % 16], $"web-{i}"))]),
        ListImages = (_, _) => Task.FromResult<IReadOnlyList<ImageFacts>>(
            [.. Enumerable.Range(0, containers).Select(i => Images.ImageFactory.Image($"team/app:v{i}"))]),
    };

    private static async Task<HttpResponseMessage> SendAsync(ApiHost host, string address, string? encoding, string? tag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (encoding is not null)
        {
            request.Headers.Add("Accept-Encoding", encoding);
        }

        if (tag is not null)
        {
            request.Headers.Add("If-None-Match", tag);
        }

        return await host.Client.SendAsync(request);
    }

    private static byte[] Decompress(byte[] compressed, string encoding)
    {
        using var source = new MemoryStream(compressed);
        using Stream stream = encoding == "br"
            ? new BrotliStream(source, CompressionMode.Decompress)
            : new GZipStream(source, CompressionMode.Decompress);
        var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
