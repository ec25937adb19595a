using ContainerApi.Stubs;

namespace ContainerApi.EngineTests;

/// <summary>The web page on engines that are large, fail, or are busy.</summary>
[Collection(EngineCollection.Name)]
public sealed class WebPageEngineTests(EngineFixture fixture) : WebPageCalls(fixture)
{
    [Fact]
    public async Task Killed_engine_is_red_until_it_is_back()
    {
        await using var engine = await DockerApiStub.StartAsync(new StubOptions { Running = 2 });
        var name = engine.Containers.All[0].Name;
        var (service, client) = StartService(engine);
        await using var stopping = service;
        await using var page = await OpenAsync("", client.BaseAddress);
        await page.EvaluateAsync($"until(() => rowOf('{name}'))");

        await engine.StopAsync();
        await page.EvaluateAsync($"until(() => document.querySelector('.engine.failed') && rowOf('{name}').matches('.stale'))");

        var added = engine.Containers.Add(StubContainer.Generate(2)).Name;
        await engine.StartAgainAsync();
        await page.EvaluateAsync($"until(() => !document.querySelector('.engine.failed') && rowOf('{added}') && !rowOf('{name}').matches('.stale'))");

        Assert.Equal("Live", await TextAsync(page, "document.querySelector('.connection')"));
        AssertClean(page);
    }

    [Fact]
    public async Task A_thousand_containers_are_few_elements()
    {
        await using var engine = await DockerApiStub.StartAsync(new StubOptions { Running = 900, Exited = 100 });
        var matching = engine.Containers.All.Count(c => c.Name.StartsWith("mail-db-", StringComparison.Ordinal));
        var (service, client) = StartService(engine);
        await using var stopping = service;
        await using var page = await OpenAsync("", client.BaseAddress);

        await page.EvaluateAsync("until(() => document.querySelector('table[aria-rowcount=\"1001\"] tbody th a'))");
        Assert.InRange((await page.EvaluateAsync("all('tbody tr').length"))!.GetValue<int>(), 10, 100);
        await page.EvaluateAsync("until(() => all('.column-cpu .cell-text', ' %')[0])");
        await page.EvaluateAsync("press('th button', 'Ports')");
        await page.EvaluateAsync("until(() => all('tbody th a')[0].textContent === 'shop-api-1')");

        await page.EvaluateAsync("all('.table-scroll')[0].scrollTop = 1e6, until(() => document.querySelector('[aria-rowindex=\"1001\"]'))");
        Assert.InRange((await page.EvaluateAsync("all('tbody tr').length"))!.GetValue<int>(), 10, 100);
        await page.EvaluateAsync("enter('#filter', 'project:mail service:db')");
        await page.EvaluateAsync($"until(() => all('.summary', '{matching} of 1,000 containers')[0])");
        await page.EvaluateAsync("enter('#filter', ''), enter('select', 'project'), all('.table-scroll')[0].scrollTop = 0");
        await page.EvaluateAsync("until(() => document.querySelector('table[aria-rowcount=\"1008\"] .group-name'))");
        AssertClean(page);
    }

    [Fact]
    public async Task Pull_shows_its_progress_and_why_it_failed()
    {
        var continues = new TaskCompletionSource();
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run, layerContinues: continues.Task);
        await using var page = await OpenAsync("#/images");

        await page.EvaluateAsync($"enter('#pull-reference', '{registry.Reference}'), press('form button', 'Pull')");
        // The registry sends the second half of the layer when the page has shown the first.
        await page.EvaluateAsync("until(() => (bar => bar?.value > 0 && bar.value < 1)(document.querySelector('.running-builds progress')))");
        continues.SetResult();
        Assert.Contains(registry.Reference, await TextAsync(page, "document.querySelector('.running-builds .succeeded')"), StringComparison.Ordinal);
        await page.EvaluateAsync($"until(() => all('.plain tbody a', '{registry.Reference}')[0])");

        await page.EvaluateAsync($"enter('#pull-reference', '{registry.Name}:missing'), press('form button', 'Pull')");
        Assert.Matches("manifest unknown|not found", await TextAsync(page, "document.querySelector('.running-builds .error')"));
        AssertClean(page);
    }

    [Fact]
    public async Task Credentials_of_a_refused_pull_serve_the_check_and_builds()
    {
        const string password = "s3cret-of-the-page";
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run, "ann:" + password);
        await using var page = await OpenAsync("#/images");

        await page.EvaluateAsync($"enter('#pull-reference', '{registry.Reference}'), press('form button', 'Pull')");
        await page.EvaluateAsync($"until(() => all('#pull-credentials:not([hidden])', '{registry.Host}')[0])");
        await page.EvaluateAsync($"enter('#pull-user', 'ann'), enter('#pull-password', '{password}'), press('form button', 'Pull')");
        await page.EvaluateAsync("until(() => all('.running-builds .succeeded').length === 1)");
        await page.EvaluateAsync($"enter('#pull-reference', '{registry.Reference}'), press('form button', 'Pull')");
        await page.EvaluateAsync("until(() => all('.running-builds .succeeded').length === 2)");
        await page.EvaluateAsync($"enter('input[type=search]', '{registry.Reference}'), press('.row-tools > button', 'Check for updates')");
        await page.EvaluateAsync("until(() => all('.message', 'available')[0])");

        var dockerfile = JsonSerializer.Serialize($"FROM {registry.Name}:missing\n{MyLabel}\n");
        await page.EvaluateAsync("location.hash = '#/builds', press('.drop button', 'Write')");
        await page.EvaluateAsync($"enter('#dockerfile-text', {dockerfile}), press('#build-start', 'Build')");
        // Without credentials it would be unauthorized.
        Assert.Contains("not found", await TextAsync(page, "document.querySelector('.result.failed')"), StringComparison.Ordinal);

        var stored = await page.EvaluateAsync("JSON.stringify([localStorage, sessionStorage, document.cookie])");
        Assert.DoesNotContain(password, stored!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain(page.Requests, r => r.ToString().Contains(password, StringComparison.Ordinal));
        AssertClean(page);
    }

    [Fact]
    public async Task Columns_fit_the_window()
    {
        await using var engine = await DockerApiStub.StartAsync(new StubOptions { Running = 40 });
        var (service, client) = StartService(engine);
        await using var stopping = service;
        await using var page = await OpenAsync("", client.BaseAddress);

        foreach (var (width, columns) in new[] { (1280, 11), (390, 3), (768, 6), (1600, 11) })
        {
            await page.ResizeAsync(width, 800);
            await page.EvaluateAsync($"until(() => all('thead th').length === {columns} && all('tbody th a')[0])");
            Assert.Equal(0, (await page.EvaluateAsync("(e => e.scrollWidth - e.clientWidth)(all('.table-scroll')[0])"))!.GetValue<int>());
        }

        // A phone has a choice of its own.
        await page.ResizeAsync(390, 800);
        await page.EvaluateAsync("press('.menu summary', 'Columns').then(() => press('.menu-items label', 'Ports'))");
        await page.EvaluateAsync("until(() => all('thead th').length === 4)");
        await page.ResizeAsync(1280, 800);
        await page.EvaluateAsync("until(() => all('thead th').length === 11)");

        AssertClean(page);
    }

    [Fact]
    public async Task Second_build_waits_until_the_first_is_stopped_and_is_replayed()
    {
        var archive = Path.Combine(Fixture.State, Fixture.UniqueName("context") + ".tar");
        await File.WriteAllBytesAsync(archive, Archive.Tar(("Dockerfile", $"FROM {Fixture.Image}\n{MyLabel}\nRUN echo {Guid.NewGuid():n}\n")));
        var first = JsonSerializer.Serialize($"FROM {Fixture.Image}\nRUN echo begun; sleep 1000\n");
        var (service, client) = Fixture.StartService("page.db", builder => builder.UseSetting("Builds:MaxConcurrent", "1"));
        await using var stopping = service;
        await using var page = await OpenAsync("#/builds", client.BaseAddress);

        await page.EvaluateAsync("press('.drop button', 'Write')");
        await page.EvaluateAsync($"enter('#dockerfile-text', {first}), press('#build-start', 'Build')");
        await page.EvaluateAsync("until(() => all('.started-build pre', 'begun')[0])");
        await page.ChooseFilesAsync("document.querySelector('#build-files')", archive);
        await page.EvaluateAsync("until(() => all('.chosen', 'archive')[0]).then(() => press('#build-start', 'Build'))");
        await page.EvaluateAsync("until(() => all('.started-build:first-child .hint', 'Position 1')[0] && all('.plain .badge', 'queued')[0])");

        await page.EvaluateAsync("press('.started-build:last-child .actions button', 'Cancel')");
        await page.EvaluateAsync("until(() => document.querySelector('.started-build:last-child .result.failed'))");
        await page.EvaluateAsync("until(() => document.querySelector('.started-build:first-child .result.succeeded'))");
        var output = "all('.step pre').find(p => /^[0-9a-f]{32}\\s*$/.test(p.textContent))";
        var live = await TextAsync(page, output);

        await page.EvaluateAsync("press('.started-build:first-child h2 a', ''), until(() => all('h1', 'Build ')[0])");
        Assert.Equal(live, await TextAsync(page, output));
        AssertClean(page);
    }

    private (IAsyncDisposable Service, HttpClient Client) StartService(DockerApiStub engine) =>
        Fixture.StartService("stub.db", builder => builder.UseSetting("DOCKER_HOST", engine.Endpoint));
}
