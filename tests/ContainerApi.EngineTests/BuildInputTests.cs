using System.Diagnostics;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>What a build reads beside its main context, and uploads that serve as directories.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildInputTests(EngineFixture fixture) : BuildCalls(fixture), IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("containerapi-input-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("buildkit", "tar")]
    [InlineData("buildkit", "form")]
    [InlineData("classic", "tar")]
    [InlineData("classic", "form")]
    public async Task Ignore_file_of_an_upload_applies_on_request(string builder, string kind)
    {
        const string Excluded = "! test -e /ctx/dir/lost && ! test -e /ctx/Dockerfile && ! test -e /ctx/.dockerignore";
        (string Name, string Text)[] files =
        [
            ("Dockerfile", $"FROM {Fixture.Image}\nCOPY . /ctx\nRUN test -s /ctx/dir/kept && {Excluded}\n"),
            (".dockerignore", "Dockerfile\n.dockerignore\ndir\n!dir/kept\n"), ("dir/kept", "k"), ("dir/lost", "l"),
        ];
        var query = $"ignoreFile=true&{With(builder)}";

        if (kind == "tar")
        {
            Succeeded(await BuildAsync(query, Tar(files)));
            return;
        }

        using var form = new MultipartFormDataContent();
        foreach (var (name, text) in files)
        {
            form.Add(new StringContent(text), "file", name);
        }

        Succeeded(await LinesAsync(await Fixture.Client.PostAsync("/images/build?" + query, form)));
    }

    [Fact]
    public async Task File_part_of_a_form_is_a_secret_of_any_bytes()
    {
        var step = "RUN --mount=type=secret,id=token test \"$(head -c 1 /run/secrets/token | od -An -tx1)\" = ' ff'";
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent([0xFF, 0, 1]), "secret:token", "token" },
            { new StringContent($"FROM {Fixture.Image}\n{step}\n"), "file", "Dockerfile" },
        };

        Succeeded(await LinesAsync(await Fixture.Client.PostAsync("/images/build?noCache=true&" + Labels, form)));
    }

    [Fact]
    public async Task Archives_of_a_form_are_named_contexts()
    {
        var dockerfile = $"FROM {Fixture.Image}\nCOPY --from=lib . /lib/\nCOPY --from=src a /\nRUN test \"$(cat /lib/dir/a /a)\" = 12\n";
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(Tar(("dir/a", "1"))), "context:lib", "lib.tar" },
            { new ByteArrayContent(Tar(("a", "2"), ("b", ""))), "context:src", "src.tar" },
            { new StringContent(dockerfile), "file", "Dockerfile" },
        };

        using var response = await Fixture.Client.PostAsync("/images/build?mode=wait&" + Labels, form);

        var text = await response.Content.ReadAsStringAsync();
        var isSupported = Fixture.Capabilities.NamedContextsUnavailableReason is null;
        Assert.True(response.StatusCode == (isSupported ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity), text);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public async Task Step_signs_with_the_key_that_it_does_not_see(string type)
    {
        await File.WriteAllTextAsync(
            Path.Combine(_directory, "Dockerfile"),
            $"FROM {Fixture.Image}\nCOPY . /\nRUN --mount=type=ssh /usr/bin/ssh-add -T /key.pub && /usr/bin/ssh-add -L && ! test -e /key\n"
                + $"RUN --mount=type=ssh,id=other,required=false test ! -S \"$SSH_AUTH_SOCK\"\n");
        await RunAsync(
            "sh", "-c",
            $"cd {_directory} && ssh-keygen -q -t {type} -N '' -C '' -f key && tar -chf context.tar Dockerfile key.pub /usr/bin/ssh-add "
                + "$(ldd /usr/bin/ssh-add | grep -o '/[^ ]*') 2>errors");
        var key = await File.ReadAllTextAsync(Path.Combine(_directory, "key"));

        var context = await File.ReadAllBytesAsync(Path.Combine(_directory, "context.tar"));
        var lines = await BuildAsync($"ssh={Uri.EscapeDataString("default=" + key)}&noCache=true&{Labels}", context);

        Succeeded(lines);
        var log = string.Concat(lines.Where(l => Is(l, "log")).Select(l => Text(l, "text")));
        var shown = await File.ReadAllTextAsync(Path.Combine(_directory, "key.pub"));
        Assert.Contains(shown.Split(' ')[1].Trim(), log, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Split('\n')[2], log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GIT_AUTH_TOKEN")]
    [InlineData("GIT_AUTH_HEADER")]
    [InlineData(null)]
    public async Task Git_context_needs_its_credentials(string? secret)
    {
        const string Token = "t0ken-of-the-repository";
        var credentials = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:" + Token));
        await File.WriteAllTextAsync(Path.Combine(_directory, "Dockerfile"), $"FROM {Fixture.Image}\nCOPY Dockerfile /from-git\n");
        await RunAsync(
            "sh", "-c",
            $"cd {_directory} && git init -q -b main . && git add Dockerfile && git -c user.name=t -c user.email=t@example.com commit -q -m t");
        using var server = new HttpListener();
        server.Prefixes.Add(EngineFixture.RemoteContexts);
        server.Start();
        var serving = ServeGitAsync(server, credentials);
        var value = secret == "GIT_AUTH_TOKEN" ? Token : credentials;
        var secrets = secret is null ? null : new Dictionary<string, string> { [secret] = value };
        var labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run };

        var lines = await LinesAsync(await Fixture.Client.PostAsJsonAsync(
            "/images/build", new { remote = EngineFixture.RemoteContexts + "repository.git#main", secrets, labels, builder = "buildkit" }));

        server.Stop();
        await serving;
        var text = string.Join('\n', lines.Select(l => l.ToJsonString()));
        // Engines of the test suites are installed without git.
        var expected = secret is null || text.Contains("\"feature_unsupported\"", StringComparison.Ordinal) ? "failed" : "succeeded";
        Assert.True(Text(lines[^1], "state") == expected, text);
        Assert.DoesNotContain(Token, text, StringComparison.Ordinal);
    }

    /// <summary>Serves the repository with git's own program, by its CGI protocol (RFC 3875).</summary>
    private async Task ServeGitAsync(HttpListener server, string credentials)
    {
        while (true)
        {
            try
            {
                var http = await server.GetContextAsync();
                if (!credentials.Equals(http.Request.Headers["Authorization"], StringComparison.OrdinalIgnoreCase))
                {
                    http.Response.StatusCode = 401;
                    http.Response.AddHeader("WWW-Authenticate", "Basic realm=git");
                    http.Response.Close();
                    continue;
                }

                await RunGitAsync(http);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task RunGitAsync(HttpListenerContext http)
    {
        var start = new ProcessStartInfo("git", ["http-backend"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in new[]
        {
            ("GIT_PROJECT_ROOT", _directory + "/.git"), ("GIT_HTTP_EXPORT_ALL", "1"), ("REMOTE_USER", "t"),
            ("REQUEST_METHOD", http.Request.HttpMethod),
            ("PATH_INFO", http.Request.Url!.AbsolutePath.Replace("/repository.git", "", StringComparison.Ordinal)),
            ("QUERY_STRING", http.Request.Url.Query.TrimStart('?')), ("CONTENT_TYPE", http.Request.ContentType ?? ""),
            ("GIT_PROTOCOL", http.Request.Headers["Git-Protocol"] ?? ""), ("HTTP_CONTENT_ENCODING", http.Request.Headers["Content-Encoding"] ?? ""),
        })
        {
            start.Environment[name] = value;
        }

        using var git = Process.Start(start)!;
        await http.Request.InputStream.CopyToAsync(git.StandardInput.BaseStream);
        git.StandardInput.Close();
        using var output = new MemoryStream();
        await git.StandardOutput.BaseStream.CopyToAsync(output);
        await git.WaitForExitAsync();
        var answer = output.ToArray();
        var end = answer.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (var header in Encoding.ASCII.GetString(answer, 0, end).Split("\r\n").Select(h => h.Split(": ", 2)))
        {
            if (header[0] == "Status")
            {
                http.Response.StatusCode = int.Parse(header[1].Split(' ')[0], CultureInfo.InvariantCulture);
            }
            else
            {
                http.Response.AddHeader(header[0], header[1]);
            }
        }

        await http.Response.OutputStream.WriteAsync(answer.AsMemory(end + 4));
        http.Response.Close();
    }
}
