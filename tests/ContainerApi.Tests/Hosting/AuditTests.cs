using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Hosting;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Hosting;

public sealed class AuditTests
{
    [Fact]
    public async Task Every_change_logs_one_audit_line_and_reads_log_none()
    {
        var engine = Facts.Engine(Facts.Container('1', "web"));
        engine.StopContainer = (_, _, _) => Task.CompletedTask;
        engine.RestartContainer = (_, _, _) => throw new EngineException(ErrorCode.EngineUnavailable, "local", "The engine is unreachable.");
        await using var service = new RecordedLog(new Keys().Add("ops", [Scopes.ContainersRead, Scopes.ContainersWrite]), engine);
        using var client = service.With("ops");

        await client.GetStringAsync("/containers");
        using var stopped = await client.PostAsync("/containers/web/stop", null);
        using var failed = await client.PostAsync("/containers/web/restart", null);
        using var missing = await client.PostAsync("/containers/nothing/start", null);
        using var refused = await client.DeleteAsync("/images/app");
        using var unknown = await service.Client.DeleteAsync("/containers/web");

        var id = Facts.Id('1')[..12];
        Assert.Equal(
            [
                $"Audit: key:ops from : stopContainer container {id} (web) on local: 204 ",
                $"Audit: key:ops from : restartContainer container {id} (web) on local: 503 engine_unavailable: The engine is unreachable.",
                "Audit: key:ops from : startContainer nothing: 404 container_not_found: There is no container 'nothing'.",
                "Audit: key:ops from : deleteImage app: 403 forbidden: Missing scope: images:write.",
                "Audit: anonymous from : deleteContainer web: 401 unauthenticated: "
                    + "Authentication required. Send an API key: Authorization: Bearer KEY, or X-Api-Key: KEY.",
            ],
            service.Lines.Where(l => l.Category == Audit.Category).Select(l => l.Message.Replace("(null)", "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_log_contains_no_key_token_or_sent_value()
    {
        const string Secret = "hunter2hunter2";
        var engine = Facts.Engine();
        engine.CreateContainer = (_, _) => throw new EngineException(ErrorCode.ImageNotFound, "local", "No such image: app");
        await using var service = new RecordedLog(new Keys().Add(Secret[..7], Scopes.All), engine);

        using var bad = await service.With(Secret).GetAsync("/containers");
        service.Client.DefaultRequestHeaders.Authorization = new("Bearer", Secret);
        using var bearer = await service.Client.GetAsync("/containers");
        using var made = await service.With(Secret[..7]).PostTextAsync(
            "/containers", $$"""{"image":"app","pull":"never","environment":{"PASSWORD":"{{Secret}}"},"command":"run {{Secret}}"}""");

        Assert.NotEmpty(service.Lines);
        Assert.Contains(service.Lines, l => l.Message.Contains("failed: unknown key", StringComparison.Ordinal));
        Assert.DoesNotContain(service.Lines, l => l.Message.Contains(Secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("two\nlines\r and a bell\a", "two\\nlines\\r and a bell\\u0007")]
    [InlineData("a\u2028b", "a\\u2028b")]
    public void Text_of_a_client_becomes_one_log_line(string text, string expected) => Assert.Equal(expected, VisibleText.ForLog(text));

    [Fact]
    public async Task Target_with_line_breaks_is_logged_as_one_short_line()
    {
        await using var service = new RecordedLog(new Keys(), Facts.Engine());

        using var response = await service.Client.DeleteAsync("/images/a%0Ab" + new string('x', 600));

        var line = Assert.Single(service.Lines, l => l.Category == Audit.Category).Message;
        Assert.DoesNotContain('\n', line.Split(": 400")[0]);
        Assert.True(line.Length < 3000, line);
    }
}
