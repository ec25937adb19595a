using System.Diagnostics;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>Cases in which the two builders differ: the service returns the same outcome or an error that names the reason.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuilderCasesTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Theory]
    [InlineData("classic", "gzip", "application/gzip")]
    [InlineData("classic", "bzip2", "application/x-bzip2")]
    [InlineData("classic", "xz", "application/x-xz")]
    [InlineData("classic", "zstd", "application/zstd")]
    [InlineData("buildkit", "gzip", "application/gzip")]
    [InlineData("buildkit", "bzip2", "application/x-bzip2")]
    [InlineData("buildkit", "xz", "application/x-xz")]
    [InlineData("buildkit", "zstd", "application/zstd")]
    public async Task Compressed_archive_builds(string builder, string packing, string type)
    {
        var archive = await PackAsync(
            packing,
            Tar(("Dockerfile", $"FROM {Fixture.Image}\nCOPY a /a\nRUN test -s /a && echo {Guid.NewGuid():n}\n"), ("a", new string('a', 300_000))));

        Succeeded(await BuildAsync(With(builder), archive, type));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Build_arguments_and_cache_images_reach_the_builder(string builder)
    {
        const string Dockerfile = "ARG A=default\nARG B=default\nARG C\nARG D\nRUN echo \"[$A][$B][$C][$D]\"\n";

        var lines = await BuildAsync(
            $"{With(builder)}&noCache=true&cacheFrom={Fixture.Image}&buildArg=A&buildArg=B=&buildArg=C=--x%3D%22y%22&buildArg=D=%C3%BC%20%24HOME",
            Tar(("Dockerfile", $"FROM {Fixture.Image}\n{Dockerfile}")));

        Succeeded(lines);
        Assert.Contains(lines, l => Text(l, "text") == "[default][][--x=\"y\"][ü $HOME]\n");
    }

    [Theory]
    [InlineData("RUN --mount=type=cache,target=/c touch /c/x && touch /was-there")]
    [InlineData("RUN --mount=type=bind,source=a,target=/m test -s /m")]
    [InlineData("RUN --mount=type=tmpfs,target=/t touch /t/x")]
    [InlineData("COPY --chmod=640 a /a\nRUN ls -l /a | head -c 10 && test \"$(ls -l /a | head -c 10)\" = \"-rw-r-----\"")]
    public async Task BuildKit_features_return_422_with_the_classic_builder(string instruction)
    {
        var context = Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo {Guid.NewGuid():n}\n{instruction}\n"), ("a", "a"));

        Succeeded(await BuildAsync(With("buildkit"), context));
        using var response = await SendAsync(With("classic"), context);

        var problem = await ProblemAsync(response, HttpStatusCode.UnprocessableEntity, "feature_unsupported");
        Assert.StartsWith("Line 3 of the Dockerfile: ", Text(problem, "detail"), StringComparison.Ordinal);
    }

    /// <summary>Engine 20.10 reads the text as instructions. Later engines build without it.</summary>
    [Theory]
    [InlineData("RUN cat <<EOF\nthe text\nEOF")]
    [InlineData("COPY a <<EOF /d/\nthe text\nEOF\nRUN cat /d/*")]
    public async Task Heredoc_that_the_classic_builder_ignores_is_a_warning(string instruction)
    {
        var context = Tar(("Dockerfile", $"FROM {Fixture.Image}\n{instruction}\n"), ("a", "a"));

        using var response = await SendAsync(With("classic"), context);

        if (!Fixture.Capabilities.HasNewDockerfileFrontend)
        {
            await ProblemAsync(response, HttpStatusCode.UnprocessableEntity, "feature_unsupported");
            return;
        }

        var lines = await LinesAsync(response);
        Succeeded(lines);
        Assert.Equal(2, Assert.Single(lines, l => Is(l, "warning"))["line"]!.GetValue<int>());
        Assert.DoesNotContain(lines, l => Is(l, "log") && Text(l, "text").Contains("the text", StringComparison.Ordinal));
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
