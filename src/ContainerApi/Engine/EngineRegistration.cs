using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.BuildKit;
using ContainerApi.Engine.Host;
using FluentValidation;
using Microsoft.Extensions.Options;

namespace ContainerApi.Engine;

internal static class EngineRegistration
{
    /// <summary>
    /// Reads <c>Engines</c>; where there are none, the one that <c>DOCKER_HOST</c> names, or the usual socket, as <c>local</c>.
    /// </summary>
    public static void AddEngines(this WebApplicationBuilder builder)
    {
        var configured = builder.Configuration.GetSection("Engines").Get<List<EngineOptions>>() ?? [];
        if (configured.Count == 0)
        {
            var endpoint = builder.Configuration["DOCKER_HOST"];
            configured.Add(new EngineOptions { Name = "local", Endpoint = string.IsNullOrEmpty(endpoint) ? EngineEndpoint.Default : endpoint });
        }

        var host = builder.Configuration.GetSection("Host").Get<HostRoots>() ?? new HostRoots();
        Validate(configured, host);
        builder.Services.AddSingleton<SessionServer>();
        builder.Services.AddSingleton(services => new EngineDirectory(configured.Select(options => new DockerEngine(
            options,
            services.GetRequiredService<TimeProvider>(),
            options.HostSource == EngineOptions.HostSourceOff ? null : new HostSource(host, services.GetRequiredService<TimeProvider>()),
            services.GetRequiredService<SessionServer>()))));
    }

    private static void Validate(List<EngineOptions> configured, HostRoots host)
    {
        var validator = new EngineOptionsValidator();
        var failures = configured
            .SelectMany((options, n) => validator.Validate(options).Errors.Select(e => $"Engines:{n}:{e.PropertyName}: {e.ErrorMessage}"))
            .Concat(configured.GroupBy(o => o.Name).Where(g => g.Count() > 1).Select(g => $"Engines: the name '{g.Key}' is given twice."))
            .Concat(new HostRootsValidator().Validate(host).Errors.Select(e => $"Host:{e.PropertyName}: {e.ErrorMessage}"))
            .ToList();
        if (failures.Count > 0)
        {
            throw new OptionsValidationException("Engines", typeof(EngineOptions), failures);
        }
    }
}
