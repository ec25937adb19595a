using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ContainerApi.EngineTests;

/// <summary>Registry authentication: tokens as at Docker Hub, and the credentials header of Docker's clients.</summary>
[Collection(EngineCollection.Name)]
public sealed class RegistryAuthTests(EngineFixture fixture)
{
    private const string Header = "X-Registry-Auth";
    private const string User = "ann";
    private const string Password = "s3cret-of-the-realm";

    private enum Given
    {
        Nothing,
        InTheBody,
        InTheHeader,
    }

    public static TheoryData<string, bool, string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool, string, bool>();
            foreach (var call in new[] { "pull", "buildkit", "classic" })
            {
                cases.Add(call, false, nameof(Given.Nothing), true);
                cases.Add(call, true, nameof(Given.InTheBody), true);
                cases.Add(call, true, nameof(Given.InTheHeader), true);
                cases.Add(call, true, nameof(Given.Nothing), false);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Pull_and_build_use_registry_tokens(string call, bool closed, string given, bool succeeds)
    {
        await using var registry = await FakeRegistry.StartAsync(
            EngineFixture.Label, fixture.Run, closed ? $"{User}:{Password}" : null, tokens: true);
        var auth = new { username = User, password = Password, serveraddress = registry.Host };
        var inBody = given == nameof(Given.InTheBody) ? new { username = User, password = Password, serverAddress = registry.Host } : null;

        var (ended, text) = await PostAsync(call == "pull" ? "pull" : "build", given == nameof(Given.InTheHeader) ? auth : null, call == "pull"
            ? new { image = registry.Reference, registryAuth = inBody }
                : new
                {
                    dockerfile = $"FROM {registry.Reference}\nLABEL {EngineFixture.Label}={fixture.Run} own={Guid.NewGuid():n}\n",
                    builder = call,
                    registryAuth = inBody,
                });

        Assert.True(ended == succeeds, text);
        Assert.Equal(succeeds, registry.Tokens > 0);
        Assert.DoesNotContain(Password, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_takes_credentials_from_the_header()
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var image = await fixture.TagAsync(registry.Host, "team/header");
        var auth = new { username = DebianRegistry.User, password = DebianRegistry.Password, email = "", serveraddress = registry.Host };

        var (pushed, text) = await PostAsync("push", auth, new { image });
        var (anonymous, _) = await PostAsync("push", new { }, new { image });

        Assert.True(pushed, text);
        Assert.False(anonymous);
    }

    [Theory]
    [InlineData("classic")]
    [InlineData("buildkit")]
    public async Task A_build_pushes_with_credentials_from_the_header(string builder)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var auth = new { username = DebianRegistry.User, password = DebianRegistry.Password, serveraddress = registry.Host };

        var (built, text) = await PostAsync("build", auth, new
        {
            dockerfile = $"FROM {fixture.Image}\nENV BUILT={Guid.NewGuid():n}\n",
            builder,
            tag = $"{registry.Host}/team/header:{builder}",
            push = true,
            label = $"{EngineFixture.Label}={fixture.Run}",
        });

        Assert.True(built, text);
    }

    [Theory]
    [InlineData("pull", "!", "registryAuth")]
    [InlineData("push", "eyJ1c2VybmFtZSI6ImFubiJ9", "registryAuth")]
    [InlineData("build", "!", "registryAuth")]
    public async Task An_invalid_credentials_header_returns_400(string call, string header, string field)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/" + call)
        {
            Content = call == "build"
                ? new StringContent("FROM scratch\n", Encoding.UTF8, "text/x-dockerfile")
                : JsonContent.Create(new { image = fixture.Image }),
        };
        request.Headers.TryAddWithoutValidation(Header, header);
        using var response = await fixture.Client.SendAsync(request);
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (response.StatusCode, Text(problem, "code")));
        Assert.NotNull(problem["errors"]![field]);
    }

    /// <returns>Whether the call succeeded, and the whole answer.</returns>
    private async Task<(bool Succeeded, string Text)> PostAsync(string call, object? header, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/" + call) { Content = JsonContent.Create(body) };
        if (header is not null)
        {
            request.Headers.Add(Header, Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(header)));
        }

        using var response = await fixture.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var last = JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
        return (response.IsSuccessStatusCode && Text(last, "state") == "succeeded", text);
    }
}
