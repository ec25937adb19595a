using FluentValidation;
using Microsoft.Extensions.Options;

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

    /// <summary>How long a build may take, its context's upload included; a request may ask for less.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(2);

    /// <summary>Reads and judges the section, so that a service with a bad one does not start.</summary>
    public static BuildOptions From(IConfiguration configuration)
    {
        var options = configuration.GetSection("Builds").Get<BuildOptions>() ?? new BuildOptions();
        var result = new BuildOptionsValidator().Validate(options);
        return result.IsValid
            ? options
            : throw new OptionsValidationException("Builds", typeof(BuildOptions), result.Errors.Select(e => $"Builds:{e.PropertyName}: {e.ErrorMessage}"));
    }
}

internal sealed class BuildOptionsValidator : AbstractValidator<BuildOptions>
{
    public BuildOptionsValidator()
    {
        RuleForEach(o => o.ContextRoots).Must(Path.IsPathRooted).WithMessage("'{PropertyValue}' is not an absolute path.");
        RuleForEach(o => o.RemoteContexts).Must(Context.RemoteContexts.IsPrefix)
            .WithMessage("'{PropertyValue}' is not an address as https://host/path, without user, query, fragment, '..' and escapes.");
        RuleFor(o => o.MaxContextBytes).GreaterThanOrEqualTo(1024).WithMessage("must be 1024 or more.");
        RuleFor(o => o.Timeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)).WithMessage("must be from 00:00:01 to 7.00:00:00.");
    }
}
