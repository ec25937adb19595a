using System.Linq.Expressions;
using ContainerApi.Engine;

namespace ContainerApi.Hosting;

/// <summary>The <c>Limits</c> section. Limits of build contexts are in <c>Builds</c>.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>Open connections of all callers.</summary>
    public int Connections { get; set; } = 10_000;

    /// <summary>Concurrent requests on one HTTP/2 connection.</summary>
    public int StreamsPerConnection { get; set; } = 100;

    /// <summary>The size of all headers of a request.</summary>
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>The size of the request line.</summary>
    public int RequestLineBytes { get; set; } = 16 * 1024;

    /// <summary>The time for a client to send its headers.</summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The idle time of a connection between requests.</summary>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>The size of a request body, except build contexts.</summary>
    public long BodyBytes { get; set; } = 1024 * 1024;

    /// <summary>The uncompressed size of an archive of images, or of a file system to import.</summary>
    public long ArchiveBytes { get; set; } = 16L * 1024 * 1024 * 1024;

    /// <summary>Archives that all callers load or import at once; one caller at most half of them.</summary>
    public int Archives { get; set; } = 16;

    /// <summary>The length of a command line in answers, in bytes.</summary>
    public int CommandBytes { get; set; } = Engine.CommandLimit.DefaultMaxBytes;

    /// <summary>The duration of a request that is not a stream.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>The duration of a long request: watch, pull, push, commit, stop. Builds have <c>Builds:Timeout</c>.</summary>
    public TimeSpan StreamTimeout { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Concurrent long requests of one caller. Callers on this host without a key are not limited.</summary>
    public int StreamsPerCaller { get; set; } = 1000;

    /// <summary>The average request rate of one caller; 0 is unlimited. Callers on this host without a key are not limited.</summary>
    public int RequestsPerSecond { get; set; } = 500;

    /// <summary>The size of one answer of an engine, such as its list of containers.</summary>
    public long EngineAnswerBytes { get; set; } = EngineAnswerLimit.Default;

    /// <summary>The time for a graceful shutdown: streams get their last line, builds are stopped.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

internal sealed class LimitOptionsValidator : AbstractValidator<LimitOptions>
{
    public LimitOptionsValidator()
    {
        Range(o => o.Connections, 1, 1_000_000);
        Range(o => o.StreamsPerConnection, 1, 100_000);
        Range(o => o.HeaderBytes, 1024, 1024 * 1024);
        Range(o => o.RequestLineBytes, 1024, 1024 * 1024);
        Range(o => o.HeaderTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Range(o => o.KeepAliveTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Range(o => o.BodyBytes, 1024, 1024L * 1024 * 1024);
        Range(o => o.ArchiveBytes, 1024, 1024L * 1024 * 1024 * 1024);
        Range(o => o.Archives, 1, 10_000);
        Range(o => o.CommandBytes, 128, 128 * 1024);
        Range(o => o.RequestTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Range(o => o.StreamTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(20));
        Range(o => o.StreamsPerCaller, 1, 1_000_000);
        Range(o => o.RequestsPerSecond, 0, 1_000_000);
        Range(o => o.EngineAnswerBytes, 64 * 1024, 1024L * 1024 * 1024);
        Range(o => o.ShutdownTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    }

    private void Range<T>(Expression<Func<LimitOptions, T>> setting, T min, T max)
        where T : IComparable<T>, IComparable =>
        RuleFor(setting).InclusiveBetween(min, max).WithMessage($"must be from {min} to {max}.");
}
