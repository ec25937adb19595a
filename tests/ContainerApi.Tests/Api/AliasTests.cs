using ContainerApi.Api.Requests;
using ContainerApi.Tests.Builds;

namespace ContainerApi.Tests.Api;

/// <summary>The names that requests may use in place of those in the OpenAPI document.</summary>
public sealed class AliasTests : BuildEndpointFixture
{
    private const string Dockerfile = "\"dockerfile\":\"FROM scratch\"";

    [Fact]
    public void Every_alias_is_listed_here()
    {
        var requests = typeof(RequestDefinition).Assembly.GetTypes()
            .Where(t => t.GetConstructors() is [var only] && only.GetParameters().Any(p => p.IsDefined(typeof(ParameterAttribute), false)));
        var aliases = requests.SelectMany(t => RequestDefinition.Of(t).Parameters)
            .SelectMany(p => new[] { true, false }.SelectMany(json => p.NamesIn(json).Skip(1)
                .Select(alias => $"{alias} for {p.NameIn(json)}{(json ? " in JSON" : "")}"))
                .Concat(p.Declaration.IsReplaced ? [$"{p.Name} is replaced"] : []));

        Assert.Equal(
            [
                "annotation for annotations in JSON", "buildArg for buildArgs in JSON", "change for changes in JSON",
                "context for contexts in JSON",
                "detach is replaced",
                "extraHost for extraHosts in JSON", "from is replaced",
                "label for labels in JSON", "lastEventId for after", "lastEventId for after in JSON",
                "secret for secrets in JSON", "stream is replaced",
                "tag for tags in JSON", "ulimit for ulimits in JSON", "workingDir for workingDirectory",
                "workingDir for workingDirectory in JSON",
            ],
            aliases.Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(""" "tags":["a:1"] """, """ "tag":"a:1" """)]
    [InlineData(""" "tags":["a:1","b:2"] """, """ "tag":["a:1","b:2"] """)]
    [InlineData(""" "buildArgs":{"A":"1","B":null} """, """ "buildArg":["A=1","B"] """)]
    [InlineData(""" "labels":{"l":"m"} """, """ "label":"l=m" """)]
    [InlineData(""" "extraHosts":["h:127.0.0.1"] """, """ "extraHost":"h:127.0.0.1" """)]
    [InlineData(""" "secrets":{"id":"x"} """, """ "secret":["id=x"] """)]
    [InlineData(""" "pull":"always" """, """ "pull":true """)]
    [InlineData(""" "pull":"missing" """, """ "pull":false """)]
    [InlineData(""" "mode":"wait" """, """ "stream":false """)]
    [InlineData(""" "mode":"detach" """, """ "detach":true """)]
    [InlineData(""" "timeout":"1m" """, """ "timeout":60 """)]
    public async Task Alias_in_JSON_has_the_effect_of_the_name(string field, string alias)
    {
        var (status, spec) = await BuildAsync(field);

        Assert.Equal((status, spec), await BuildAsync(alias));
    }

    [Theory]
    [InlineData(""" "tags":["a:1"],"tag":"a:1" """, "tag", "must not be given with tags: it is another name of tags.")]
    [InlineData(""" "tag":"A B" """, "tag", null)]
    [InlineData(""" "tags":["A B"] """, "tags[0]", null)]
    [InlineData(""" "push":true """, "push", "needs a tag.")]
    [InlineData(""" "pull":"sometimes" """, "pull", "must be one of missing, always, never.")]
    [InlineData(""" "mode":"wait","stream":true """, "stream", "contradicts mode=wait.")]
    [InlineData(""" "mode":"stream","stream":false """, "stream", null)]
    [InlineData(""" "mode":"detach","detach":false """, "detach", "contradicts mode=detach.")]
    [InlineData(""" "mode":"wait","detach":true """, "detach", "contradicts mode=wait.")]
    [InlineData(""" "t":"a" """, "t", "is an unknown field. Use 'tag', or 'tags' in JSON.")]
    [InlineData(""" "timeout":"2h" """, "timeout",
        "must be a duration from 1 to 600 seconds: a whole number of seconds, or as in 30s, 10m or 1h30m.")]
    public async Task Contradiction_and_error_name_the_field_as_sent(string fields, string field, string? message)
    {
        using var response = await PostJsonAsync($"{{{Dockerfile},{fields}}}");

        var errors = (await response.ReadJsonAsync(HttpStatusCode.BadRequest)).GetProperty("errors");

        Assert.Equal([field], errors.EnumerateObject().Select(e => e.Name));
        Assert.Equal(message ?? errors.GetProperty(field)[0].GetString(), errors.GetProperty(field)[0].GetString());
    }

    [Theory]
    [InlineData("tags=a:1", "tags", "is an unknown parameter. Use 'tag', or 'tags' in JSON.")]
    [InlineData("pull=maybe", "pull", "must be one of missing, always, never.")]
    public async Task Plural_name_in_a_query_is_unknown(string query, string field, string message)
    {
        using var response = await PostAsync(query, Tar(), "application/x-tar");

        var errors = (await response.ReadJsonAsync(HttpStatusCode.BadRequest)).GetProperty("errors");

        Assert.Equal(message, errors.GetProperty(field)[0].GetString());
    }

    [Fact]
    public async Task Build_without_pulls_is_unsupported()
    {
        using var response = await PostAsync("pull=never", Tar(), "application/x-tar");

        await response.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "feature_unsupported");
    }

    /// <summary>Returns the status and what the engine was asked for.</summary>
    private async Task<(HttpStatusCode Status, string Spec)> BuildAsync(string field)
    {
        using var response = await PostJsonAsync($"{{{Dockerfile},{field}}}");
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var spec = _built.Spec!;
        return (response.StatusCode, JsonSerializer.Serialize(new
        {
            Tags = spec.Tags.Select(t => t.ToString()),
            spec.BuildArguments,
            spec.Labels,
            spec.ExtraHosts,
            spec.Secrets,
            spec.Pull,
        }));
    }
}
