using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Host;
using ContainerApi.Settings;
using ContainerApi.Tls;
using Microsoft.Extensions.Options;

namespace ContainerApi.Engine;

internal static partial class EngineRegistration
{
    /// <summary>
    /// Reads <c>Engines</c>; where there are none, the one that <c>DOCKER_HOST</c>, <c>DOCKER_TLS_VERIFY</c> and
    /// <c>DOCKER_CERT_PATH</c> name, or the usual socket, as <c>local</c>.
    /// </summary>
    public static void AddEngines(this WebApplicationBuilder builder)
    {
        var configured = SettingsRegistration.Bind(builder.Configuration, "Engines", new List<EngineOptions>());
        var host = SettingsRegistration.Bind(builder.Configuration, "Host", new HostRoots());
        var isDefault = configured.Count == 0;
        if (isDefault)
        {
            configured.Add(Default(builder.Configuration));
        }

        var defaultEngine = builder.Configuration["DefaultEngine"] is { Length: > 0 } name ? name : null;
        Validate(configured, defaultEngine, host, (n, property) => !isDefault ? $"Engines:{n}:{property.Replace('.', ':')}"
            : property.StartsWith("Tls", StringComparison.Ordinal) ? "DOCKER_CERT_PATH" : "DOCKER_HOST");
        builder.Services.AddSingleton<SessionServer>();
        builder.Services.AddSingleton(services => new ConfiguredEngines(new EngineDirectory(configured.Select(options => new DockerEngine(
            options,
            services.GetRequiredService<TimeProvider>(),
            options.HostSource == EngineOptions.HostSourceOff
                ? null
                : new HostSource(host, services.GetRequiredService<TimeProvider>(), services.GetService<CommandLimit>()),
            services.GetRequiredService<SessionServer>(),
            services.GetRequiredService<ILogger<DockerEngine>>(),
            services.GetService<EngineAnswerLimit>(),
            services.GetService<CommandLimit>())), defaultEngine)));
        builder.Services.AddHostedService(services =>
            new UnencryptedEngineWarning(configured, services.GetRequiredService<ILogger<UnencryptedEngineWarning>>()));
    }

    /// <summary>As in the docker command: TLS if <c>DOCKER_TLS_VERIFY</c> is not empty and the endpoint is not a socket.</summary>
    private static EngineOptions Default(IConfiguration configuration)
    {
        var endpoint = configuration["DOCKER_HOST"] is { Length: > 0 } named ? named : EngineEndpoint.Default;
        var isTls = !string.IsNullOrEmpty(configuration["DOCKER_TLS_VERIFY"])
            && EngineEndpoint.TryParse(endpoint, out var parsed) && parsed.SocketPath is null;
        var certificates = configuration["DOCKER_CERT_PATH"] is { Length: > 0 } path
            ? path
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker");
        return new EngineOptions { Name = "local", Endpoint = endpoint, Tls = isTls ? EngineTlsOptions.In(certificates) : null };
    }

    /// <param name="nameOf">Returns the configuration key of an engine's property.</param>
    private static void Validate(List<EngineOptions> configured, string? defaultEngine, HostRoots host, Func<int, string, string> nameOf)
    {
        var validator = new EngineOptionsValidator();
        var failures = configured
            .SelectMany((options, n) => validator.Validate(options).Errors.Select(e => $"{nameOf(n, e.PropertyName)}: {e.ErrorMessage}"))
            .Concat(configured.GroupBy(o => o.Name).Where(g => g.Count() > 1).Select(g => $"Engines: the name '{g.Key}' is not unique."))
            .Concat(defaultEngine is null || configured.Exists(o => o.Name == defaultEngine) ? []
                : [$"DefaultEngine: '{defaultEngine}' is not a configured engine: {string.Join(", ", configured.Select(o => o.Name))}."])
            .Concat(new HostRootsValidator().Validate(host).Errors.Select(e => $"Host:{e.PropertyName}: {e.ErrorMessage}"))
            .ToList();
        if (failures.Count == 0)
        {
            // Reports invalid files at startup and not with the first call.
            failures.AddRange(configured.Select((options, n) => (Name: nameOf(n, "Tls"), Fault: CertificateFiles.Fault(options.Tls?.ToFiles())))
                .Where(c => c.Fault is not null).Select(c => $"{c.Name}: {c.Fault}"));
        }

        if (failures.Count > 0)
        {
            throw new OptionsValidationException("Engines", typeof(EngineOptions), failures);
        }
    }

    /// <summary>Warns at startup about each engine that is connected over a network without TLS.</summary>
    private sealed partial class UnencryptedEngineWarning(IReadOnlyList<EngineOptions> engines, ILogger<UnencryptedEngineWarning> logger)
        : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            foreach (var engine in engines.Where(e => e.Tls is null && EngineEndpoint.TryParse(e.Endpoint, out var endpoint) && !endpoint.IsLocal))
            {
                Unencrypted(engine.Name, engine.Endpoint);
            }

            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        [LoggerMessage(1, LogLevel.Warning,
            "Engine {Engine} is connected at {Endpoint} WITHOUT TLS: anyone on the network path can control its host. "
            + "Configure Engines:N:Tls, or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH")]
        private partial void Unencrypted(string engine, string endpoint);
    }
}
