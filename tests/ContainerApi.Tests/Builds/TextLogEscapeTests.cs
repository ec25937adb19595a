namespace ContainerApi.Tests.Builds;

public sealed class TextLogEscapeTests : IDisposable
{
    private readonly BuildApi _api = new();

    public void Dispose() => _api.Dispose();

    [Theory]
    [InlineData("format=text")]
    [InlineData("format=text&colour=true", "\u001b[31mred\u001b[0m", "\u001b[0m")]
    public async Task Terminal_sequences_of_a_build_do_not_pass_the_text_log(string query, params string[] allowed)
    {
        const string Hostile = "\u001b]0;title\u0007\u001b[2J\u001b[31mred\u001b[0m \u009b1m \u202e \u0000";
        var posting = _api.PostAsync(query);
        (await _api.NextAsync()).End(
            new StepStarted("1", 1, 1, "RUN " + Hostile), new StepLog("1", "stdout", Hostile + "\n"),
            new StepProgress("1", "layer" + Hostile, Hostile, 1, null), new BuildWarning(Hostile, 1), new BuildFailed(Hostile, "RUN " + Hostile, 1));

        using var response = await posting;
        var text = await response.Content.ReadAsStringAsync();

        Assert.Contains("red", text, StringComparison.Ordinal);
        Assert.All(allowed, colour => Assert.Contains(colour, text, StringComparison.Ordinal));
        text = allowed.Aggregate(text, (rest, colour) => rest.Replace(colour, "", StringComparison.Ordinal));
        Assert.DoesNotContain(text, c => c is '\u202e' || (char.IsControl(c) && c != '\n'));
    }
}
