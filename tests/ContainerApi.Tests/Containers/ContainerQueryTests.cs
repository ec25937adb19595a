namespace ContainerApi.Tests.Containers;

/// <summary>Filters, pages, fields and formats of the container list through HTTP.</summary>
public sealed class ContainerQueryTests
{
    [Theory]
    [InlineData("all=maybe", "all")]
    [InlineData("state=up", "state")]
    [InlineData("state=running,up", "state")]
    [InlineData("health=ill", "health")]
    [InlineData("name=a/b", "name")]
    [InlineData("name=", "name")]
    [InlineData("image=a%20b", "image")]
    [InlineData("label==v", "label")]
    [InlineData("label=", "label")]
    [InlineData("network=..", "network")]
    [InlineData("port=0", "port")]
    [InlineData("port=65536", "port")]
    [InlineData("port=80/icmp", "port")]
    [InlineData("include=logs", "include")]
    [InlineData("include=none,usage", "include")]
    [InlineData("fields=nam", "fields")]
    [InlineData("fields=usage.cpuPercent&include=network", "fields")]
    [InlineData("sort=nam", "sort")]
    [InlineData("sort=--name", "sort")]
    [InlineData("sort=network", "sort")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=1.5", "limit")]
    [InlineData("cursor=zzz", "cursor")]
    [InlineData("maxAge=-1", "maxAge")]
    [InlineData("maxAge=3601", "maxAge")]
    [InlineData("format=xml", "format")]
    [InlineData("filter=x", "filter")]
    [InlineData("health=bad", "health", "/containers/watch")]
    [InlineData("port=0", "port", "/containers/watch")]
    [InlineData("include=none,usage", "include", "/containers/watch")]
    [InlineData("sort=name", "sort", "/containers/watch")]
    [InlineData("interval=0", "interval", "/containers/watch")]
    public async Task Invalid_value_is_a_400_without_an_engine_call(string query, string field, string path = "/containers")
    {
        using var host = new ApiHost(new FakeEngine());

        using var answer = await host.Client.GetAsync($"{path}?{query}");

        var problem = await answer.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("state=exited,dead", true, """{"status":["exited","dead"]}""")]
    [InlineData("health=healthy", false, """{"health":["healthy"]}""")]
    [InlineData("label=a&label=b%3Dc%3Dd", false, """{"label":["a","b=c=d"]}""")]
    [InlineData("label=a,b%3Dx%5C,y", false, """{"label":["a","b=x,y"]}""")]
    [InlineData("name=we.b", false, """{"name":["we\\.b"]}""")]
    [InlineData("image=busybox", false, """{"ancestor":["busybox"]}""")]
    [InlineData("network=n&all=1", true, """{"network":["n"]}""")]
    public async Task Filters_of_the_engine_are_passed_to_it(string query, bool all, string filters)
    {
        ContainerFilter? asked = null;
        using var host = new ApiHost(new FakeEngine
        {
            ListContainers = (filter, _) =>
            {
                asked = filter;
                return Task.FromResult<IReadOnlyList<ContainerFacts>>([]);
            },
        });

        await host.GetJsonAsync("/containers?" + query);

        Assert.Equal(all, asked!.All);
        Assert.Equal(filters, JsonSerializer.Serialize(asked.Filters));
    }

    [Theory]
    [InlineData("port=80", "c1,c2")]
    [InlineData("port=80/udp", "c2")]
    [InlineData("port=8080", "c1")]
    [InlineData("port=81", "")]
    [InlineData("name=1", "c1")]
    public async Task Filters_without_an_engine_filter_are_applied_to_the_rows(string query, string expected)
    {
        using var host = new ApiHost(Facts.Engine(
            Facts.Container('1') with { Ports = [new(80, "tcp", "0.0.0.0", 8080)] },
            Facts.Container('2') with { Ports = [new(80, "udp", null, null)] }));

        Assert.Equal(expected, string.Join(',', (await host.ItemsAsync($"?sort=name&{query}")).At("name")));
    }

    [Fact]
    public async Task Pages_read_only_the_sections_of_their_rows()
    {
        var asked = 0;
        var engine = Facts.Engine([.. "12345".Select(d => Facts.Container(d))]);
        engine.ReadStatistics = (_, _) =>
        {
            Interlocked.Increment(ref asked);
            return Task.FromResult(Facts.Statistics());
        };
        using var host = new ApiHost(engine);
        var names = new List<string>();
        var address = "/containers?sort=name&limit=2&include=usage";
        while (address.Length > 0)
        {
            using var response = await host.Client.GetAsync(address);
            var page = await response.ReadJsonAsync(HttpStatusCode.OK);
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("name").GetString()!));
            Assert.Equal(5, page.GetProperty("total").GetInt32());
            // The Link header and nextCursor say the same.
            address = response.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : "";
            Assert.Equal(address.Length > 0, page.GetProperty("nextCursor").ValueKind == JsonValueKind.String);
        }

        Assert.Equal(["c1", "c2", "c3", "c4", "c5"], names);
        Assert.Equal(5, asked);
    }

    [Fact]
    public async Task Cursor_of_another_order_is_a_400()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1'), Facts.Container('2')));
        var cursor = (await host.GetJsonAsync("/containers?sort=name&limit=1")).GetProperty("nextCursor").GetString();

        using var answer = await host.Client.GetAsync($"/containers?sort=-name&limit=1&cursor={cursor}");

        await answer.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Order_by_a_section_reads_it_without_returning_it()
    {
        var engine = Facts.Engine(Facts.Container('1'), Facts.Container('2'), Facts.Container('3', state: ContainerStates.Exited));
        engine.ReadStatistics = (id, _) => Task.FromResult(Facts.Statistics(received: id[0]));
        using var host = new ApiHost(engine);

        var items = await host.ItemsAsync("?sort=-network.rxBytes&include=none&limit=2");

        Assert.Equal(["c2", "c1"], items.At("name"));
        Assert.False(items[0].TryGetProperty("network", out _));
    }

    [Fact]
    public async Task Fields_limit_a_row_to_the_named_fields()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1')));

        var list = await host.GetJsonAsync("/containers?fields=name,network.rxBytes,usage,usage.pids");

        var item = list.GetProperty("items")[0];
        Assert.Equal(["name", "network", "usage"], item.EnumerateObject().Select(p => p.Name));
        Assert.Equal("""{"rxBytes":1000}""", item.GetProperty("network").GetRawText());
        Assert.Equal(4096, item.GetProperty("usage").GetProperty("memoryBytes").GetInt64());
        Assert.Equal(1, list.GetProperty("total").GetInt32());
    }

    [Theory]
    [InlineData(null, null, "application/json")]
    [InlineData("*/*", null, "application/json")]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", null, "application/json")]
    [InlineData("application/x-ndjson", null, "application/x-ndjson")]
    [InlineData("text/plain", null, "text/plain")]
    [InlineData("text/*", null, "text/plain")]
    [InlineData("text/csv", null, "text/csv")]
    [InlineData("text/csv;q=0.5, application/json", null, "application/json")]
    [InlineData("text/csv", "table", "text/plain")]
    public async Task Format_parameter_goes_before_the_accept_header(string? accept, string? format, string expected)
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1')));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers" + (format is null ? "" : "?format=" + format));
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Unsupported_accept_header_is_a_406()
    {
        using var host = new ApiHost(new FakeEngine());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers") { Headers = { Accept = { new("image/png") } } };

        using var response = await host.Client.SendAsync(request);

        await response.ReadProblemAsync(HttpStatusCode.NotAcceptable, "not_acceptable");
    }

    [Fact]
    public async Task Ndjson_is_a_line_for_each_container_and_a_result()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1'), Facts.Container('2')));

        const string Engine =
            """{"name":"local","state":"ok","apiVersion":"1.41","containers":2,"error":null,"since":null,"role":null,"availability":null}""";
        var text = await host.Client.GetStringAsync("/containers?format=ndjson&fields=name&sort=name");

        Assert.Equal(
            $$"""
            {"type":"container","name":"c1"}
            {"type":"container","name":"c2"}
            {"type":"result","state":"succeeded","engines":[{{Engine}}],"total":2,"nextCursor":null,"complete":true,"error":null}

            """, text);
    }

    [Fact]
    public async Task Table_looks_like_docker_ps()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1', "web") with
        {
            CreatedAt = DateTimeOffset.UtcNow.AddHours(-3),
            Command = "sh -c 'while true; do sleep 1; done'",
            Ports = [new(80, "tcp", "0.0.0.0", 8080)],
        }));

        var text = await host.Client.GetStringAsync("/containers?format=table");

        Assert.Equal(
            "CONTAINER ID   IMAGE            COMMAND                  CREATED       STATUS         IP           "
            + "PORTS                  CPU %   MEM    NET I/O      PIDS   NAMES\n"
            + "111111111111   busybox:latest   \"sh -c 'while true; …\"   3 hours ago   Up 3 minutes   172.17.0.2   "
            + "0.0.0.0:8080->80/tcp   -       4KiB   1kB / 500B   1      web\n", text);
    }

    [Fact]
    public async Task Csv_has_a_column_for_each_field_and_is_safe()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1') with { Command = "=cmd|' /C calc'!A0" }));

        const string Fields = "name,command,network.rxBytes,usage.cpuPercent,usage.state,createdAt";
        var text = await host.Client.GetStringAsync("/containers?format=csv&fields=" + Fields);

        Assert.Equal($"{Fields}\r\nc1,'=cmd|' /C calc'!A0,1000,,ok,2026-11-23T12:00:49Z\r\n", text);
    }
}
