using System.Formats.Tar;
using static ContainerApi.Tests.Images.ImageFactory;

namespace ContainerApi.Tests.Images;

/// <summary>Archives of images over HTTP with a fake engine.</summary>
public sealed class ImageSaveTests
{
    [Theory]
    [InlineData("/images/team/app:v1?format=tar", null, "team_app_v1.tar")]
    [InlineData("/images/team/app:v1", "application/x-tar", "team_app_v1.tar")]
    [InlineData("/images?reference=team/app:v1&reference=b&format=tar", null, "images.tar")]
    [InlineData("/images?reference=team/app:v1,b", "application/x-tar", "images.tar")]
    public async Task Save_returns_the_engines_archive(string address, string? accept, string fileName)
    {
        IReadOnlyList<string>? saved = null;
        var archive = Tar("manifest.json", "layer");
        var engine = EngineWith([Image("app")]);
        engine.SaveImages = (names, _) =>
        {
            saved = names;
            return Task.FromResult<Stream>(new MemoryStream(archive));
        };
        using var host = new ApiHost(engine);

        using var response = await SendAsync(host, HttpMethod.Get, address, accept);

        Assert.Equal(archive, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("application/x-tar", response.Content.Headers.ContentType!.ToString());
        Assert.Equal((fileName, true), (response.Content.Headers.ContentDisposition!.FileName, response.Headers.CacheControl!.NoStore));
        Assert.Equal(fileName == "images.tar" ? ["team/app:v1", "b"] : ["team/app:v1"], saved);
    }

    [Fact]
    public async Task Head_of_an_archive_saves_nothing()
    {
        using var host = new ApiHost(EngineWith([Image("app")]));

        using var response = await SendAsync(host, HttpMethod.Head, "/images/app?format=tar");

        Assert.Equal(("application/x-tar", "app.tar"), (
            response.Content.Headers.ContentType!.ToString(), response.Content.Headers.ContentDisposition!.FileName));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(700)]
    [InlineData(1536)]
    public async Task Archive_that_the_engine_does_not_end_is_cut(int length)
    {
        var engine = EngineWith([Image("app")]);
        engine.SaveImages = (_, _) => Task.FromResult<Stream>(new MemoryStream(Tar("a")[..length]));
        using var host = new ApiHost(engine);

        if (length == 0)
        {
            // Nothing was sent: the failure has its own status.
            Assert.Equal("engine_error", await CodeAsync(host, "/images/app?format=tar", HttpStatusCode.BadGateway));
            return;
        }

        await Assert.ThrowsAnyAsync<Exception>(() => host.Client.GetByteArrayAsync("/images/app?format=tar"));
    }

    [Theory]
    [InlineData("/images?format=tar", "reference")]
    [InlineData("/images?format=tar&reference=team/*", "reference")]
    [InlineData("/images?format=tar&reference=a&dangling=true&label=x&limit=3&fields=tags", "dangling,label,fields,limit")]
    public async Task Parameters_that_do_not_apply_to_an_archive_are_refused(string address, string fields)
    {
        using var host = new ApiHost(EngineWith([Image("app")]));

        var problem = await host.GetJsonAsync(address, HttpStatusCode.BadRequest);

        Assert.Equal(fields.Split(','), problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Images_that_several_engines_have_need_an_engine()
    {
        using var host = new ApiHost(EngineWith([Image("app")]), EngineWith([Image("app")], "other"));

        Assert.Equal("ambiguous_reference", await CodeAsync(host, "/images/app?format=tar", HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task Caller_without_secrets_gets_no_archive()
    {
        var key = new string('k', 40);
        var hash = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        using var host = new ApiHost(
            new Dictionary<string, string?>
            {
                ["Security:ApiKeys:0:Name"] = "reader",
                ["Security:ApiKeys:0:Hash"] = hash,
                ["Security:ApiKeys:0:Scopes:0"] = "images:read",
            },
            EngineWith([Image("app")]));
        host.Client.DefaultRequestHeaders.Add("X-Api-Key", key);

        var problem = await host.GetJsonAsync("/images/app?format=tar", HttpStatusCode.Forbidden);

        Assert.Equal("Missing scope: containers:secrets.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Failure_before_the_archive_is_a_problem()
    {
        var engine = EngineWith([Image("app")]);
        engine.SaveImages = (_, _) => throw Failure(ErrorCode.EngineUnavailable);
        using var host = new ApiHost(engine);

        Assert.Equal("engine_unavailable", await CodeAsync(host, "/images/app?format=tar", HttpStatusCode.ServiceUnavailable));
    }

    internal static byte[] Tar(params IReadOnlyList<string> names)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            foreach (var name in names)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(new byte[1000]) });
            }
        }

        return archive.ToArray();
    }

    private static async Task<HttpResponseMessage> SendAsync(ApiHost host, HttpMethod method, string address, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, address);
        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        var response = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    private static async Task<string?> CodeAsync(ApiHost host, string address, HttpStatusCode status) =>
        (await host.GetJsonAsync(address, status)).GetProperty("code").GetString();
}
