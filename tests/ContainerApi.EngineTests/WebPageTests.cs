using System.Security.Cryptography;
using ContainerApi.Builds.Contexts;
using Deque.AxeCore.Commons;

namespace ContainerApi.EngineTests;

/// <summary>The web page in a browser, with the real service and engine.</summary>
[Collection(EngineCollection.Name)]
public sealed class WebPageTests(EngineFixture fixture) : WebPageCalls(fixture)
{
    /// <summary>Text that would run a script if it became HTML.</summary>
    private const string Hostile = "<img src=x onerror=\"window.hostile=1\">";

    private const string Project = "com.docker.compose.project";

    [Fact]
    public async Task List_is_live_and_shows_hostile_text_as_text()
    {
        var name = Fixture.UniqueName("page");
        var id = await Fixture.CreateAsync(
            new { Cmd = new[] { "sleep", "1000" }, Labels = new Dictionary<string, string> { [Project] = Hostile } }, name);
        await using var page = await OpenAsync($"#/containers?q={name}");

        Assert.Contains(Hostile, await TextAsync(page, $"rowOf('{name}')"), StringComparison.Ordinal);
        await page.EvaluateAsync("enter('select', 'project')");
        Assert.Equal(Hostile, await TextAsync(page, "document.querySelector('.group-name')"));
        // CPU needs two samples.
        await page.EvaluateAsync($"until(() => / %/.test(rowOf('{name}')?.querySelector('.column-cpu').textContent))");

        await Fixture.SleepAsync(name + "-b");
        await page.EvaluateAsync($"until(() => rowOf('{name}-b'))");
        await page.EvaluateAsync("press('th button', 'Name')");
        Assert.Equal("descending", await TextAsync(page, "document.querySelector('th.column-name')", "getAttribute('aria-sort')"));
        await Fixture.PostAsync($"containers/{id}/kill");
        await page.EvaluateAsync($"until(() => rowOf('{name}')?.className === 'stopped')");
        await page.EvaluateAsync($"enter('#filter', 'state:exited {name}')");
        await page.EvaluateAsync($"until(() => rowOf('{name}') && !rowOf('{name}-b'))");

        Assert.Equal(0, (await page.EvaluateAsync("all('main img').length"))!.GetValue<int>());
        Assert.Null(await page.EvaluateAsync("window.hostile ?? null"));
        AssertClean(page);
    }

    [Fact]
    public async Task Container_is_killed_committed_and_removed()
    {
        var name = Fixture.UniqueName("page");
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "echo x > /new-file; sleep 1000" } }, name);
        var tag = Tag();
        await using var page = await OpenAsync($"#/containers/local/{id}");
        await page.EvaluateAsync("until(() => all('.panel .mono', 'sleep 1000')[0])");

        await page.EvaluateAsync("press('.actions button', 'Kill').then(() => press('dialog button.danger', 'Kill'))");
        await page.EvaluateAsync("until(() => all('.head .badge', 'Exited (137)')[0] && all('.actions button', 'Start')[0])");
        await page.EvaluateAsync($"press('.actions button', 'Commit').then(() => until(() => all('dialog .output', '/new-file')[0]))");
        await page.EvaluateAsync($"enter('#commit-tag', '{tag}'), press('dialog .primary', 'Commit')");
        await page.EvaluateAsync($"until(() => all('.message', '{tag}')[0])");
        Assert.NotNull(await InspectAsync(tag));

        // The name must be typed.
        await page.EvaluateAsync("press('.actions button', 'Remove').then(() => until(() => document.querySelector('#typed')))");
        Assert.True((await page.EvaluateAsync("document.querySelector('dialog .danger').disabled"))!.GetValue<bool>());
        await page.EvaluateAsync($"enter('#typed', '{name}'), press('dialog .danger', 'Remove')");
        await page.EvaluateAsync("until(() => location.hash === '#/containers' && document.querySelector('.containers'))");
        await Fixture.AssertNoContainerAsync(id);
        AssertClean(page);
    }

    [Fact]
    public async Task Log_is_followed_and_searched()
    {
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", $"echo 'ERROR {Hostile}'; while :; do echo tick; sleep 1; done" } });
        await using var page = await OpenAsync($"#/containers/local/{id}?tab=logs");

        Assert.Equal("ERROR " + Hostile, await TextAsync(page, "document.querySelector('.log-line.level-error')", "lastChild.textContent"));
        await page.EvaluateAsync("until(() => all('.log-line', 'tick').length > 2)");
        await page.EvaluateAsync("enter('.log-view input[type=search]', 'error')");
        Assert.Equal("ERROR", await TextAsync(page, "document.querySelector('.log-line:not([hidden]) mark')"));
        Assert.Equal(1, (await page.EvaluateAsync("all('.log-line:not([hidden])').length"))!.GetValue<int>());

        Assert.Equal(0, (await page.EvaluateAsync("all('main img').length"))!.GetValue<int>());
        AssertClean(page);
    }

    [Fact]
    public async Task Colors_of_a_log_are_classes_and_other_sequences_are_removed()
    {
        const string lines = @"\033[1;31mred\033[0m %s\n\033]0;title\007\033[2Kplain \033[38;5;46;7mground\033[27mtext\n";
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "printf", lines, Hostile } });
        await using var page = await OpenAsync($"#/containers/local/{id}?tab=logs");

        Assert.Equal("color-red text-bold", await TextAsync(page, "all('.log-line span', 'red')[0]", "className"));
        Assert.Equal($"red {Hostile}", await TextAsync(page, "all('.log-line', 'red')[0]", "textContent.slice(19)"));
        Assert.Equal("ground-green", await TextAsync(page, "all('.log-line span', 'ground')[0]", "className"));
        Assert.Equal("color-green", await TextAsync(page, "all('.log-line span', 'text')[0]", "className"));
        Assert.Equal("plain groundtext", await TextAsync(page, "all('.log-line', 'plain')[0]", "textContent.slice(19)"));

        await page.EvaluateAsync("enter('.log-view input[type=search]', 'NDTE')");
        Assert.Equal("nd", await TextAsync(page, "all('mark')[1] && all('mark')[0]"));
        Assert.Equal(0, (await page.EvaluateAsync("all('main img').length"))!.GetValue<int>());
        AssertClean(page);
    }

    [Fact]
    public async Task Dropped_folder_is_built_without_its_ignored_files()
    {
        var longName = new string('n', 120) + "-ü.txt";
        var folder = Folder(
            ("Dockerfile", $"FROM {Fixture.Image}\n{MyLabel}\nCOPY . /context\nRUN ls /context && echo /context/sub/*\n"),
            (".dockerignore", "*.log\n!keep.log\nmodules\nDockerfile\n"), ("keep.log", "k"), ("drop.log", "d"), ("modules/lib/index", "m"),
            ("sub/" + longName, "x"));
        var tag = Tag();
        await using var page = await OpenAsync("#/builds");
        await page.EvaluateAsync("until(() => document.querySelector('.drop') && document.querySelector('#build-engine').value)");

        await page.DropAsync(".drop", folder);
        Assert.Contains("4 files", await TextAsync(page, "document.querySelector('.chosen')"), StringComparison.Ordinal);
        await page.EvaluateAsync($"enter('#build-tag', '{tag}'), press('#build-start', 'Build')");

        var result = await TextAsync(page, "all('.result').find(r => r.textContent)");
        Assert.Contains(tag, result, StringComparison.Ordinal);
        var output = await TextAsync(page, "all('.step pre', 'keep.log')[0]");
        Assert.Contains(longName, output, StringComparison.Ordinal);
        Assert.DoesNotContain("drop.log", output, StringComparison.Ordinal);
        Assert.DoesNotContain("modules", output, StringComparison.Ordinal);
        Assert.NotNull(await InspectAsync(tag));
        await page.EvaluateAsync("until(() => all('.plain .badge', 'succeeded')[0])");
        AssertClean(page);
    }

    [Fact]
    public async Task Ignore_files_mean_the_same_in_the_browser_as_in_the_service()
    {
        string[] files =
        [
            "a/b\n!a", "**/*.log\n!logs", "a[^a]b", @"a\d", "a^b*", "a^b", "**foo*", "**foo", "../foo", "/../foo", "***", "foo/",
            "*\n!a\na/b", "*.md", "*/*.md", "a?c", "a/**", "a/**/b", "**/b", "a*b**/c", "[a-c]x", @"\*", @"[\]]",
            "*\n!keep", "a\n!a/b", "#foo", " #foo", "!a\na", ".", "/",
        ];
        string[] paths =
        [
            "a", "a/b", "a/b/c", "a/x/b", "ab", "a5", "abc", "a^b", "a^bc", "foo", "xfoo", "foo/bar", "bar/foo", "logs/a.log", "x/y.log", "README.md",
            "docs/README.md", "axb/y/c", "bx", "*", "]", "keep", "keep/below", "#foo", "a\nb", "a.c", "foo1",
        ];
        await using var page = await OpenAsync("");
        var cases = JsonSerializer.Serialize(files) + ", " + JsonSerializer.Serialize(paths);

        var ignored = await page.EvaluateAsync($"""
            import('/ui/ignore.js').then(m => ((files, paths) =>
              files.flatMap(f => paths.filter(p => m.parseIgnoreFile(f).ignores(p)).map(p => f + ' > ' + p)))({cases}))
            """);

        var expected = files.SelectMany(f => paths.Where(p => Excludes(DockerIgnore.Parse(f), p)).Select(p => f + " > " + p));
        Assert.Equal(expected, ignored!.AsArray().Select(i => i!.GetValue<string>()));
    }

    [Fact]
    public async Task Failed_build_shows_its_output_and_exit_code()
    {
        await using var page = await OpenAsync("#/builds");
        var dockerfile = JsonSerializer.Serialize($"FROM {Fixture.Image}\nRUN echo '<img src=x>' && exit 7\n");

        await page.EvaluateAsync("press('.drop button', 'Write')");
        await page.EvaluateAsync($"enter('#dockerfile-text', {dockerfile}), press('#build-start', 'Build')");

        Assert.Contains("7", await TextAsync(page, "document.querySelector('.result.failed')"), StringComparison.Ordinal);
        Assert.Contains("<img src=x", await TextAsync(page, "document.querySelector('.step.failed pre')"), StringComparison.Ordinal);
        Assert.Equal(0, (await page.EvaluateAsync("all('main img').length"))!.GetValue<int>());
        AssertClean(page);
    }

    [Fact]
    public async Task Page_whose_files_fail_is_loaded_again()
    {
        await using var page = await OpenAsync("");
        var start = page.Requests.Count;
        await page.BlockAsync("*/ui/texts.js");
        await page.EvaluateAsync("location.reload()");
        start = await page.WaitForRequestAsync("/ui/texts.js", start);
        await page.BlockAsync();

        // Only a page that has all its files watches.
        await page.WaitForRequestAsync("/v1/containers/watch", start);
        await page.EvaluateAsync("until(() => all('.connection', 'Live')[0])");
    }

    [Fact]
    public async Task Key_is_asked_for_and_its_scopes_decide_on_the_buttons()
    {
        const string key = "page-key";
        var name = Fixture.UniqueName("page");
        var id = await Fixture.SleepAsync(name);
        var (service, client) = Fixture.StartService("page.db", builder => builder
            .UseSetting("Security:ApiKeys:0:Name", "reader")
            .UseSetting("Security:ApiKeys:0:Hash", "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))))
            .UseSetting("Security:ApiKeys:0:Scopes:0", "containers:read"));
        await using var stopping = service;
        await using var page = await OpenAsync($"#/containers?q={name}", client.BaseAddress);

        await page.EvaluateAsync("until(() => document.querySelector('#key')).then(() => (enter('#key', 'wrong'), press('dialog .primary', '')))");
        await page.EvaluateAsync("until(() => document.querySelector('dialog .error'))");
        await page.EvaluateAsync($"enter('#key', '{key}'), press('dialog .primary', '')");
        await page.EvaluateAsync($"until(() => rowOf('{name}')).then(r => r.querySelector('th a').click())");
        await page.EvaluateAsync("until(() => all('.actions button', 'curl')[0] && all('.caller', 'key:reader')[0])");

        Assert.EndsWith(id, await TextAsync(page, "location", "href"), StringComparison.Ordinal);
        Assert.Equal(1, (await page.EvaluateAsync("all('.actions button').length"))!.GetValue<int>());
        Assert.DoesNotContain(page.Requests, r => r.ToString().Contains(key, StringComparison.Ordinal));
        AssertClean(page);
    }

    [Fact]
    public async Task Views_are_accessible()
    {
        var id = await Fixture.SleepAsync(Fixture.UniqueName("page"));
        await using var page = await OpenAsync("#/images");
        await page.BypassPolicyAsync();
        await page.EvaluateAsync(new BundledAxeScriptProvider().GetScript() + ";null");

        foreach (var (view, ready) in new[]
        {
            ("images", "all('.plain tbody a')[0]"), ("builds", "document.querySelector('.drop')"),
            ("containers", "document.querySelector('.containers tbody a')"), ("containers/local/" + id, "all('.panel h2', 'Processes (')[0]"),
        })
        {
            await page.EvaluateAsync($"location.hash = '#/{view}', until(() => {ready})");
            var violations = await page.EvaluateAsync(
                "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))");
            Assert.Empty(violations!.AsArray());
        }
    }

    private static bool Excludes(DockerIgnore ignore, string path)
    {
        var parent = ignore.Root;
        for (var end = path.IndexOf('/', StringComparison.Ordinal); end >= 0; end = path.IndexOf('/', end + 1))
        {
            parent = ignore.Match(path[..end], parent);
        }

        return ignore.Excludes(path, parent);
    }
}
