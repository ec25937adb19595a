using FluentValidation;

namespace ContainerApi.Hosting;

/// <summary>How much anybody may ask of this service: the <c>Limits</c> section. Contexts of builds have their own, in <c>Builds</c>.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>Open connections, of all callers together.</summary>
    public int Connections { get; set; } = 10_000;

    /// <summary>Requests at once on one HTTP/2 connection.</summary>
    public int StreamsPerConnection { get; set; } = 100;

    /// <summary>All headers of a request together.</summary>
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>The first line of a request: method and address.</summary>
    public int RequestLineBytes { get; set; } = 16 * 1024;

    /// <summary>How long a client may take to send its headers.</summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may lie idle between requests.</summary>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>A body, where it is not the context of a build.</summary>
    public long BodyBytes { get; set; } = 1024 * 1024;

    /// <summary>How long a request may take that is answered at once.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>How long a request may take that lasts: a watch, a transfer, a commit, a stop. Builds have <c>Builds:Timeout</c>.</summary>
    public TimeSpan StreamTimeout { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Requests that last, at once, by one caller. Who calls from this host without a key is not limited in this, either.</summary>
    public int StreamsPerCaller { get; set; } = 1000;

    /// <summary>Requests by one caller on average; 0 is no limit. Who calls from this host without a key is not limited.</summary>
    public int RequestsPerSecond { get; set; } = 500;

    /// <summary>How long the service takes to end: streams get their last line in it, and builds are stopped.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads and judges the section, so that a service with a bad one does not start.</summary>
    public static LimitOptions From(IConfiguration configuration) => OptionsRegistration.Read(configuration, Section, new LimitOptionsValidator());
}

internal sealed class LimitOptionsValidator : AbstractValidator<LimitOptions>
{
    public LimitOptionsValidator()
    {
        RuleFor(o => o.Connections).InclusiveBetween(1, 1_000_000).WithMessage("must be from 1 to 1000000.");
        RuleFor(o => o.StreamsPerConnection).InclusiveBetween(1, 100_000).WithMessage("must be from 1 to 100000.");
        RuleFor(o => o.HeaderBytes).InclusiveBetween(1024, 1024 * 1024).WithMessage("must be from 1024 to 1048576.");
        RuleFor(o => o.RequestLineBytes).InclusiveBetween(1024, 1024 * 1024).WithMessage("must be from 1024 to 1048576.");
        RuleFor(o => o.HeaderTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)).WithMessage("must be from 00:00:01 to 01:00:00.");
        RuleFor(o => o.KeepAliveTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)).WithMessage("must be from 00:00:01 to 1.00:00:00.");
        RuleFor(o => o.BodyBytes).InclusiveBetween(1024, 1024L * 1024 * 1024).WithMessage("must be from 1024 to 1073741824.");
        RuleFor(o => o.RequestTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)).WithMessage("must be from 00:00:01 to 1.00:00:00.");
        RuleFor(o => o.StreamTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromDays(20)).WithMessage("must be from 00:00:01 to 20.00:00:00.");
        RuleFor(o => o.StreamsPerCaller).InclusiveBetween(1, 1_000_000).WithMessage("must be from 1 to 1000000.");
        RuleFor(o => o.RequestsPerSecond).InclusiveBetween(0, 1_000_000).WithMessage("must be from 0 to 1000000.");
        RuleFor(o => o.ShutdownTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)).WithMessage("must be from 00:00:01 to 01:00:00.");
    }
}
