using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace ContainerApi.Access;

/// <summary>
/// The current <c>Security</c> section. Keys are added, rotated and removed without a restart if the configuration source reports
/// changes, as a JSON file does. An invalid section is logged, and the last valid one stays in use.
/// </summary>
internal sealed partial class SecuritySettings : IDisposable
{
    private readonly IDisposable _watching;
    private readonly ILogger<SecuritySettings> _logger;
    private readonly bool _mayBeAnonymous;
    private volatile SecurityOptions _current;

    /// <summary>Not disposed: requests may still wait for it, and without a timer it holds nothing.</summary>
    private CancellationTokenSource _replaced = new();

    public SecuritySettings(
        IConfiguration configuration, SecurityOptions options, IOptionsFactory<SecurityOptions> factory, ILogger<SecuritySettings> logger)
    {
        (_logger, _current) = (logger, options);
        // Decided once: removing the last key must not open a service that listens on all addresses.
        _mayBeAnonymous = Current.AllowAnonymous || !Current.HasCredentials;
        _watching = ChangeToken.OnChange(configuration.GetReloadToken, () => Reload(factory));
    }

    public SecurityOptions Current => _current;

    /// <summary>Cancelled when <see cref="Current"/> is replaced.</summary>
    public CancellationToken Changed => _replaced.Token;

    public Redactor Redactor => _current.Redactor;

    /// <summary>Whether requests without credentials are accepted. With credentials configured, only if the setting allows it.</summary>
    public bool ServesAnonymous => _mayBeAnonymous && (Current.AllowAnonymous || !Current.HasCredentials);

    public void Dispose() => _watching.Dispose();

    private void Reload(IOptionsFactory<SecurityOptions> factory)
    {
        try
        {
            _current = factory.Create(Options.DefaultName);
            var previous = Interlocked.Exchange(ref _replaced, new CancellationTokenSource());
            previous.Cancel();
            Log.Reloaded(_logger, Current.ApiKeys.Count);
        }
        catch (OptionsValidationException e)
        {
            Log.Refused(_logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Security settings reloaded; {Keys} API keys")]
        public static partial void Reloaded(ILogger logger, int keys);

        [LoggerMessage(2, LogLevel.Error, "Security settings not reloaded because they are invalid; the previous ones stay in use: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);
    }
}
