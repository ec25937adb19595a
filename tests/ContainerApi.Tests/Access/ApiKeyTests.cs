using ContainerApi.Access;
using ContainerApi.Settings;
using ContainerApi.Tests.Containers;
using ContainerApi.Tests.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ContainerApi.Tests.Access;

public sealed class ApiKeyTests
{
    [Theory]
    [InlineData("X-Api-Key", "good", true)]
    [InlineData("Authorization", "Bearer good", true)]
    [InlineData("Authorization", "bearer good", true)]
    [InlineData("X-Api-Key", "bad", false)]
    [InlineData("X-Api-Key", "Good", false)]
    [InlineData("X-Api-Key", "expired", false)]
    [InlineData("Authorization", "Bearer ", false)]
    [InlineData("Authorization", "Basic Z29vZDpnb29k", false)]
    [InlineData("Authorization", "good", false)]
    [InlineData("Authorization", "Bearer a.b.c", false)]
    public async Task Valid_key_in_either_header_is_accepted_and_any_other_returns_401(string header, string value, bool isValid)
    {
        var expired = DateTimeOffset.UtcNow.AddSeconds(-1);
        var keys = new Keys().Add("good", [Scopes.ContainersRead]).Add("expired", [Scopes.ContainersRead], expires: expired);
        await using var host = new ApiHost(keys, Facts.Engine());
        host.Client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);

        await AssertAcceptedAsync(host.Client, isValid);
    }

    [Theory]
    [InlineData("good", "other", HttpStatusCode.Unauthorized)]
    [InlineData("good", "bad", HttpStatusCode.Unauthorized)]
    [InlineData("bad", "good", HttpStatusCode.Unauthorized)]
    [InlineData("good", "a.b.c", HttpStatusCode.Unauthorized)]
    [InlineData("good", "good", HttpStatusCode.OK)]
    public async Task Two_credentials_must_be_of_one_caller(string key, string bearer, HttpStatusCode expected)
    {
        var keys = new Keys().Add("good", [Scopes.ContainersRead]).Add("other", [Scopes.ContainersRead]);
        await using var host = new ApiHost(keys, Facts.Engine());
        using var client = host.With(key);
        client.DefaultRequestHeaders.Authorization = new("Bearer", bearer);

        using var response = await client.GetAsync("/containers");

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Key_over_the_maximum_length_returns_401()
    {
        var (longest, tooLong) = (new string('k', 512), new string('k', 513));
        var keys = new Keys().Add("longest", [Scopes.ContainersRead]).Add("tooLong", [Scopes.ContainersRead]);
        keys["Security:ApiKeys:0:Hash"] = Keys.HashOf(longest);
        keys["Security:ApiKeys:1:Hash"] = Keys.HashOf(tooLong);
        await using var host = new ApiHost(keys, Facts.Engine());

        await AssertAcceptedAsync(host.With(longest), isValid: true);
        await AssertAcceptedAsync(host.With(tooLong), isValid: false);
    }

    [Fact]
    public async Task Invalid_credentials_return_401_even_if_none_are_required()
    {
        await using var host = new ApiHost(new Keys().Add("good", [Scopes.ContainersRead]).AllowAnonymous(), Facts.Engine());

        await AssertAcceptedAsync(host.Client, isValid: true);
        await AssertAcceptedAsync(host.With("bad"), isValid: false);
    }

    [Fact]
    public async Task Many_invalid_keys_return_429_and_a_valid_key_is_still_accepted()
    {
        await using var host = new ApiHost(new Keys().Add("good", [Scopes.ContainersRead]), Facts.Engine());
        using var guessing = host.With("guess");
        var statuses = new List<HttpStatusCode>();
        for (var n = 0; n < 40; n++)
        {
            using var refused = await guessing.GetAsync("/containers");
            statuses.Add(refused.StatusCode);
            Assert.Equal(refused.StatusCode == HttpStatusCode.TooManyRequests, refused.Headers.RetryAfter is not null);
        }

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests), (statuses[0], statuses[^1]));
        await AssertAcceptedAsync(host.With("good"), isValid: true);
    }

    [Fact]
    public void Reload_replaces_keys_and_ignores_an_invalid_section()
    {
        using var file = new SettingsFile(Section("one", Scopes.ContainersRead));

        file.Write(Section("two", Scopes.ContainersRead));
        Assert.Equal("two", file.Settings.Current.ApiKeys.Single().Name);

        file.Write(Section("three", "everything"));
        Assert.Equal("two", file.Settings.Current.ApiKeys.Single().Name);
    }

    [Fact]
    public void Removing_the_last_key_does_not_allow_anonymous_callers()
    {
        using var file = new SettingsFile(Section("one", Scopes.ContainersRead));

        file.Write("{}");

        Assert.Empty(file.Settings.Current.ApiKeys);
        Assert.False(file.Settings.ServesAnonymous);
    }

    [Theory]
    [InlineData("Security:ApiKeys:0:Hash", "the key itself", "sha256:")]
    [InlineData("Security:ApiKeys:0:Scopes:0", "containers:rad", "containers:read")]
    [InlineData("Security:ApiKeys:0:ExpiresAt", "tomorrow", "Security:ApiKeys:0:ExpiresAt")]
    [InlineData("Security:ApiKeys:0:Lables:0", "team=a", "'Lables'")]
    [InlineData("Security:CorsOrigins:0", "https://a.example/path", "Security:CorsOrigins:0")]
    [InlineData("Security:MaskPatterns:0", "(", "Security:MaskPatterns:0: '(' is not a regular expression")]
    [InlineData("Security:MaskPatterns:0", "(a)\\1", "is matched in linear time")]
    [InlineData("Security:Jwt:Audience", "x", "Security:Jwt:Authority")]
    public void Invalid_setting_is_reported_with_its_name_and_without_a_key(string name, string value, string expected)
    {
        var settings = new Keys().Add("good", [Scopes.ContainersRead]).With(name, value);

        var failure = Assert.Throws<OptionsValidationException>(
            () => SettingsTests.Read<SecurityOptions, SecurityOptionsValidator>(SecurityOptions.Section, settings));

        Assert.Contains(expected, failure.Message);
        Assert.DoesNotContain("the key itself", failure.Message);
    }

    private static async Task AssertAcceptedAsync(HttpClient client, bool isValid)
    {
        using var response = await client.GetAsync("/containers");
        if (isValid)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        else
        {
            await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }
    }

    private static string Section(string name, string scope) =>
        $$$"""{"Security":{"ApiKeys":[{"Name":"{{{name}}}","Hash":"{{{Keys.HashOf(name)}}}","Scopes":["{{{scope}}}"]}]}}""";

    /// <summary>Security settings from a file that the test reloads.</summary>
    private sealed class SettingsFile : IDisposable
    {
        private readonly string _path = Path.GetTempFileName();
        private readonly IConfigurationRoot _configuration;
        private readonly ServiceProvider _services;

        public SettingsFile(string text)
        {
            File.WriteAllText(_path, text);
            _configuration = new ConfigurationBuilder().AddJsonFile(_path).Build();
            var services = new ServiceCollection().AddSingleton<IConfiguration>(_configuration).AddLogging().AddSingleton<SecuritySettings>();
            services.AddSettings<SecurityOptions, SecurityOptionsValidator>(SecurityOptions.Section);
            _services = services.BuildServiceProvider();
            Settings = _services.GetRequiredService<SecuritySettings>();
        }

        public SecuritySettings Settings { get; }

        public void Write(string text)
        {
            File.WriteAllText(_path, text);
            _configuration.Reload();
        }

        public void Dispose()
        {
            _services.Dispose();
            File.Delete(_path);
        }
    }
}
