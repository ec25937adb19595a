using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Serilog.Core;
using Serilog.Events;

namespace ContainerApi.EngineTests;

/// <summary>Secrets of a build are in no store, log or response of the service.</summary>
[Collection(EngineCollection.Name)]
public sealed class SecretTests(EngineFixture fixture)
{
    private const string Secret = "s3cret-of-the-step-4711";
    private const string Argument = "value-of-the-argument-4712";

    [Theory]
    [InlineData("buildkit", true)]
    [InlineData("buildkit", false)]
    [InlineData("classic", true)]
    [InlineData("classic", false)]
    public async Task Secrets_are_in_no_log_no_store_and_no_response(string builder, bool succeeds)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var logs = new Sink();
        using var rsa = RSA.Create(2048);
        var key = rsa.ExportPkcs8PrivateKeyPem();
        var store = $"secrets-{Guid.NewGuid():n}.db";
        var answers = new StringBuilder();
        var (service, client) = fixture.StartService(store, builder =>
        {
            builder.UseSetting("Serilog:MinimumLevel:Default", "Verbose");
            builder.UseSetting("Serilog:MinimumLevel:Override:Microsoft.AspNetCore", "Verbose");
            builder.ConfigureTestServices(services => services.AddSingleton<ILogEventSink>(logs));
        });
        await using (service)
        {
            var step = builder == "buildkit" ? "RUN --mount=type=secret,id=token test -s /run/secrets/token && " : "RUN ";
            var auth = new { username = DebianRegistry.User, password = DebianRegistry.Password, serverAddress = registry.Host };
            using var built = await client.PostAsJsonAsync("/images/build", new
            {
                dockerfile = $"FROM {fixture.Image}\nARG VALUE\n{step}test -n \"$VALUE\" && echo {Guid.NewGuid():n}{(succeeds ? "" : "; exit 3")}\n",
                builder,
                tag = $"{registry.Host}/team/secret:{builder}",
                push = true,
                label = $"{EngineFixture.Label}={fixture.Run}",
                buildArg = "VALUE=" + Argument,
                secret = builder == "buildkit" ? new Dictionary<string, string> { ["token"] = Secret } : null,
                ssh = builder == "buildkit" ? new Dictionary<string, string> { ["default"] = key } : null,
                registryAuth = auth,
            });
            answers.Append(await built.Content.ReadAsStringAsync());
            Assert.Equal(
                succeeds ? "succeeded" : "failed", JsonNode.Parse(answers.ToString().TrimEnd().Split('\n')[^1])!["state"]!.GetValue<string>());
            var id = JsonNode.Parse(answers.ToString().Split('\n')[0])!["buildId"]!.GetValue<string>();
            answers.Append(await client.GetStringAsync("/builds/" + id)).Append(await client.GetStringAsync($"/builds/{id}/events"))
                .Append(await client.GetStringAsync("/builds"));
            using var pushed = await client.PostAsJsonAsync("/images/push", new { image = $"{registry.Host}/team/secret:none", registryAuth = auth });
            answers.Append(await pushed.Content.ReadAsStringAsync());
        }

        // Check that the searched texts are not empty.
        Assert.Contains("/images/build", logs.Text, StringComparison.Ordinal);
        Assert.Contains(logs.Levels, level => level <= LogEventLevel.Debug);
        // The lock file is empty and may still be locked.
        var kept = string.Concat(
            Directory.GetFiles(fixture.State, store + "*").Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))
                .Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));
        Assert.Contains("\"started\"", kept, StringComparison.Ordinal);
        foreach (var (where, text) in new[] { ("the log", logs.Text), ("the store", kept), ("an answer", answers.ToString()) })
        {
            foreach (var confidential in new[] { Secret, Argument, DebianRegistry.Password, key.Split('\n')[5] })
            {
                Assert.False(
                    Forms(confidential).Any(form => text.Contains(form, StringComparison.OrdinalIgnoreCase)), $"{confidential} is in {where}");
            }
        }
    }

    /// <summary>The text itself, URL-encoded, and in base64 at all three offsets.</summary>
    private static IEnumerable<string> Forms(string text)
    {
        yield return text;
        yield return Uri.EscapeDataString(text);
        for (var before = 0; before < 3; before++)
        {
            // The ends depend on neighboring bytes.
            yield return Convert.ToBase64String(Encoding.UTF8.GetBytes(new string(' ', before) + text))[4..^4];
        }
    }

    /// <summary>Records messages, properties and exceptions of the log.</summary>
    private sealed class Sink : ILogEventSink
    {
        private readonly ConcurrentQueue<(LogEventLevel Level, string Text)> _events = [];

        public string Text => string.Join('\n', _events.Select(e => e.Text));

        public IEnumerable<LogEventLevel> Levels => _events.Select(e => e.Level);

        public void Emit(LogEvent logEvent) => _events.Enqueue((logEvent.Level,
            $"{logEvent.RenderMessage(CultureInfo.InvariantCulture)} {string.Join(' ', logEvent.Properties)} {logEvent.Exception}"));
    }
}
