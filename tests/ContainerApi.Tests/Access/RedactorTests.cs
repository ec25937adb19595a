using ContainerApi.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Access;

public sealed class RedactorTests
{
    [Theory]
    [InlineData("app --db-password hunter2 --port 80", "app --db-password *** --port 80")]
    [InlineData("app --password=hunter2", "app --password=***")]
    [InlineData("API_TOKEN=abc,def run", "API_TOKEN=***,def run")]
    [InlineData("app --secret 'two words' -v", "app --secret *** -v")]
    [InlineData("psql postgres://me:hunter2@db/x", "psql postgres://me:***@db/x")]
    [InlineData("psql postgres://me:hunt/e@r2@db/x", "psql postgres://me:***@db/x")]
    [InlineData("""curl -d {"user":"me","password":"hun\"ter2","x":1}""", """curl -d {"user":"me","password":***,"x":1}""")]
    [InlineData("MYSQL_PWD=hunter2 mysql", "MYSQL_PWD=*** mysql")]
    [InlineData("curl -H Authorization: Bearer hunter2 x", "curl -H Authorization: Bearer *** x")]
    [InlineData("PWD=/home/me run", "PWD=/home/me run")]
    [InlineData("sleep 100", "sleep 100")]
    [InlineData("nginx: worker process", "nginx: worker process")]
    public void Default_patterns_redact_only_values(string text, string expected) =>
        Assert.Equal(expected, new Redactor(Redactor.DefaultPatterns).Text(text));

    [Fact]
    public void Pattern_without_the_group_redacts_its_whole_match() =>
        Assert.Equal("card *** paid", new Redactor([@"\d{4}-\d{4}"]).Text("card 1234-5678 paid"));

    /// <summary>The kind of pattern and text that takes exponential time with backtracking. A test that hangs fails.</summary>
    [Fact]
    public void Pattern_with_nested_repetition_is_linear() =>
        Assert.Equal(new string('a', 5000) + "b", new Redactor([@"(a+)+$"]).Text(new string('a', 5000) + "b"));

    [Fact]
    public void Long_text_is_cut_so_that_no_unseen_part_is_shown()
    {
        var text = new Redactor(Redactor.DefaultPatterns).Text(new string('x', 100_000) + " password=hunter2");

        Assert.True(text.Length < 10_000);
        Assert.EndsWith("…", text);
    }

    [Theory]
    [InlineData("app.secret", "x", "***")]
    [InlineData("team", "a", "a")]
    public void Label_value_is_matched_with_its_name(string name, string value, string expected) =>
        Assert.Equal(expected, new Redactor(Redactor.DefaultPatterns).Value(name, value));

    [Fact]
    public async Task Commands_and_labels_are_redacted_in_every_format_without_the_scope()
    {
        var engine = Facts.Engine(Facts.Container('1', "web") with
        {
            Command = "app --password hunter2",
            Labels = new Dictionary<string, string> { ["db.password"] = "hunter2" },
        });
        engine.ListProcesses = (_, _) => Task.FromResult<IReadOnlyList<ProcessFacts>>([Facts.Process(command: "app --password hunter2")]);
        engine.WatchContainers = FakeEngine.SubscribedAsync;
        var keys = new Keys().Add("reader", [Scopes.ContainersRead, Scopes.MetricsRead])
            .Add("trusted", [Scopes.ContainersRead, Scopes.ContainersSecrets]).With("Metrics:ContainerLabels:0", "db.password");
        await using var host = new ApiHost(keys, engine);
        using var reader = host.With("reader");

        foreach (var query in new[] { "", "?format=csv", "?format=ndjson", "?format=table", "?fields=command,labels", "/web", "/web/processes" })
        {
            Assert.DoesNotContain("hunter2", await reader.GetStringAsync("/containers" + query));
        }

        Assert.DoesNotContain("hunter2", await reader.GetStringAsync("/metrics/containers"));
        using var watch = new StreamReader(await reader.GetStreamAsync("/containers/watch"));
        var snapshot = await watch.ReadLineAsync();
        Assert.Contains("snapshot", snapshot);
        Assert.DoesNotContain("hunter2", snapshot);
        Assert.Contains("hunter2", await host.With("trusted").GetStringAsync("/containers"));
    }

    /// <summary>A filter or an order over hidden values would reveal them, one guess a request.</summary>
    [Fact]
    public async Task Redacted_values_are_neither_filtered_nor_sorted_by()
    {
        ContainerFacts Container(char id, string secret) => Facts.Container(id, "web" + id) with
        {
            Command = "app --password " + secret,
            Labels = new Dictionary<string, string> { ["db.password"] = secret },
        };
        var engine = Facts.Engine(Container('1', "aaa"), Container('2', "zzz"));
        var filters = new List<ContainerFilter>();
        var list = engine.ListContainers;
        engine.ListContainers = (filter, token) =>
        {
            filters.Add(filter);
            return list!(filter, token);
        };
        await using var host = new ApiHost(
            new Keys().Add("reader", [Scopes.ContainersRead]).Add("trusted", [Scopes.ContainersRead, Scopes.ContainersSecrets]), engine);

        async Task<IEnumerable<string?>> NamesAsync(string key, string query) =>
            (await host.With(key).GetJsonAsync("/containers?" + query)).Items("name");

        Assert.Empty(await NamesAsync("reader", "label=db.password=zzz&include=none"));
        Assert.DoesNotContain(filters, f => f.Filters?.ContainsKey("label") == true);
        Assert.Equal(2, (await NamesAsync("reader", "label=db.password&include=none")).Count());
        Assert.Equal(await NamesAsync("reader", "sort=-command&include=none"), await NamesAsync("reader", "sort=command&include=none"));
        Assert.Equal(["web2"], await NamesAsync("trusted", "label=db.password=zzz&include=none"));
    }

    [Fact]
    public async Task Image_environment_and_history_show_only_names_without_the_scope()
    {
        var engine = Facts.Engine();
        engine.InspectImage = (_, _) => Task.FromResult(new ImageDetails
        {
            Summary = new ImageFacts
            {
                Id = Keys.Mine.ImageId,
                CreatedAt = Facts.Noon,
                SizeBytes = 1,
                Labels = new Dictionary<string, string> { ["api-key"] = "hunter2" },
            },
            Environment = new Dictionary<string, string> { ["DATABASE"] = "hunter2", ["PATH"] = "/bin" },
            History =
            [
                History("/bin/sh -c #(nop)  ENV DATABASE=hunter2"),
                History("|2 A=hunter2 B=hunter2 /bin/sh -c make"),
                History("RUN |1 A=hunter2 /bin/sh -c make # buildkit"),
                History("/bin/sh -c #(nop) COPY a b"),
            ],
        });
        var keys = new Keys().Add("reader", [Scopes.ImagesRead]).Add("trusted", [Scopes.ImagesRead, Scopes.ContainersSecrets]);
        await using var host = new ApiHost(keys, engine);

        var shown = await host.With("reader").GetJsonAsync("/images/app");

        Assert.DoesNotContain("hunter2", shown.GetRawText());
        Assert.Equal("""{"DATABASE":"***","PATH":"***"}""", shown.GetProperty("environment").GetRawText());
        Assert.Equal(
            ["/bin/sh -c #(nop)  ENV ***", "|2 *** /bin/sh -c make", "RUN |1 *** /bin/sh -c make # buildkit", "/bin/sh -c #(nop) COPY a b"],
            shown.Items("createdBy", "history"));
        Assert.Contains("hunter2", await host.With("trusted").GetStringAsync("/images/app"));

        static ImageHistoryFacts History(string createdBy) => new(null, null, createdBy, [], 0, null);
    }

    [Theory]
    [InlineData("srv|--password|x|y", "srv|--password|***|y")]
    [InlineData("--password=x|y", "--password=***|y")]
    [InlineData("password=\"a|b\"|c", "password=***|***|c")]
    [InlineData("-H|Authorization: Bearer|x", "-H|Authorization: Bearer|***")]
    public void Argument_is_redacted_together_with_the_one_before_it(string arguments, string expected)
    {
        using var redactor = new Redactor(Redactor.DefaultPatterns);

        Assert.Equal(expected.Split('|'), redactor.Arguments(arguments.Split('|')));
    }
}
