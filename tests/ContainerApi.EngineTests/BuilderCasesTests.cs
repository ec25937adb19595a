using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>Cases in which the two builders differ: the service returns the same outcome or an error that names the reason.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuilderCasesTests(EngineFixture fixture)
{
    public static TheoryData<string> Builders => ["classic", "buildkit"];

    public static TheoryData<string, string> Packings
    {
        get
        {
            var packings = new TheoryData<string, string>();
            foreach (var packing in new[] { "gzip", "bzip2", "xz", "zstd" })
            {
                packings.Add("classic", packing);
                packings.Add("buildkit", packing);
            }

            return packings;
        }
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task A_compressed_archive_builds(string builder, string packing)
    {
        var archive = await PackAsync(
            packing,
            Tar(("Dockerfile", $"FROM {fixture.Image}\nCOPY a /a\nRUN test -s /a && echo {Guid.NewGuid():n}\n"), ("a", new string('a', 300_000))));

        var (status, last, text) = await BuildAsync(
            $"builder={builder}", archive,
            packing == "gzip" ? "application/gzip" : packing == "zstd" ? "application/zstd" : "application/x-" + packing);

        Assert.True(status == HttpStatusCode.OK && last["state"]!.GetValue<string>() == "succeeded", text);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Invalid_build_arguments_and_cache_images_are_named(string builder)
    {
        foreach (var (query, code, field) in new[]
        {
            ("buildArg=1X=y", "invalid_request", "buildArg[0]"),
            ("buildArg={\"a\":1}", "invalid_request", "buildArg[0]"),
            ("buildArg=--help", "invalid_request", "buildArg[0]"),
            ("cacheFrom=UPPER:x", "invalid_reference", "cacheFrom[0]"),
            ("cacheFrom=[", "invalid_reference", "cacheFrom[0]"),
        })
        {
            var (status, last, text) = await BuildAsync($"builder={builder}&{query}", Tar(("Dockerfile", "FROM scratch\nLABEL a=b\n")));

            Assert.True((status, last["code"]?.GetValue<string>()) == (HttpStatusCode.BadRequest, code), text);
            Assert.NotNull(last["errors"]![field]);
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Build_arguments_and_cache_images_reach_the_builder(string builder)
    {
        const string Dockerfile = "ARG A=default\nARG B=default\nARG C\nARG D\nRUN echo \"[$A][$B][$C][$D]\"\n";

        var (_, last, text) = await BuildAsync(
            $"builder={builder}&noCache=true&cacheFrom={fixture.Image}&buildArg=A&buildArg=B=&buildArg=C=--x%3D%22y%22&buildArg=D=%C3%BC%20%24HOME",
            Tar(("Dockerfile", $"FROM {fixture.Image}\n{Dockerfile}")));

        Assert.True(last["state"]?.GetValue<string>() == "succeeded", text);
        Assert.Contains(
            "[default][][--x=\\\"y\\\"][ü $HOME]",
            text.Replace("\\u0022", "\\\"", StringComparison.Ordinal).Replace("\\u00FC", "ü", StringComparison.Ordinal),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RUN --mount=type=cache,target=/c touch /c/x && touch /was-there")]
    [InlineData("RUN --mount=type=bind,source=a,target=/m test -s /m")]
    [InlineData("RUN --mount=type=tmpfs,target=/t touch /t/x")]
    [InlineData("COPY --chmod=640 a /a\nRUN ls -l /a | head -c 10 && test \"$(ls -l /a | head -c 10)\" = \"-rw-r-----\"")]
    public async Task BuildKit_features_return_422_with_the_classic_builder(string instruction)
    {
        var context = Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN echo {Guid.NewGuid():n}\n{instruction}\n"), ("a", "a"));

        var (_, built, text) = await BuildAsync("builder=buildkit", context);
        var (status, refused, refusal) = await BuildAsync("builder=classic", context);

        Assert.True(built["state"]?.GetValue<string>() == "succeeded", text);
        Assert.True((status, refused["code"]?.GetValue<string>()) == (HttpStatusCode.UnprocessableEntity, "feature_unsupported"), refusal);
        Assert.StartsWith("Line 3 of the Dockerfile: ", refused["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    /// <returns>The status, the last line or problem, and the whole answer.</returns>
    private async Task<(HttpStatusCode Status, JsonNode Last, string Text)> BuildAsync(
        string query, byte[] context, string type = "application/x-tar")
    {
        using var content = new ByteArrayContent(context);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var response = await fixture.Client.PostAsync($"/images/build?{query}&label={EngineFixture.Label}={fixture.Run}", content);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!, text);
    }

    private static async Task<byte[]> PackAsync(string packing, byte[] archive)
    {
        using var packed = new MemoryStream();
        if (packing == "zstd")
        {
            await using (var zstd = new SharpCompress.Compressors.ZStandard.CompressionStream(packed, leaveOpen: true))
            {
                await zstd.WriteAsync(archive);
            }

            return packed.ToArray();
        }

        using var program = Process.Start(new ProcessStartInfo(packing, ["-c"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var reading = program.StandardOutput.BaseStream.CopyToAsync(packed);
        await program.StandardInput.BaseStream.WriteAsync(archive);
        program.StandardInput.Close();
        await reading;
        await program.WaitForExitAsync();
        Assert.Equal(0, program.ExitCode);
        return packed.ToArray();
    }
}
