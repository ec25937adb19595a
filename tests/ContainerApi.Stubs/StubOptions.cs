namespace ContainerApi.Stubs;

/// <summary>What kind of engine the stand-in is.</summary>
public sealed record StubOptions
{
    /// <summary>The newest API that it speaks; 1.41 is engine 20.10.</summary>
    public string ApiVersion { get; init; } = "1.41";

    /// <summary>The oldest one; engine 20.10 says 1.12, 29.0 says 1.44.</summary>
    public string MinApiVersion { get; init; } = "1.12";

    /// <summary>Whether a version is refused in plain text, as some engines do, or as JSON.</summary>
    public bool PlainTextVersionErrors { get; init; }

    /// <summary>Whether it says that it is Podman's service. Its answers are Docker's all the same.</summary>
    public bool IsPodman { get; init; }

    /// <summary>Containers that run, made at the start.</summary>
    public int Running { get; init; }

    /// <summary>Containers that have exited, made at the start.</summary>
    public int Exited { get; init; }

    /// <summary>
    /// The collector's tick: statistics are answered when the next one falls, for all who wait. 20.10 has one of a second
    /// even for one-shot; zero answers at once, as 26.1 does.
    /// </summary>
    public TimeSpan StatisticsTick { get; init; }

    /// <summary>What <c>ps</c> the engine's host has, which is what <c>top</c> runs.</summary>
    public HostPs Ps { get; init; } = HostPs.Procps;
}

/// <summary>The <c>ps</c> of an engine's host.</summary>
public enum HostPs
{
    /// <summary>Debian's: any column with <c>-o</c>.</summary>
    Procps,

    /// <summary>Alpine's: refuses columns that it does not know, <c>etimes</c> among them.</summary>
    Busybox,

    /// <summary>There is none.</summary>
    Missing,
}
