namespace ContainerApi.Engine.Host;

/// <summary>The paths of the engine host's trees: setting <c>Host</c>.</summary>
internal sealed class HostRoots
{
    public string ProcRoot { get; set; } = "/proc";

    public string CgroupRoot { get; set; } = "/sys/fs/cgroup";
}

internal sealed class HostRootsValidator : AbstractValidator<HostRoots>
{
    public HostRootsValidator()
    {
        const string Message = "'{PropertyValue}' is not an absolute path of at most 1024 characters.";
        RuleFor(o => o.ProcRoot).Must(IsAbsolute).WithMessage(Message);
        RuleFor(o => o.CgroupRoot).Must(IsAbsolute).WithMessage(Message);
    }

    private static bool IsAbsolute(string? path) => path is ['/', ..] and { Length: <= 1024 } && !path.Contains('\0');
}
