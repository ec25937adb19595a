using System.IO.Pipelines;
using ContainerApi.Builds.Contexts;
using Microsoft.AspNetCore.WebUtilities;

namespace ContainerApi.Tests.Builds;

/// <summary>A build as a form, as curl, browsers and .NET send it.</summary>
public sealed class BuildFormReaderTests : BuildEndpointFixture
{
    private const string Dockerfile = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"Dockerfile\"\r\n\r\nFROM scratch\n\r\n";

    [Fact]
    public async Task Parameters_and_files_become_a_build()
    {
        var body = Field("tag", "app:v1") + Field("tag", "app:v2") + Field("buildArg", "A=b\r\nc") + Field("noCache", "true")
            + File("docker/prod", "FROM scratch\n") + File("a/b/c.txt", "C") + File("a/d", "") + File("./é/🐋 %22.txt", "whale") + End;

        await SucceedsAsync(body, query: "dockerfile=docker/prod");

        Assert.Equal(["app:v1", "app:v2"], _built.Spec!.Tags.Select(t => t.ToString()));
        Assert.Equal(("docker/prod", true, "b\r\nc"), (_built.Spec.Dockerfile, _built.Spec.NoCache, _built.Spec.BuildArguments["A"]));
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["docker/"] = "",
                ["docker/prod"] = "FROM scratch\n",
                ["a/"] = "",
                ["a/b/"] = "",
                ["a/b/c.txt"] = "C",
                ["a/d"] = "",
                ["é/"] = "",
                ["é/🐋 %22.txt"] = "whale",
            },
            _built.Files!.Where(e => e.Key != "./").ToDictionary());
    }

    [Fact]
    public async Task Form_of_the_dotnet_client_is_built()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("app:v1"), "tag" },
            { new ByteArrayContent("FROM scratch\n"u8.ToArray()), "file", "Dockerfile" },
            { new ByteArrayContent("x"u8.ToArray()), "file", "ä/b.txt" },
        };

        using var response = await _api.Client.PostAsync("/images/build", form);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("succeeded", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("x", _built.Files!["ä/b.txt"]);
    }

    [Fact]
    public async Task Large_file_is_built_and_leaves_no_temporary_file()
    {
        var large = new string('x', 1_500_000);

        await SucceedsAsync(Dockerfile + File("large", large) + File("after", "y") + End);

        Assert.Equal((large, "y"), (_built.Files!["large"], _built.Files["after"]));
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "containerapi-form-*"));
    }

    [Theory]
    [InlineData("context.tar", "", "Send an archive as the body")]
    [InlineData("a/context.TGZ", "", "Send an archive as the body")]
    [InlineData("context.txt", "", "does not contain 'Dockerfile'")]
    [InlineData("context.tar", "dockerfile=context.tar", "Unknown instruction")]
    public async Task Archive_in_place_of_files_is_explained(string name, string query, string why) =>
        Assert.Contains(why, await RefusalAsync(File(name, "x") + End, "invalid_dockerfile", query), StringComparison.Ordinal);

    [Theory]
    [InlineData("../x", "points outside")]
    [InlineData("a/../../x", "points outside")]
    [InlineData("/etc/passwd", "absolute name")]
    [InlineData(@"C:\x", "backslash")]
    [InlineData(@"..\x", "backslash")]
    [InlineData("", "without a file name")]
    [InlineData("a/", "not a valid file name")]
    [InlineData(".", "not a valid file name")]
    [InlineData("Dockerfile", "twice")]
    [InlineData("./Dockerfile", "twice")]
    [InlineData("Dockerfile/x", "a file and a directory")]
    public async Task Invalid_file_name_is_a_problem_with_the_reason(string name, string why) =>
        Assert.Contains(why, await RefusalAsync(Dockerfile + File(name, "x") + End, "invalid_context"), StringComparison.Ordinal);

    [Fact]
    public async Task Directory_that_is_also_a_file_is_a_problem() =>
        Assert.Contains("a file and a directory", await RefusalAsync(Dockerfile + File("a/b", "x") + File("a", "x") + End, "invalid_context"));

    [Theory]
    [InlineData("", "truncated")]
    [InlineData("--b--\r\n", "no file")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"tag\"\r\n\r\nx\r\n--b--\r\n", "no file")]
    [InlineData("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", "must have a name")]
    [InlineData("--b\r\n\r\nx\r\n--b--\r\n", "must have a name")]
    [InlineData("--c\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nx\r\n--c--\r\n", "truncated")]
    [InlineData(Dockerfile, "truncated")]
    [InlineData(Dockerfile + "--b", "truncated")]
    [InlineData(
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"Dockerfile\"\r\n\r\nFROM scr", "truncated or damaged in 'Dockerfile'")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"tag\"\r\n\r\na", "truncated or damaged in the parameter 'tag'")]
    [InlineData("--b\r\nContent-Dispo", "truncated")]
    public async Task Invalid_form_is_a_problem_with_the_reason(string body, string why) =>
        Assert.Contains(why, await RefusalAsync(body, "invalid_context"), StringComparison.Ordinal);

    [Theory]
    [InlineData("nope", "1", "", "nope")]
    [InlineData("tag", "Upper", "", "tag")]
    [InlineData("tag", "a:1", "tag=b:1", "tag")]
    [InlineData("target", "a", "target=a", "target")]
    [InlineData("target", "a b", "", "target")]
    public async Task Invalid_parameter_is_named_in_the_problem(string name, string value, string query, string field)
    {
        using var response = await PostAsync(Field(name, value) + Dockerfile + End, query);
        var problem = await response.ReadJsonAsync(HttpStatusCode.BadRequest);

        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Parameter_after_a_file_is_named_in_the_problem()
    {
        using var response = await PostAsync(Dockerfile + Field("Tag", "a:1") + End);
        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(["Tag"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Theory]
    [InlineData("path")]
    [InlineData("remote")]
    public async Task Second_context_is_named_in_the_problem(string name)
    {
        using var response = await PostAsync(Field(name, "x") + Dockerfile + End);
        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal([name, "files"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Repeated_late_or_long_parameter_is_a_problem()
    {
        foreach (var (body, error) in new[]
        {
            (Field("target", "a") + Field("target", "b") + Dockerfile + End, "target must be given once"),
            (Dockerfile + Field("tag", "a") + End, "tag is a parameter after a file"),
            (Field("target", new string('x', 70_000)) + Dockerfile + End, "target must have at most 65536 bytes"),
        })
        {
            Assert.Contains(error, await RefusalAsync(body, "invalid_request"));
        }
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=\"\"")]
    public async Task Missing_boundary_is_a_problem(string type)
    {
        using var response = await PostAsync(Dockerfile + End, type: type);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context");
        Assert.StartsWith("The boundary in the content type is missing.", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_large_form_is_refused_before_its_end()
    {
        // The rest never comes.
        var reader = new MultipartReader("b", new Endless(Encoding.UTF8.GetBytes(Dockerfile + File("large", new string('x', 2_100_000)))));
        var first = await reader.ReadNextSectionAsync();
        var sent = new MemoryStream();

        var refused = await Assert.ThrowsAsync<ApiException>(() =>
            MultipartContext.From(reader, first!, null, 2_000_000)(PipeWriter.Create(sent), _ => { }, CancellationToken.None)
                .WaitAsync(TimeSpan.FromSeconds(60)));

        Assert.Equal(ErrorCode.ContextTooLarge, refused.Code);
    }

    private const string End = "--b--\r\n";

    private static string Field(string name, string value) => $"--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n";

    private static string File(string name, string content) =>
        $"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n{content}\r\n";

    private async Task SucceedsAsync(string body, string query = "")
    {
        using var response = await PostAsync(body, query);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Contains("succeeded", text, StringComparison.Ordinal);
    }

    private async Task<string> RefusalAsync(string body, string code, string query = "")
    {
        using var response = await PostAsync(body, query);
        return (await response.ReadProblemAsync(HttpStatusCode.BadRequest, code)).GetProperty("detail").GetString()!;
    }

    private async Task<HttpResponseMessage> PostAsync(string body, string query = "", string type = "multipart/form-data; boundary=b")
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return await _api.Client.PostAsync("/images/build?" + query, content);
    }

    /// <summary>A body that begins and does not end.</summary>
    private sealed class Endless(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Read(buffer.Span);
            if (read == 0)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return read;
        }
    }
}
