using FluentValidation;

namespace ContainerApi.Builds;

/// <summary>How builds are bounded: the <c>Builds</c> section.</summary>
internal sealed class BuildOptions
{
    /// <summary>Directories whose subdirectories may be built by path; none by default.</summary>
    public IReadOnlyList<string> ContextRoots { get; set; } = [];

    /// <summary>Beginnings of the addresses that the engine may fetch contexts from, <c>https://git.example.com/team/</c>; none by default.</summary>
    public IReadOnlyList<string> RemoteContexts { get; set; } = [];

    /// <summary>The most that a context may measure, unpacked, as a tar archive.</summary>
    public long MaxContextBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>How long a build may take from its admission on, its context's upload included; a request may ask for less.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(2);

    /// <summary>How many builds one engine works at; more wait.</summary>
    public int MaxConcurrent { get; set; } = 4;

    /// <summary>How many builds may wait for one engine; more are refused.</summary>
    public int MaxQueued { get; set; } = 32;

    /// <summary>
    /// The file that keeps the builds; null is <c>builds.db</c> in the platform's or else the user's state directory, and an
    /// empty text keeps them in memory alone.
    /// </summary>
    public string? StorePath { get; set; }

    /// <summary>How much of past builds is kept.</summary>
    public HistoryOptions History { get; set; } = new();
}

/// <summary>How much of past builds is kept; the oldest go first. A build at work is never removed.</summary>
internal sealed class HistoryOptions
{
    public int MaxBuilds { get; set; } = 500;

    /// <summary>Of all events together, as they are sent.</summary>
    public long MaxBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Of one build's events; the output beyond is dropped, and the stream says so.</summary>
    public long MaxLogBytes { get; set; } = 128L * 1024 * 1024;

    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(30);
}

internal sealed class BuildOptionsValidator : AbstractValidator<BuildOptions>
{
    public BuildOptionsValidator()
    {
        RuleForEach(o => o.ContextRoots).Must(Path.IsPathRooted).WithMessage("'{PropertyValue}' is not an absolute path.");
        RuleForEach(o => o.RemoteContexts).Must(Contexts.RemoteContexts.IsPrefix)
            .WithMessage("'{PropertyValue}' is not an address as https://host/path, without user, query, fragment, '..' and escapes.");
        RuleFor(o => o.MaxContextBytes).GreaterThanOrEqualTo(1024).WithMessage("must be 1024 or more.");
        RuleFor(o => o.Timeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)).WithMessage("must be from 00:00:01 to 7.00:00:00.");
        RuleFor(o => o.MaxConcurrent).InclusiveBetween(1, 1000).WithMessage("must be from 1 to 1000.");
        RuleFor(o => o.MaxQueued).InclusiveBetween(0, 10_000).WithMessage("must be from 0 to 10000.");
        RuleFor(o => o.StorePath).Must(path => string.IsNullOrEmpty(path) || Path.IsPathRooted(path)).WithMessage("'{PropertyValue}' is not an absolute path.");
        RuleFor(o => o.History.MaxBuilds).GreaterThanOrEqualTo(0).WithMessage("must be 0 or more.");
        RuleFor(o => o.History.MaxBytes).GreaterThanOrEqualTo(0).WithMessage("must be 0 or more.");
        RuleFor(o => o.History.MaxLogBytes).GreaterThanOrEqualTo(64 * 1024).WithMessage("must be 65536 or more.");
        RuleFor(o => o.History.MaxAge).GreaterThan(TimeSpan.Zero).WithMessage("must be more than nothing.");
    }
}
