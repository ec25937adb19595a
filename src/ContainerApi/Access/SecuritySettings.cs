using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace ContainerApi.Access;

/// <summary>
/// The <c>Security</c> section as it is now: keys are added, rotated and taken away without a restart, wherever the
/// configuration's source tells of changes (a JSON file does). A section that is wrong is told, and the last good one stays.
/// </summary>
internal sealed partial class SecuritySettings : IDisposable
{
    private readonly IDisposable _watching;
    private readonly ILogger<SecuritySettings> _logger;
    private readonly bool _mayBeAnonymous;
    private volatile Snapshot _current;

    public SecuritySettings(IConfiguration configuration, SecurityOptions options, IOptionsFactory<SecurityOptions> factory, ILogger<SecuritySettings> logger)
    {
        _logger = logger;
        _current = new Snapshot(options);
        // Decided once: taking the last key away must not open a service that listens to the world.
        _mayBeAnonymous = Current.AllowAnonymous || !Current.HasCredentials;
        _watching = ChangeToken.OnChange(configuration.GetReloadToken, () => Reload(factory));
    }

    public SecurityOptions Current => _current.Options;

    public Redactor Redactor => _current.Redactor;

    /// <summary>Whether who shows no credentials is served. Once there are credentials, only where the configuration says so.</summary>
    public bool ServesAnonymous => _mayBeAnonymous && (Current.AllowAnonymous || !Current.HasCredentials);

    public void Dispose() => _watching.Dispose();

    private void Reload(IOptionsFactory<SecurityOptions> factory)
    {
        try
        {
            _current = new Snapshot(factory.Create(Options.DefaultName));
            Log.Reloaded(_logger, Current.ApiKeys.Count);
        }
        catch (OptionsValidationException e)
        {
            Log.Refused(_logger, e.Message);
        }
    }

    private sealed class Snapshot(SecurityOptions options)
    {
        public SecurityOptions Options { get; } = options;

        public Redactor Redactor { get; } = new(options.MaskPatterns ?? Redactor.Usual);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The security settings were read again; there are {Keys} API keys")]
        public static partial void Reloaded(ILogger logger, int keys);

        [LoggerMessage(2, LogLevel.Error, "The security settings were changed and are not valid, so those from before stay: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);
    }
}
