using ContainerApi.Containers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests;

/// <summary>The whole service in memory, or on Kestrel, with the engines of the test.</summary>
internal class ApiHost : WebApplicationFactory<Program>
{
    private readonly IReadOnlyList<IEngine> _engines;
    private readonly IReadOnlyDictionary<string, string?> _settings;
    private readonly CollectionLimits? _limits;
    private readonly TimeProvider _time;

    public ApiHost(params IReadOnlyList<IEngine> engines)
        : this(new Dictionary<string, string?>(), engines)
    {
    }

    public ApiHost(IReadOnlyDictionary<string, string?> settings, params IReadOnlyList<IEngine> engines)
        : this(limits: null, settings, engines)
    {
    }

    /// <param name="limits">Limits of a collection; null for the default.</param>
    public ApiHost(CollectionLimits? limits, IReadOnlyDictionary<string, string?> settings, params IReadOnlyList<IEngine> engines)
        : this(limits, TimeProvider.System, settings, engines)
    {
    }

    public ApiHost(CollectionLimits? limits, TimeProvider time, IReadOnlyDictionary<string, string?> settings, params IReadOnlyList<IEngine> engines)
    {
        (_limits, _time, _settings, _engines) = (limits, time, settings, engines);
        if (settings.ContainsKey("Urls"))
        {
            UseKestrel();
            StartServer();
        }

        Client = CreateClient();
    }

    public HttpClient Client { get; }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        // UseSetting applies before services are registered.
        builder.UseSetting("Builds:StorePath", "");
        foreach (var (name, value) in _settings)
        {
            builder.UseSetting(name, value);
        }

        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton(_time);
            services.AddSingleton(new ConfiguredEngines(new EngineDirectory(_engines, _settings.GetValueOrDefault("DefaultEngine"))));
            if (_limits is not null)
            {
                services.AddSingleton(_limits);
            }
        });
    }

    public Task<JsonElement> GetJsonAsync(string address, HttpStatusCode expected = HttpStatusCode.OK) => Client.GetJsonAsync(address, expected);
}

internal static class Answers
{
    public static async Task<JsonElement> GetJsonAsync(this HttpClient client, string address, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await client.GetAsync(address);
        return await response.ReadJsonAsync(expected);
    }

    public static Task<HttpResponseMessage> PostTextAsync(this HttpClient client, string address, string body, string type = "application/json") =>
        client.PostAsync(address, new StringContent(body, Encoding.UTF8, type));

    /// <summary>The values of a field of the items of a list.</summary>
    public static IEnumerable<string?> Items(this JsonElement list, string field, string items = "items") =>
        list.GetProperty(items).EnumerateArray().Select(item => item.GetProperty(field).GetString());

    /// <summary>The JSON of a response; fails with the body if the status differs.</summary>
    public static async Task<JsonElement> ReadJsonAsync(this HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>A complete problem document with this code.</summary>
    public static async Task<JsonElement> ReadProblemAsync(this HttpResponseMessage response, HttpStatusCode expected, string code)
    {
        var problem = await response.ReadJsonAsync(expected);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        Assert.Equal("/problems/" + code, problem.GetProperty("type").GetString());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("traceId").GetString()));
        return problem;
    }
}
