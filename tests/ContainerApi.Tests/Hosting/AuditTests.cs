using System.Text;
using ContainerApi.Access;
using ContainerApi.Hosting;
using ContainerApi.Tests.Access;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Hosting;

/// <summary>Who did what to what, with what outcome: one line each, and no secret in any line.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task Every_change_logs_one_audit_line_and_reads_log_none()
    {
        var engine = Facts.Engine(Facts.Container('1', "web"));
        engine.StopContainer = (_, _, _) => Task.CompletedTask;
        engine.RestartContainer = (_, _, _) => throw new EngineException(ErrorCode.EngineUnavailable, "local", "The engine is away.");
        await using var service = new RecordedLog(new Keys().Add("ops", [Scopes.ContainersRead, Scopes.ContainersWrite]), engine);
        using var client = service.CreateClient();
        client.DefaultRequestHeaders.Add("X-Api-Key", "ops");

        await client.GetStringAsync("/containers");
        using var stopped = await client.PostAsync("/containers/web/stop", null);
        using var failed = await client.PostAsync("/containers/web/restart", null);
        using var missing = await client.PostAsync("/containers/nothing/start", null);
        using var refused = await client.DeleteAsync("/images/app");
        client.DefaultRequestHeaders.Remove("X-Api-Key");
        using var unknown = await client.DeleteAsync("/containers/web");

        var id = Facts.Id('1')[..12];
        Assert.Equal(
            [
                $"Audit: ops from : stopContainer container {id} (web) on local: 204 ",
                $"Audit: ops from : restartContainer container {id} (web) on local: 503 engine_unavailable: The engine is away.",
                "Audit: ops from : startContainer nothing: 404 container_not_found: There is no container 'nothing'.",
                "Audit: ops from : removeImage app: 403 forbidden: Missing scope: images:write.",
                "Audit: anonymous from : removeContainer web: 401 unauthenticated: Authentication required. Send an API key: Authorization: Bearer KEY, or X-Api-Key: KEY.",
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
        using var client = service.CreateClient();

        client.DefaultRequestHeaders.Add("X-Api-Key", Secret);
        using var bad = await client.GetAsync("/containers");
        client.DefaultRequestHeaders.Remove("X-Api-Key");
        client.DefaultRequestHeaders.Authorization = new("Bearer", Secret);
        using var bearer = await client.GetAsync("/containers");
        client.DefaultRequestHeaders.Authorization = new("Bearer", Secret[..7]);
        using var made = await client.PostAsync("/containers", new StringContent(
            $$"""{"image":"app","pull":"never","environment":{"PASSWORD":"{{Secret}}"},"command":"run {{Secret}}"}""", Encoding.UTF8, "application/json"));

        Assert.NotEmpty(service.Lines);
        Assert.Contains(service.Lines, l => l.Message.Contains("failed: unknown key", StringComparison.Ordinal));
        Assert.DoesNotContain(service.Lines, l => l.Message.Contains(Secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("two\nlines\r and a bell\a", "two lines  and a bell ")]
    [InlineData("a\u2028b", "a b")]
    public void Text_of_a_caller_is_one_log_line(string text, string expected) => Assert.Equal(expected, ContainerApi.Api.LogText.OneLine(text));

    [Fact]
    public async Task A_target_is_one_line_whatever_was_written()
    {
        await using var service = new RecordedLog(new Dictionary<string, string?>(), Facts.Engine());
        using var client = service.CreateClient();

        using var response = await client.DeleteAsync("/images/a%0Ab" + new string('x', 600));

        var line = Assert.Single(service.Lines, l => l.Category == Audit.Category).Message;
        Assert.DoesNotContain('\n', line.Split(": 400")[0]);
        Assert.True(line.Length < 3000, line);
    }
}
