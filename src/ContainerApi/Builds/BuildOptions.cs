namespace ContainerApi.Builds;

/// <summary>Limits of builds: the <c>Builds</c> section.</summary>
internal sealed class BuildOptions
{
    /// <summary>Directories whose subdirectories may be contexts; none by default.</summary>
    public IReadOnlyList<string> ContextRoots { get; set; } = [];

    /// <summary>URL prefixes of allowed remote contexts, such as <c>https://git.example.com/team/</c>; none by default.</summary>
    public IReadOnlyList<string> RemoteContexts { get; set; } = [];

    /// <summary>Maximum size of a context as an uncompressed tar archive.</summary>
    public long MaxContextBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Maximum duration of a build after the queue, including the upload of its context. A request may set less.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(2);

    /// <summary>
    /// Minimum rate in bytes per second at which a client sends its context while other builds wait for the engine; 0 is no minimum.
    /// </summary>
    public int MinUploadRate { get; set; } = 32 * 1024;

    /// <summary>Maximum number of running builds per engine.</summary>
    public int MaxConcurrent { get; set; } = 4;

    /// <summary>Maximum number of queued builds per engine.</summary>
    public int MaxQueued { get; set; } = 32;

    /// <summary>
    /// The file that stores builds. Null is <c>builds.db</c> in the state directory of the platform, or else of the user. An empty
    /// string keeps builds in memory only.
    /// </summary>
    public string? StorePath { get; set; }

    /// <summary>Limits of ended builds.</summary>
    public HistoryOptions History { get; set; } = new();
}

/// <summary>Limits of ended builds; the oldest are removed first. A running build is never removed.</summary>
internal sealed class HistoryOptions
{
    public int MaxBuilds { get; set; } = 500;

    /// <summary>Maximum size of all events.</summary>
    public long MaxBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Maximum size of the events of one build; further output is dropped with a warning.</summary>
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
        RuleFor(o => o.MinUploadRate).GreaterThanOrEqualTo(0).WithMessage("must be 0 or more.");
        RuleFor(o => o.MaxConcurrent).InclusiveBetween(1, 1000).WithMessage("must be from 1 to 1000.");
        RuleFor(o => o.MaxQueued).InclusiveBetween(0, 10_000).WithMessage("must be from 0 to 10000.");
        RuleFor(o => o.StorePath).Must(path => string.IsNullOrEmpty(path) || Path.IsPathRooted(path))
            .WithMessage("'{PropertyValue}' is not an absolute path.");
        RuleFor(o => o.History.MaxBuilds).GreaterThanOrEqualTo(0).WithMessage("must be 0 or more.");
        RuleFor(o => o.History.MaxBytes).GreaterThanOrEqualTo(0).WithMessage("must be 0 or more.");
        RuleFor(o => o.History.MaxLogBytes).GreaterThanOrEqualTo(64 * 1024).WithMessage("must be 65536 or more.");
        RuleFor(o => o.History.MaxAge).GreaterThan(TimeSpan.Zero).WithMessage("must be more than nothing.");
    }
}
