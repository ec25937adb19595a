namespace ContainerApi.Stubs;

/// <summary>Options of the stub engine.</summary>
public sealed record StubOptions
{
    /// <summary>The newest API version; 1.41 is engine 20.10.</summary>
    public string ApiVersion { get; init; } = "1.41";

    /// <summary>The oldest API version; engine 20.10 has 1.12, engine 29.0 has 1.44.</summary>
    public string MinApiVersion { get; init; } = "1.12";

    /// <summary>Whether a version error is plain text, as with some engines, or JSON.</summary>
    public bool PlainTextVersionErrors { get; init; }

    /// <summary>Whether the stub identifies itself as Podman. Its answers remain those of Docker.</summary>
    public bool IsPodman { get; init; }

    /// <summary>The number of running containers at the start.</summary>
    public int Running { get; init; }

    /// <summary>The number of exited containers at the start.</summary>
    public int Exited { get; init; }

    /// <summary>The <c>ps</c> of the engine's host, which <c>top</c> runs.</summary>
    public HostPs Ps { get; init; } = HostPs.Procps;
}

/// <summary>The <c>ps</c> of an engine's host.</summary>
public enum HostPs
{
    /// <summary>Debian's: any column with <c>-o</c>.</summary>
    Procps,

    /// <summary>Alpine's: refuses unknown columns, <c>etimes</c> among them.</summary>
    Busybox,

    /// <summary>The host has no <c>ps</c>.</summary>
    Missing,
}
