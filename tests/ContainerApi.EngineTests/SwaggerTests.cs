namespace ContainerApi.EngineTests;

/// <summary>Swagger UI in a browser: its forms are sent as they are, with only what the user must choose.</summary>
[Collection(EngineCollection.Name)]
public sealed class SwaggerTests(EngineFixture fixture) : ImageCalls(fixture)
{
    private const string FileInput = "until(() => block.querySelector('.opblock-section-request-body input[type=file]'))";

    private string Dockerfile => $"FROM {Fixture.Image}\n{MyLabel}\n";

    [Fact]
    public async Task Swagger_lists_all_containers()
    {
        var name = Fixture.UniqueName("stopped");
        await Fixture.SleepAsync(name, start: false);
        await using var page = await OpenAsync("Containers", "listContainers");

        var (status, body) = await ExecuteAsync(page);
        Assert.True(status == "200", body);

        await page.EvaluateAsync("choose(block.querySelector('tr[data-param-name=all] select'), 'true')");
        (status, body) = await ExecuteAsync(page);
        Assert.True(status == "200", body);
        Assert.Contains($"\"{name}\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swagger_builds_from_an_archive()
    {
        var archive = Path.Combine(Fixture.State, "swagger.tar");
        await File.WriteAllBytesAsync(archive, Archive.Tar(("Dockerfile", Dockerfile)));
        await using var page = await OpenAsync("Builds", "createBuild");
        await ChooseContentTypeAsync(page, "application/x-tar");
        await page.ChooseFilesAsync(FileInput, archive);

        var (status, body) = await ExecuteAsync(page);

        Assert.True(status == "200", body);
        Assert.Contains("\"state\":\"succeeded\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swagger_builds_from_a_form_with_a_file()
    {
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(Fixture.State, "swagger")).FullName, "Dockerfile");
        await File.WriteAllTextAsync(file, Dockerfile);
        await using var page = await OpenAsync("Builds", "createBuild");
        await ChooseContentTypeAsync(page, "multipart/form-data");
        await page.ChooseFilesAsync(FileInput, file);

        var (status, body) = await ExecuteAsync(page);

        Assert.True(status == "200", body);
        Assert.Contains("\"state\":\"succeeded\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swagger_commits_a_container()
    {
        var container = Fixture.UniqueName("swagger");
        await Fixture.SleepAsync(container);
        var tag = Tag();
        await using var page = await OpenAsync("Images", "commitContainer");
        // The rest of the example stays as it is.
        await page.EvaluateAsync($$"""
            until(() => block.querySelector('textarea.body-param__text')).then(text => choose(
              text, JSON.stringify({ ...JSON.parse(text.value), container: '{{container}}', tag: '{{tag}}' }), HTMLTextAreaElement))
            """);

        var (status, body) = await ExecuteAsync(page);

        Assert.True(status == "201", body);
        Assert.Contains(tag, body, StringComparison.Ordinal);
        Assert.NotNull(await InspectAsync(tag));
    }

    /// <summary>Opens an operation. <c>block</c> is its element, and <c>choose</c> sets a field as a user does.</summary>
    private async Task<Browser> OpenAsync(string tag, string operation)
    {
        var profile = Path.Combine(Fixture.State, Fixture.UniqueName("browser"));
        var page = await Browser.OpenAsync(new Uri(Fixture.Client.BaseAddress!, "/swagger/index.html"), profile);
        await page.EvaluateAsync($$"""
            globalThis.choose = (field, value, type = HTMLSelectElement) => {
              Object.getOwnPropertyDescriptor(type.prototype, 'value').set.call(field, value);
              field.dispatchEvent(new Event(type === HTMLSelectElement ? 'change' : 'input', { bubbles: true }));
            };
            until(() => document.querySelector('#operations-{{tag}}-{{operation}}'))
              .then(found => { globalThis.block = found; found.querySelector('.opblock-summary-control').click(); })
              .then(() => until(() => block.querySelector('.execute') && !block.querySelector('.opblock-loading-animation')))
            """);
        return page;
    }

    private static Task ChooseContentTypeAsync(Browser page, string type) => page.EvaluateAsync($$"""
        until(() => block.querySelector('.opblock-section-request-body select.content-type')).then(field => choose(field, '{{type}}'))
        """);

    /// <summary>Sends the form; returns the status and the body that the page shows.</summary>
    private static async Task<(string Status, string Body)> ExecuteAsync(Browser page)
    {
        var answer = await page.EvaluateAsync("""
            block.querySelector('.btn-clear')?.click(),
            until(() => !block.querySelector('.live-responses-table'))
              .then(() => block.querySelector('.execute').click())
              .then(() => until(() => block.querySelector('.live-responses-table .response-col_status')?.textContent.trim()
                && !block.querySelector('.loading-container') && block.querySelector('.live-responses-table')))
              .then(table => [
                table.querySelector('.response .response-col_status').textContent.trim().split(/\s/)[0],
                table.querySelector('.response .response-col_description').innerText])
            """);
        return (answer![0]!.GetValue<string>(), answer[1]!.GetValue<string>());
    }
}
