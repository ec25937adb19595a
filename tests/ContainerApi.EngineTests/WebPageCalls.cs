namespace ContainerApi.EngineTests;

/// <summary>Calls for tests of the web page in a browser.</summary>
public abstract class WebPageCalls(EngineFixture fixture) : ImageCalls(fixture)
{
    private const string Functions = """
        globalThis.all = (selector, text = '') => [...document.querySelectorAll(selector)].filter(e => e.textContent.includes(text));
        globalThis.rowOf = name => all('tbody tr').find(r => r.querySelector('th a')?.textContent === name);
        globalThis.enter = (selector, value) => until(() => document.querySelector(selector)).then(field => {
          field.value = value;
          field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
        });
        globalThis.press = (selector, text) => until(() => all(selector, text).find(b => !b.disabled && b.offsetParent)).then(b => b.click());
        """;

    private protected async Task<Browser> OpenAsync(string view, Uri? service = null)
    {
        var address = service ?? Fixture.Client.BaseAddress!;
        return await Browser.OpenAsync(new Uri(address, view), Path.Combine(Fixture.State, Fixture.UniqueName("browser")), Functions);
    }

    /// <summary>Waits for an element and returns its text.</summary>
    private protected static async Task<string> TextAsync(Browser page, string element, string property = "textContent") =>
        (await page.EvaluateAsync($"until(() => {element}).then(e => e.{property})"))!.GetValue<string>();

    /// <summary>Fails if the page had an error or called another origin.</summary>
    private protected static void AssertClean(Browser page)
    {
        Assert.Empty(page.Errors);
        Assert.Single(page.Requests.Where(r => r.Scheme is not "data" and not "blob" and not "about").Select(r => r.Authority).Distinct());
    }

    protected string Folder(params (string Path, string Text)[] files)
    {
        var folder = Path.Combine(Fixture.State, Fixture.UniqueName("context"));
        foreach (var (path, text) in files)
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        return folder;
    }
}
