using System.Diagnostics;
using System.Net.WebSockets;

namespace ContainerApi.EngineTests;

/// <summary>A page in headless Chromium, driven by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol).</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const string NetworkChanged = "net::ERR_NETWORK_CHANGED";

    private static readonly string[] Names = ["chromium", "google-chrome"];

    /// <summary>
    /// Waits until a function returns something. The page's changes call the function again, so that nothing is polled.
    /// </summary>
    private const string Until = """
        globalThis.until = find => new Promise((resolve, reject) => {
          const end = (settle, value) => { observer.disconnect(); clearTimeout(timer); settle(value); };
          const look = () => { const found = find(); if (found) end(resolve, found); };
          const observer = new MutationObserver(look);
          const fail = () => end(reject, new Error('Not found: ' + find + '\n' + (globalThis.block ?? document.body).innerText.slice(0, 4000)));
          const timer = setTimeout(fail, 90000);
          observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
          look();
        });
        """;

    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(3));
    private Task<string> _rest = Task.FromResult("");
    private readonly List<string> _errors = [];
    private readonly List<Uri> _requests = [];
    private readonly Dictionary<int, JsonNode> _answers = [];

    /// <summary>The loaders of the documents that had their load event.</summary>
    private readonly HashSet<string> _loaded = [];

    /// <summary>The loader of the last document. A page that misses a file loads itself again: the first document may have no load event.</summary>
    private string? _document;

    /// <summary>The last document's open requests for its styles and scripts. Requests of scripts may be streams without an end.</summary>
    private readonly HashSet<string> _files = [];
    private bool _cancelled;
    private int _commands;

    private Browser(Process process) => _process = process;

    /// <summary>Opens a page and waits until it has loaded its files.</summary>
    /// <param name="profile">A folder for the browser, which may write to it for a moment after the page is closed.</param>
    /// <param name="functions">A script for the page to have from its start.</param>
    public static async Task<Browser> OpenAsync(Uri address, string profile, string functions = "")
    {
        var start = new ProcessStartInfo(FindProgram(),
        [
            "--headless=new", "--window-size=1280,900",
            "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
            "--remote-debugging-port=0", $"--user-data-dir={profile}", "about:blank",
        ])
        {
            RedirectStandardError = true,
        };
        var browser = new Browser(Process.Start(start)!);
        try
        {
            await browser.ConnectAsync();
            foreach (var domain in (string[])["Page", "Runtime", "Log", "Network"])
            {
                await browser.CallAsync(domain + ".enable", []);
            }

            await browser.CallAsync("Page.setLifecycleEventsEnabled", new() { ["enabled"] = true });
            await browser.CallAsync("Page.addScriptToEvaluateOnNewDocument", new() { ["source"] = Until + functions });
            await browser.NavigateAsync(address);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Exceptions, errors on the console and violations of policies. An answer with an error status does not count.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>The addresses of all requests.</summary>
    public IReadOnlyList<Uri> Requests => _requests;

    /// <summary>Evaluates an expression in the page, waits for its promise, and returns the value.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression) => (await RunAsync(expression, byValue: true))["value"];

    /// <summary>Chooses files in the file input that the expression returns, as its dialog does.</summary>
    public async Task ChooseFilesAsync(string input, params string[] paths)
    {
        var element = await RunAsync(input, byValue: false);
        await CallAsync("DOM.setFileInputFiles", new() { ["objectId"] = Text(element, "objectId"), ["files"] = new JsonArray([.. paths]) });
    }

    /// <summary>Drops files or folders on the element that a selector finds, as from a file manager.</summary>
    public async Task DropAsync(string selector, params string[] paths)
    {
        var center = (await EvaluateAsync(
            $"(box => [box.x + box.width / 2, box.y + box.height / 2])(document.querySelector('{selector}').getBoundingClientRect())"))!;
        foreach (var type in (string[])["dragEnter", "dragOver", "drop"])
        {
            await CallAsync("Input.dispatchDragEvent", new()
            {
                ["type"] = type,
                ["x"] = center[0]!.DeepClone(),
                ["y"] = center[1]!.DeepClone(),
                ["data"] = new JsonObject { ["items"] = new JsonArray(), ["files"] = new JsonArray([.. paths]), ["dragOperationsMask"] = 1 },
            });
        }
    }

    /// <summary>Sets the size of the page in pixels.</summary>
    public Task ResizeAsync(int width, int height) => CallAsync(
        "Emulation.setDeviceMetricsOverride",
        new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });

    /// <summary>Lets the requests fail whose addresses have one of the forms, and no others.</summary>
    public async Task BlockAsync(params string[] forms) =>
        await CallAsync("Network.setBlockedURLs", new() { ["urls"] = new JsonArray([.. forms]) });

    /// <summary>Waits for a request of a path that is none of the first <paramref name="start"/> ones; returns how many there are up to it.</summary>
    public async Task<int> WaitForRequestAsync(string path, int start)
    {
        var found = -1;
        await ReceiveUntilAsync(() => (found = _requests.FindIndex(start, r => r.AbsolutePath == path)) >= 0);
        return found + 1;
    }

    /// <summary>Lets scripts of a test run in spite of the page's policy. Applies to pages that are loaded later.</summary>
    public async Task BypassPolicyAsync()
    {
        await CallAsync("Page.setBypassCSP", new() { ["enabled"] = true });
        await ReloadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _rest;
        _process.Dispose();
        _socket.Dispose();
        _deadline.Dispose();
    }

    private static string FindProgram() =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("No Chromium; `scripts/install-tools` installs it.");

    private async Task ConnectAsync()
    {
        const string announcement = "DevTools listening on ws://";
        string? line;
        do
        {
            line = await _process.StandardError.ReadLineAsync(_deadline.Token) ?? throw new InvalidOperationException("Chromium ended.");
        }
        while (!line.StartsWith(announcement, StringComparison.Ordinal));

        // A pipe that nobody reads would block the browser.
        _rest = _process.StandardError.ReadToEndAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var pages = await http.GetFromJsonAsync<JsonArray>($"http://{line[announcement.Length..].Split('/')[0]}/json/list", _deadline.Token);
        var page = pages!.First(p => Text(p!, "type") == "page")!;
        await _socket.ConnectAsync(new Uri(Text(page, "webSocketDebuggerUrl")), _deadline.Token);
    }

    /// <summary>
    /// Loads an address. The browser's own navigation to its first, empty page may still be going: it can cancel this one, and its events
    /// are not the ones to wait for. Requests are cancelled, too, when a network interface of the machine appears or goes, which containers
    /// of other tests make happen.
    /// </summary>
    private async Task NavigateAsync(Uri address)
    {
        JsonNode navigation;
        do
        {
            _document = null;
            navigation = await CallAsync("Page.navigate", new() { ["url"] = address.ToString() });
        }
        while (navigation["errorText"]?.GetValue<string>() is "net::ERR_ABORTED" or NetworkChanged);

        Assert.True(navigation["errorText"] is null, $"{address}: {navigation["errorText"]}");
        await ReceiveUntilAsync(() => IsLoaded);
        while (_cancelled)
        {
            await ReloadAsync();
        }
    }

    private bool IsLoaded => _document is not null && _loaded.Contains(_document) && _files.Count == 0;

    private async Task ReloadAsync()
    {
        (_cancelled, _document) = (false, null);
        await CallAsync("Page.reload", []);
        await ReceiveUntilAsync(() => IsLoaded);
    }

    private async Task<JsonNode> RunAsync(string expression, bool byValue)
    {
        var answer = await CallAsync("Runtime.evaluate", new()
        {
            ["expression"] = expression,
            ["awaitPromise"] = true,
            ["returnByValue"] = byValue,
        });
        Assert.True(answer["exceptionDetails"] is null, $"{expression}\n{answer["exceptionDetails"]}\n{string.Join('\n', _errors)}");
        return answer["result"]!;
    }

    /// <summary>Calls a method and returns its result.</summary>
    private async Task<JsonNode> CallAsync(string method, JsonObject parameters)
    {
        var id = ++_commands;
        var command = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(Encoding.UTF8.GetBytes(command.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, _deadline.Token);
        JsonNode? answer = null;
        await ReceiveUntilAsync(() => _answers.Remove(id, out answer));
        return answer!["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]}");
    }

    private async Task ReceiveUntilAsync(Func<bool> happened)
    {
        while (!happened())
        {
            Record(await ReceiveAsync());
        }
    }

    private void Record(JsonNode message)
    {
        if (message["id"]?.GetValue<int>() is { } id)
        {
            _answers[id] = message;
        }

        var parameters = message["params"];
        switch (message["method"]?.GetValue<string>())
        {
            case "Runtime.exceptionThrown":
            case "Runtime.consoleAPICalled" when Text(parameters!, "type") == "error":
            case "Log.entryAdded" when Text(parameters!["entry"]!, "level") == "error" && Text(parameters["entry"]!, "source") != "network":
                _errors.Add(parameters!.ToJsonString());
                break;
            case "Page.lifecycleEvent" when Text(parameters!, "name") == "load":
                _loaded.Add(Text(parameters!, "loaderId"));
                break;
            case "Network.loadingFinished":
                _files.Remove(Text(parameters!, "requestId"));
                break;
            case "Network.loadingFailed":
                _files.Remove(Text(parameters!, "requestId"));
                _cancelled |= Text(parameters!, "errorText") == NetworkChanged;
                break;
            case "Network.requestWillBeSent":
                _requests.Add(new Uri(Text(parameters!["request"]!, "url")));
                AddFile(parameters);
                break;
        }
    }

    private void AddFile(JsonNode request)
    {
        switch (request["type"]?.GetValue<string>())
        {
            case "Document":
                _document = Text(request, "loaderId");
                _files.Clear();
                break;
            case "Stylesheet" or "Script" when Text(request, "loaderId") == _document:
                _files.Add(Text(request, "requestId"));
                break;
        }
    }

    private async Task<JsonNode> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), _deadline.Token);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);

        return JsonNode.Parse(message.ToArray())!;
    }
}
