using System.Text.Json;
using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

/// <summary>What looks like a secret is shown to those alone who may see it.</summary>
public sealed class RedactorTests
{
    [Theory]
    [InlineData("app --db-password hunter2 --port 80", "app --db-password *** --port 80")]
    [InlineData("app --password=hunter2", "app --password=***")]
    [InlineData("API_TOKEN=abc,def run", "API_TOKEN=***,def run")]
    [InlineData("app --secret 'two words' -v", "app --secret *** -v")]
    [InlineData("psql postgres://me:hunter2@db/x", "psql postgres://me:***@db/x")]
    [InlineData("sleep 100", "sleep 100")]
    [InlineData("nginx: worker process", "nginx: worker process")]
    public void Default_patterns_redact_only_values(string text, string expected) => Assert.Equal(expected, new Redactor(Redactor.DefaultPatterns).Text(text));

    [Fact]
    public void A_pattern_without_the_group_hides_its_match_and_one_that_takes_too_long_all()
    {
        Assert.Equal("card *** paid", new Redactor([@"\d{4}-\d{4}"]).Text("card 1234-5678 paid"));
        Assert.Equal("***", new Redactor([@"(a+)+$"]).Text(new string('a', 40) + "b"));
    }

    [Theory]
    [InlineData("app.secret", "x", "***")]
    [InlineData("team", "a", "a")]
    public void A_label_value_is_matched_with_its_name(string name, string value, string expected) => Assert.Equal(expected, new Redactor(Redactor.DefaultPatterns).Value(name, value));

    [Fact]
    public async Task Commands_and_labels_are_redacted_in_every_format_without_the_scope()
    {
        var container = Facts.Container('1', "web") with
        {
            Command = "app --password hunter2",
            Labels = new Dictionary<string, string> { ["db.password"] = "hunter2" },
        };
        var engine = Facts.Engine(container);
        engine.ListProcesses = (_, _) => Task.FromResult<IReadOnlyList<ProcessFacts>>([Facts.Process(command: "app --password hunter2")]);
        engine.WatchContainers = _ => Subscribed();
        var keys = new Keys().Add("reader", [Scopes.ContainersRead, Scopes.MetricsRead]).Add("trusted", [Scopes.ContainersRead, Scopes.ContainersSecrets]);
        keys["Metrics:ContainerLabels:0"] = "db.password";
        await using var host = new ApiHost(keys, engine);
        using var reader = host.With("reader");

        foreach (var address in new[]
        {
            "/containers", "/containers?format=csv", "/containers?format=ndjson", "/containers?format=table", "/containers?fields=command,labels", "/containers/web",
            "/containers/web/processes", "/metrics/containers",
        })
        {
            Assert.DoesNotContain("hunter2", await reader.GetStringAsync(address));
        }

        Assert.DoesNotContain("hunter2", await FirstLineAsync(reader));
        Assert.Contains("hunter2", await host.With("trusted").GetStringAsync("/containers"));
    }

    [Fact]
    public async Task Image_environment_and_history_show_only_names_without_the_scope()
    {
        var engine = Facts.Engine();
        engine.InspectImage = (_, _) => Task.FromResult(new ImageDetails
        {
            Summary = new ImageFacts { Id = Keys.Mine.ImageId, CreatedAt = Facts.Noon, SizeBytes = 1, Labels = new Dictionary<string, string> { ["api-key"] = "hunter2" } },
            Environment = ["DATABASE=hunter2", "PATH=/bin"],
            History =
            [
                new ImageHistoryFacts(null, null, "/bin/sh -c #(nop)  ENV DATABASE=hunter2", [], 0, null),
                new ImageHistoryFacts(null, null, "|2 A=hunter2 B=hunter2 /bin/sh -c make", [], 0, null),
                new ImageHistoryFacts(null, null, "RUN |1 A=hunter2 /bin/sh -c make # buildkit", [], 0, null),
                new ImageHistoryFacts(null, null, "/bin/sh -c #(nop) COPY a b", [], 0, null),
            ],
        });
        await using var host = new ApiHost(new Keys().Add("reader", [Scopes.ImagesRead]).Add("trusted", [Scopes.ImagesRead, Scopes.ContainersSecrets]), engine);

        var shown = JsonSerializer.Deserialize<JsonElement>(await host.With("reader").GetStringAsync("/images/app"));
        var trusted = await host.With("trusted").GetStringAsync("/images/app");

        Assert.DoesNotContain("hunter2", shown.GetRawText());
        Assert.Equal(["DATABASE=***", "PATH=***"], shown.GetProperty("environment").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal(
            ["/bin/sh -c #(nop)  ENV ***", "|2 *** /bin/sh -c make", "RUN |1 *** /bin/sh -c make # buildkit", "/bin/sh -c #(nop) COPY a b"],
            shown.GetProperty("history").EnumerateArray().Select(h => h.GetProperty("createdBy").GetString()));
        Assert.Contains("hunter2", trusted);
    }

    private static async Task<string> FirstLineAsync(HttpClient client)
    {
        using var response = await client.GetAsync("/containers/watch", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var line = await reader.ReadLineAsync();
        Assert.Contains("snapshot", line);
        return line!;
    }

    private static async IAsyncEnumerable<ContainerEvent> Subscribed()
    {
        yield return ContainerEvent.Subscribed;
        await Task.Delay(Timeout.Infinite);
    }
}
