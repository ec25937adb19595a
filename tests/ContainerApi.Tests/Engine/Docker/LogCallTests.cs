using ContainerApi.Engine.Docker;
using ContainerApi.Stubs;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>The call for a container's log, against the HTTP stub.</summary>
public sealed class LogCallTests
{
    private static readonly LogRange All = new(null, Follow: false, null, null, null);

    [Fact]
    public async Task Range_becomes_the_parameters_of_the_engine()
    {
        await using var stub = await DockerApiStub.StartAsync(new StubOptions());
        var query = "";
        stub.When("/containers/{id}/logs", context =>
        {
            query = context.Request.QueryString.Value!;
            return Task.FromResult(true);
        });
        using var engine = Adapter(stub);
        Assert.True(LogTime.TryParse("2026-11-29T00:45:15.000000001Z"u8, out var since));

        await ReadAsync(engine, new LogRange(LogOutput.Stderr, Follow: true, since, since.Add(TimeSpan.FromSeconds(1)), 5));

        Assert.Equal("?stdout=0&stderr=1&timestamps=1&follow=1&since=1795913115.000000001&until=1795913116.000000001&tail=5", query);
    }

    [Fact]
    public async Task Driver_that_cannot_be_read_is_unsupported()
    {
        await using var stub = await DockerApiStub.StartAsync(new StubOptions());
        stub.When("/containers/{id}/logs", Behaviours.Error(501, "configured logging driver does not support reading"));
        using var engine = Adapter(stub);

        var error = await Assert.ThrowsAsync<EngineException>(() => ReadAsync(engine, All));

        Assert.Equal(ErrorCode.FeatureUnsupported, error.Code);
        Assert.Equal("configured logging driver does not support reading", error.Message);
    }

    [Fact]
    public async Task Lost_connection_is_an_error_after_the_lines()
    {
        await using var stub = await DockerApiStub.StartAsync(new StubOptions());
        stub.When("/containers/{id}/logs", async context =>
        {
            await context.Response.WriteAsync("2026-11-29T00:45:15Z one\n2026-11-29T00:45:15Z tw");
            await context.Response.Body.FlushAsync();
            context.Abort();
            return true;
        });
        using var engine = Adapter(stub);
        var lines = new List<string>();

        var error = await Assert.ThrowsAsync<EngineException>(() => ReadAsync(engine, All, lines));

        Assert.Equal(ErrorCode.EngineUnavailable, error.Code);
        Assert.True(lines is [] or ["one"], string.Join('|', lines));
    }

    [Fact]
    public async Task Answer_that_is_no_log_is_an_engine_error()
    {
        await using var stub = await DockerApiStub.StartAsync(new StubOptions());
        stub.When("/containers/{id}/logs", Behaviours.Answer(200, "<html>"));
        using var engine = Adapter(stub);

        var error = await Assert.ThrowsAsync<EngineException>(() => ReadAsync(engine, All));

        Assert.Equal(ErrorCode.EngineError, error.Code);
    }

    private static DockerEngine Adapter(DockerApiStub stub) =>
        new(new EngineOptions { Name = "local", Endpoint = stub.Endpoint, CallTimeout = TimeSpan.FromMinutes(2) }, TimeProvider.System);

    private static async Task ReadAsync(DockerEngine engine, LogRange range, List<string>? texts = null)
    {
        await foreach (var lines in engine.ReadLogsAsync(new string('1', 64), range, CancellationToken.None))
        {
            texts?.AddRange(Enumerable.Range(0, lines.Count).Select(i => Encoding.UTF8.GetString(lines.TextOf(lines[i]))));
        }
    }
}
