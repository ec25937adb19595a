using System.Net;
using ContainerApi.Access;
using ContainerApi.Settings;
using ContainerApi.Tests.Containers;
using ContainerApi.Tests.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests.Access;

/// <summary>How a caller shows who it is, and what happens to who is not known.</summary>
public sealed class ApiKeyTests
{
    [Theory]
    [InlineData("X-Api-Key", "good")]
    [InlineData("Authorization", "Bearer good")]
    [InlineData("Authorization", "bearer good")]
    public async Task A_key_is_taken_from_either_header(string header, string value)
    {
        await using var host = new ApiHost(new Keys().Add("good", [Scopes.ContainersRead]), Facts.Engine(Facts.Container('1')));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers");
        request.Headers.TryAddWithoutValidation(header, value);

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("X-Api-Key", "bad")]
    [InlineData("X-Api-Key", "Good")]
    [InlineData("X-Api-Key", "late")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Basic Z29vZDpnb29k")]
    [InlineData("Authorization", "good")]
    [InlineData("Authorization", "Bearer a.b.c")]
    public async Task Invalid_credentials_return_401_and_are_not_repeated(string header, string value)
    {
        var keys = new Keys().Add("good", [Scopes.ContainersRead]).Add("late", [Scopes.ContainersRead], expires: DateTimeOffset.UtcNow.AddSeconds(-1));
        await using var host = new ApiHost(keys, Facts.Engine());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/containers");
        request.Headers.TryAddWithoutValidation(header, value);

        using var response = await host.Client.SendAsync(request);

        await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_long_key_is_not_even_hashed()
    {
        await using var host = new ApiHost(new Keys().Add(new string('k', 513)[..60], [Scopes.ContainersRead]), Facts.Engine());

        using var response = await host.With(new string('k', 5000)).GetAsync("/containers");

        await response.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Invalid_credentials_return_401_even_where_none_are_required()
    {
        await using var host = new ApiHost(new Keys().Add("good", [Scopes.ContainersRead]).AllowingAnonymous(), Facts.Engine());

        using var without = await host.Client.GetAsync("/containers");
        using var bad = await host.With("bad").GetAsync("/containers");

        Assert.Equal(HttpStatusCode.OK, without.StatusCode);
        await bad.ReadProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
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

        using var good = await host.With("good").GetAsync("/containers");

        Assert.Equal(HttpStatusCode.Unauthorized, statuses[0]);
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
    }

    [Fact]
    public void Keys_change_without_a_restart_and_an_invalid_section_is_ignored()
    {
        using var file = new SettingsFile(Section("one", Scopes.ContainersRead));
        using var settings = file.Settings();

        file.Write(Section("two", Scopes.ContainersRead));
        var rotated = settings.Current.ApiKeys.Single().Name;
        file.Write(Section("three", "everything"));

        Assert.Equal("two", rotated);
        Assert.Equal("two", settings.Current.ApiKeys.Single().Name);
    }

    [Fact]
    public void Removing_the_last_key_does_not_allow_anonymous_callers()
    {
        using var file = new SettingsFile(Section("one", Scopes.ContainersRead));
        using var settings = file.Settings();

        file.Write("{}");

        Assert.Empty(settings.Current.ApiKeys);
        Assert.False(settings.ServesAnonymous);
    }

    private static string Section(string name, string scope) =>
        $$$"""{"Security":{"ApiKeys":[{"Name":"{{{name}}}","Hash":"{{{Keys.HashOf(name)}}}","Scopes":["{{{scope}}}"]}]}}""";

    /// <summary>A configuration in a file, which is read again when the test says so.</summary>
    private sealed class SettingsFile : IDisposable
    {
        private readonly string _path = Path.GetTempFileName();

        public SettingsFile(string text)
        {
            File.WriteAllText(_path, text);
            Configuration = new ConfigurationBuilder().AddJsonFile(_path).Build();
        }

        public IConfigurationRoot Configuration { get; }

        public SecuritySettings Settings()
        {
            var services = new ServiceCollection().AddSingleton<IConfiguration>(Configuration).AddLogging().AddSingleton<SecuritySettings>();
            services.AddSettings<SecurityOptions, SecurityOptionsValidator>(SecurityOptions.Section);
            return services.BuildServiceProvider().GetRequiredService<SecuritySettings>();
        }

        public void Write(string text)
        {
            File.WriteAllText(_path, text);
            Configuration.Reload();
        }

        public void Dispose() => File.Delete(_path);
    }

    [Theory]
    [InlineData("Security:ApiKeys:0:Hash", "the key itself", "sha256:")]
    [InlineData("Security:ApiKeys:0:Scopes:0", "containers:rad", "containers:read")]
    [InlineData("Security:ApiKeys:0:ExpiresAt", "tomorrow", "Security:ApiKeys:0:ExpiresAt")]
    [InlineData("Security:ApiKeys:0:Lables:0", "team=a", "'Lables'")]
    [InlineData("Security:CorsOrigins:0", "https://a.example/path", "Security:CorsOrigins:0")]
    [InlineData("Security:MaskPatterns:0", "(", "Security:MaskPatterns:0")]
    [InlineData("Security:Jwt:Audience", "x", "Security:Jwt:Authority")]
    public void A_setting_that_is_wrong_is_named_and_a_key_that_was_put_there_is_not_told(string name, string value, string told)
    {
        var settings = new Keys().Add("good", [Scopes.ContainersRead]);
        settings[name] = value;

        var refusal = Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(
            () => SettingsTests.Read<SecurityOptions, SecurityOptionsValidator>(SecurityOptions.Section, settings));

        Assert.Contains(told, refusal.Message);
        Assert.DoesNotContain("the key itself", refusal.Message);
    }
}

internal static class AnonymousSettings
{
    public static Keys AllowingAnonymous(this Keys keys)
    {
        keys["Security:AllowAnonymous"] = "true";
        return keys;
    }
}
