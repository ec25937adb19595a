using FluentValidation;

namespace ContainerApi.Engine;

/// <summary>One configured engine: <c>Engines:N</c>.</summary>
internal sealed class EngineOptions
{
    public string Name { get; set; } = "";

    /// <summary><c>unix:///path</c> or <c>tcp://host:port</c>.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>
    /// <c>auto</c>: what this service's own host shows of the engine's containers is read there, the rest asked of the
    /// engine. <c>off</c>: all is asked of the engine.
    /// </summary>
    public string HostSource { get; set; } = HostSourceAuto;

    public const string HostSourceAuto = "auto";
    public const string HostSourceOff = "off";

    /// <summary>How long a call that should answer at once may take.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);
}

internal sealed class EngineOptionsValidator : AbstractValidator<EngineOptions>
{
    public EngineOptionsValidator()
    {
        RuleFor(o => o.Name).Matches(@"^[a-z0-9][a-z0-9_.-]{0,62}\z")
            .WithMessage("'{PropertyValue}' is not an engine name: lower-case letters, digits, '_', '.' and '-', 63 at most.");
        RuleFor(o => o.Endpoint).Must(e => EngineEndpoint.TryParse(e, out _))
            .WithMessage("'{PropertyValue}' is not an endpoint: unix:///path or tcp://host:port.");
        RuleFor(o => o.HostSource).Must(s => s is EngineOptions.HostSourceAuto or EngineOptions.HostSourceOff)
            .WithMessage("'{PropertyValue}' is not a host source: auto or off.");
        RuleFor(o => o.CallTimeout).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
    }
}
