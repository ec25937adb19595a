using FluentValidation;

namespace ContainerApi.Containers;

/// <summary>How container figures are labelled: the <c>Metrics</c> section.</summary>
internal sealed class MetricsOptions
{
    /// <summary>Container labels that become labels of the series; none by default, since each value is a series.</summary>
    public IReadOnlyList<string> ContainerLabels { get; set; } = [];

    /// <summary>The most containers that are told; of more, the newest.</summary>
    public int MaxContainers { get; set; } = 1000;
}

internal sealed class MetricsOptionsValidator : AbstractValidator<MetricsOptions>
{
    public MetricsOptionsValidator() => RuleFor(o => o.MaxContainers).InclusiveBetween(1, 100_000).WithMessage("must be from 1 to 100000.");
}
