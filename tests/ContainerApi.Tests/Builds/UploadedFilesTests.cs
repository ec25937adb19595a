using System.Formats.Tar;
using System.IO.Compression;

namespace ContainerApi.Tests.Builds;

/// <summary>Uploads that serve as directories, and files of a form that are not entries of its context.</summary>
public sealed class UploadedFilesTests : BuildEndpointFixture
{
    private const string End = "--b--\r\n";
    private static readonly (string Name, string Text)[] Entries =
        [("a.log", "l"), ("app", "x"), ("dir/kept", "k"), ("dir/lost", "l"), (".dockerignore", "*.log\nDockerfile\n.dockerignore\ndir\n!dir/kept\n")];

    /// <summary>The directories that the engine got: paths and contents, null for what is no file.</summary>
    private readonly Dictionary<string, Dictionary<string, string?>> _directories = [];

    public UploadedFilesTests()
    {
        _engine.ApiVersion = "1.51";
        _engine.BuildInput = (_, input) =>
        {
            foreach (var (name, directory) in input.Directories?.ByName ?? new Dictionary<string, ISyncedDirectory>())
            {
                _directories[name] = directory.Find([], CancellationToken.None).ToDictionary(e => e.Path, e => Read(directory, e));
            }
        };
    }

    [Theory]
    [InlineData("tar", true)]
    [InlineData("form", true)]
    [InlineData("tar", false)]
    [InlineData("form", false)]
    public async Task Ignore_file_in_an_upload_applies_on_request(string kind, bool applies)
    {
        var form = Part("f", "Dockerfile", "FROM scratch\n") + string.Concat(Entries.Select(e => Part("f", e.Name, e.Text))) + End;
        await SucceedsAsync(kind == "tar" ? Tar(Entries) : Encoding.UTF8.GetBytes(form), kind, $"ignoreFile={(applies ? "true" : "false")}");

        // What a builder reads is in an archive, and not in the directory.
        var sent = _built.Files!.Keys.Where(name => !name.EndsWith('/')).Order(StringComparer.Ordinal);
        Assert.Equal(
            applies ? ".dockerignore,Dockerfile,app,dir/kept" : ".dockerignore,Dockerfile,a.log,app,dir/kept,dir/lost", string.Join(',', sent));
        Assert.Equal("k", _built.Files["dir/kept"]);
        Assert.Equal(applies ? "[app, x][dir, ][dir/kept, k]" : "", string.Concat(_directories.GetValueOrDefault("context") ?? []));
        Assert.Equal(applies ? "[Dockerfile, FROM scratch\n]" : "", string.Concat(_directories.GetValueOrDefault("dockerfile") ?? []));
    }

    [Theory]
    [InlineData("dockerfile=docker/prod", "docker/prod.dockerignore", "app")]
    [InlineData("", "Dockerfile.dockerignore", "app")]
    [InlineData("dockerfile=FROM%20scratch%0A", "Dockerfile.dockerignore", "Dockerfile,Dockerfile.dockerignore,app,docker,docker/prod")]
    public async Task Ignore_file_of_the_Dockerfile_replaces_that_of_the_root(string query, string name, string expected)
    {
        await SucceedsAsync(
            Tar((".dockerignore", ".*"), ("docker/prod", "FROM scratch\n"), ("app", "x"), (name, "*\n!app\n")), "tar", "ignoreFile=true&" + query);

        Assert.Equal(expected, string.Join(',', Paths("context")));
    }

    [Theory]
    [InlineData("a:hard:app", "app,copy")]
    [InlineData("", "app")]
    [InlineData("link:sym:app", "app,link")]
    public async Task Entries_of_an_archive_are_those_of_the_directory_that_it_becomes(string entry, string expected)
    {
        var archive = Archive(writer =>
        {
            Write(writer, new PaxTarEntry(TarEntryType.RegularFile, "app"), "x");
            Write(writer, new PaxTarEntry(TarEntryType.RegularFile, ".dockerignore"), "Dockerfile\n.dockerignore\n");
            Write(writer, new PaxTarEntry(TarEntryType.RegularFile, "Dockerfile"), "FROM scratch\n");
            if (entry.Split(':') is [_, var kind, var target])
            {
                var type = kind == "sym" ? TarEntryType.SymbolicLink : TarEntryType.HardLink;
                writer.WriteEntry(new PaxTarEntry(type, kind == "sym" ? "link" : "copy") { LinkName = target });
            }
        });

        await SucceedsAsync(archive, "tar", "ignoreFile=true");

        Assert.Equal(expected, string.Join(',', Paths("context")));
        Assert.Equal(entry.Contains("hard", StringComparison.Ordinal), _built.Files!.GetValueOrDefault("copy") == "x");
    }

    [Theory]
    [InlineData("[", "is invalid")]
    [InlineData("\0", "UTF-16")]
    [InlineData(null, "not a file")]
    public async Task Invalid_ignore_file_is_a_problem(string? text, string why)
    {
        var archive = text is not null ? Tar((".dockerignore", text)) : Archive(writer =>
        {
            Write(writer, new PaxTarEntry(TarEntryType.RegularFile, "Dockerfile"), "FROM scratch\n");
            writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, ".dockerignore"));
        });

        Assert.Contains(why, await RefusalAsync(archive, "tar", "ignoreFile=true"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,a/b", "not a directory")]
    [InlineData("a/b,a", "both a file and a directory")]
    [InlineData("hard", "not a file before it")]
    public async Task Archive_that_is_no_directory_is_a_problem(string names, string why)
    {
        var archive = Archive(writer =>
        {
            Write(writer, new PaxTarEntry(TarEntryType.RegularFile, "Dockerfile"), "FROM scratch\n");
            foreach (var name in names.Split(','))
            {
                if (name == "hard")
                {
                    writer.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "x") { LinkName = "later" });
                }

                Write(writer, new PaxTarEntry(TarEntryType.RegularFile, name), "");
            }
        });

        Assert.Contains(why, await RefusalAsync(archive, "tar", "ignoreFile=true"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ignore_file_does_not_apply_to_a_remote_context()
    {
        using var response = await PostJsonAsync("""{"remote":"https://git.example.com/team/a.git","ignoreFile":true}""");

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(["ignoreFile"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Secrets_and_keys_of_a_form_are_files_or_values()
    {
        var body = Part("secret:token", "t", "v\0") + Part("secret:token.b", null, "w") + Part("secret", null, "c=x")
            + Part("ssh:default", "k", TestKeys.Ed25519Text) + Part("dockerfile", null, "FROM scratch\n") + End;

        await SucceedsAsync(Encoding.UTF8.GetBytes(body), "form");

        Assert.Equal(
            [("c", "x"), ("token", "v\0"), ("token.b", "w")],
            _built.Spec!.Secrets.Select(s => (s.Key, Encoding.UTF8.GetString(s.Value))).Order());
        Assert.Equal(TestKeys.Ed25519.Public, Assert.Single(_built.Spec.SshKeys["default"]).Public);
        Assert.Equal(["Dockerfile"], _built.Files!.Keys);
    }

    [Theory]
    [InlineData("secret:", "x")]
    [InlineData("secret:a b", "x")]
    [InlineData("secret:a", "long")]
    [InlineData("secret:a", "twice")]
    [InlineData("secret:a", "also a value")]
    [InlineData("ssh:default", "no key")]
    [InlineData("context:A", "x")]
    public async Task Invalid_file_of_a_form_is_refused_by_its_name(string name, string text)
    {
        var second = text == "twice" ? Part(name, "file", "x") : text == "also a value" ? Part(name, null, "x") : "";
        var body = Part(name, "file", text == "long" ? new string('x', 512_001) : text) + second + Part("f", "Dockerfile", "FROM scratch\n") + End;

        using var response = await PostAsync("", Encoding.UTF8.GetBytes(body), "multipart/form-data; boundary=b");

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([name.Split(':')[0]], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name.Split(':', '[')[0]));
    }

    [Theory]
    [InlineData("secret", "secret:ID")]
    [InlineData("Secret:a", "secret:ID")]
    [InlineData("secrets:a", "secret:ID")]
    [InlineData("ssh", "ssh:ID")]
    [InlineData("contexts", "context:NAME")]
    [InlineData("context=lib", "context:NAME")]
    [InlineData("secret:a", "after a file", true)]
    [InlineData("ssh:default", "after a file", true)]
    [InlineData("context:lib", "after a file", true)]
    [InlineData("secrets:a", "secret:ID", true)]
    [InlineData("secret:a", "after a file", true, true)]
    public async Task Parameter_does_not_become_a_file_of_the_context(string name, string why, bool isLate = false, bool hasContext = false)
    {
        var (file, parameter) = (Part("f", "Dockerfile", "FROM scratch\n"), Part(name, "token", "private"));
        var context = hasContext ? Concat(Head("context:lib", "x"), Tar(), "\r\n") : [];
        var body = Concat(context, isLate && !hasContext ? file + parameter : parameter + file, End);

        using var response = await PostAsync("", body, "multipart/form-data; boundary=b");

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains(why, problem.GetProperty("errors").GetProperty(name)[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Archives_of_a_form_are_named_contexts(bool hasFiles)
    {
        var lib = Tar(("lib/a", "1"), ("ignored", ""), (".dockerignore", "ignored\n"));
        var body = Concat(
            Part("context:other", null, "docker-image://alpine:3"), hasFiles ? "" : Part("dockerfile", null, "FROM scratch\n"),
            Head("context:lib", "lib.tar"), Gzip(lib), "\r\n", Head("context:src", "src.tar"), Tar(), "\r\n",
            hasFiles ? Part("f", "Dockerfile", "FROM scratch\n") : "", End);

        await SucceedsAsync(body, "form", hasFiles ? "ignoreFile=true" : "");

        var contexts = _built.Spec!.Contexts;
        Assert.Equal(["lib", "other", "src"], contexts.Keys.Order());
        var key = contexts["lib"]["local:".Length..];
        Assert.Equal(
            hasFiles ? ".dockerignore,Dockerfile,lib,lib/a" : ".dockerignore,Dockerfile,ignored,lib,lib/a", string.Join(',', Paths(key)));
        Assert.Equal("1", _directories[key]["lib/a"]);
        Assert.Equal("FROM scratch\n", _built.Files!["Dockerfile"]);
    }

    [Theory]
    [InlineData("not an archive", "invalid_context")]
    [InlineData("absolute", "invalid_context")]
    [InlineData("twice", "invalid_request")]
    [InlineData("large", "context_too_large")]
    [InlineData("cut", "invalid_context")]
    [InlineData("alone", "invalid_context")]
    public async Task Archive_that_cannot_be_a_context_is_a_problem(string what, string code)
    {
        var archive = what switch
        {
            "absolute" => Tar(("/etc/passwd", "")),
            "large" => Tar(("a", new string('x', 1_200_000))),
            "not an archive" => Encoding.UTF8.GetBytes(what),
            _ => Tar(),
        };
        var second = what is "twice" or "large" ? Concat(Head(what == "twice" ? "context:lib" : "context:b", "x"), archive, "\r\n") : [];
        var rest = what is "cut" or "alone" ? "" : Part("f", "Dockerfile", "FROM scratch\n");
        var body = Concat(Head("context:lib", "x"), archive, "\r\n", second, rest, what == "cut" ? "" : End);

        using var response = await PostAsync("", body, "multipart/form-data; boundary=b");

        var problem = await response.ReadJsonAsync(response.StatusCode);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(what is "not an archive" or "absolute" or "cut", problem.GetRawText().Contains("\"context:lib\":[\"", StringComparison.Ordinal)
            && problem.GetProperty("detail").GetString()!.StartsWith("Part 'context:lib': ", StringComparison.Ordinal));
        Assert.Null(_built.Spec);
    }

    private IEnumerable<string> Paths(string directory) => _directories[directory].Keys;

    /// <summary>Reads a file, which ends with the build.</summary>
    private static string? Read(ISyncedDirectory directory, SyncedEntry entry) => entry.Kind != SyncedKind.File ? null
        : new StreamReader(directory.OpenRead(entry)).ReadToEndAsync().GetAwaiter().GetResult();

    private async Task SucceedsAsync(byte[] body, string kind, string query = "")
    {
        using var response = await PostAsync(query, body, TypeOf(kind));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(text.Contains("succeeded", StringComparison.Ordinal), text);
    }

    private async Task<string> RefusalAsync(byte[] body, string kind, string query)
    {
        using var response = await PostAsync(query, body, TypeOf(kind));
        return (await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context")).GetProperty("detail").GetString()!;
    }

    private static string TypeOf(string kind) => kind == "tar" ? "application/x-tar" : "multipart/form-data; boundary=b";

    private static string Part(string name, string? file, string text) =>
        Head(name, file) + text + "\r\n";

    private static string Head(string name, string? file) =>
        $"--b\r\nContent-Disposition: form-data; name=\"{name}\"{(file is null ? "" : $"; filename=\"{file}\"")}\r\n\r\n";

    private static byte[] Concat(params object[] parts) =>
        [.. parts.SelectMany(part => part is string text ? Encoding.UTF8.GetBytes(text) : (byte[])part)];

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }

    private static byte[] Archive(Action<TarWriter> write)
    {
        using var output = new MemoryStream();
        using (var writer = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true))
        {
            write(writer);
        }

        return output.ToArray();
    }

    private static void Write(TarWriter writer, PaxTarEntry entry, string text)
    {
        entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        writer.WriteEntry(entry);
    }
}
