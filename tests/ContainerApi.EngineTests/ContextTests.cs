using System.Formats.Tar;
using System.Net.Http.Headers;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.EngineTests;

/// <summary>Every form of context on a real engine; the archive that the service sends is also given to BuildKit directly.</summary>
[Collection(EngineCollection.Name)]
public sealed class ContextTests(EngineFixture fixture) : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("containerapi-archives-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("tar", "--format=v7")]
    [InlineData("tar", "--format=ustar")]
    [InlineData("tar", "--format=gnu")]
    [InlineData("tar", "--format=pax")]
    [InlineData("tar", "--format=pax", "--sparse")]
    [InlineData("tar", "--format=gnu", "--gzip")]
    [InlineData("tar", "--format=pax", "--bzip2")]
    [InlineData("tar", "--format=pax", "--xz")]
    [InlineData("python", "USTAR")]
    [InlineData("python", "GNU")]
    [InlineData("python", "PAX")]
    [InlineData("dotnet", "TarFile")]
    public async Task Archives_of_tar_Python_and_NET_build_with_both_builders(string program, params string[] how)
    {
        var longest = how.Contains("--format=v7") || how.Contains("--format=ustar") || how.Contains("USTAR") ? "name" : "ä" + new string('n', 120);
        Write(
            "Dockerfile",
            $"FROM {fixture.Image}\nLABEL {EngineFixture.Label}={fixture.Run}\nCOPY . /ctx\nRUN test -s /ctx/sub/file && test -e /ctx/{longest}\n");
        Write(longest, "long");
        Write("sub/file", new string('\0', 300_000) + "end");
        var archive = Path.Combine(_directory, "archive");
        if (program == "dotnet")
        {
            await TarFile.CreateFromDirectoryAsync(At("."), archive, includeBaseDirectory: false);
        }
        else
        {
            // The file with the extended header comes first.
            await (program == "tar"
                ? RunAsync("tar", [.. how, "-C", At("."), "-cf", archive, longest, "sub", "Dockerfile"])
                : RunAsync("python3", "-c", $"""
                    import os,tarfile
                    os.chdir('{At(".")}')
                    t=tarfile.open('{archive}','w',format=tarfile.{how[0]}_FORMAT)
                    for n in ('{longest}','sub','Dockerfile'): t.add(n)
                    t.close()
                    """));
        }

        var body = await File.ReadAllBytesAsync(archive);
        Assert.Equal("succeeded", (await ResultAsync(await SendAsync(body, "application/x-tar")))["state"]!.GetValue<string>());
        await BuildKitTakesAsync(body);
    }

    [Fact]
    public async Task Multipart_form_builds_an_image()
    {
        var tag = $"containerapi-test/form:{Guid.NewGuid():n}";
        using var form = new MultipartFormDataContent
        {
            { new StringContent(tag), "tag" },
            { new StringContent($"{EngineFixture.Label}={fixture.Run}"), "label" },
            { new StringContent($"FROM {fixture.Image}\nCOPY . /ctx\nRUN test -s /ctx/a/ü.txt && test -d /ctx/a/b\n"), "file", "Dockerfile" },
            { new ByteArrayContent(new byte[500_000]), "file", "a/ü.txt" },
            { new ByteArrayContent([]), "file", "a/b/empty" },
        };

        var result = await ResultAsync(await fixture.Client.PostAsync("/images/build", form));

        Assert.True(Text(result, "state") == "succeeded", result.ToJsonString());
    }

    [Fact]
    public async Task The_engine_fetches_an_allowed_remote_context()
    {
        var archive = Archive.Tar(("Dockerfile", $"FROM {fixture.Image}\nLABEL {EngineFixture.Label}={fixture.Run}\nRUN true\n"));

        // The fixture's service allows only this server.
        using var server = new HttpListener();
        server.Prefixes.Add(EngineFixture.RemoteContexts);
        server.Start();
        var serving = ServeAsync(server, archive);

        var result = await ResultAsync(
            await fixture.Client.PostAsJsonAsync("/images/build", new { remote = EngineFixture.RemoteContexts + "context.tar" }));
        using var refused = await fixture.Client.PostAsJsonAsync(
            "/images/build",
            new { remote = EngineFixture.RemoteContexts.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "context.tar" });

        Assert.True(Text(result, "state") == "succeeded", result.ToJsonString());
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        server.Stop();
        await serving;
    }

    private static async Task ServeAsync(HttpListener server, byte[] content)
    {
        while (true)
        {
            try
            {
                var context = await server.GetContextAsync();
                context.Response.ContentType = "application/x-tar";
                context.Response.ContentLength64 = content.Length;
                await context.Response.OutputStream.WriteAsync(context.Request.HttpMethod == "HEAD" ? [] : content);
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>Sends the archive that the service produces directly to BuildKit, the strictest reader.</summary>
    private async Task BuildKitTakesAsync(byte[] body)
    {
        using var passed = new MemoryStream();
        await UploadedContext.From(System.IO.Pipelines.PipeReader.Create(new MemoryStream(body)), null, 1 << 30)(
            System.IO.Pipelines.PipeWriter.Create(passed), _ => { }, CancellationToken.None);
        using var content = new ByteArrayContent(passed.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        using var response = await fixture.Engine.PostAsync("build?version=2&nocache=1", content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(
            text.Contains("moby.image.id", StringComparison.Ordinal) && !text.Contains("errorDetail", StringComparison.Ordinal),
            text[..Math.Min(text.Length, 2000)]);
    }

    private async Task<HttpResponseMessage> SendAsync(byte[] context, string type)
    {
        using var content = new ByteArrayContent(context);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return await fixture.Client.PostAsync("/images/build", content);
    }

    private static async Task<JsonObject> ResultAsync(HttpResponseMessage response) => (await LinesAsync(response))[^1];

    private string At(string name) => Path.Combine(_directory, "context", name);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }
}
