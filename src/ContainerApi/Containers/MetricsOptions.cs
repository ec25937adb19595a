using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>The <c>Metrics</c> settings section.</summary>
internal sealed class MetricsOptions
{
    /// <summary>Container labels that become labels of the series; none by default, because each value adds a series.</summary>
    public IReadOnlyList<string> ContainerLabels { get; set; } = [];

    /// <summary>Whether a scrape inspects every container, for the restarts and the kills at the memory limit.</summary>
    public bool IncludeDetails { get; set; }

    /// <summary>The maximum number of containers with metrics; the newest ones are chosen.</summary>
    public int MaxContainers { get; set; } = 1000;
}

internal sealed class MetricsOptionsValidator : AbstractValidator<MetricsOptions>
{
    public MetricsOptionsValidator()
    {
        RuleFor(o => o.MaxContainers).InclusiveBetween(1, 100_000).WithMessage("must be from 1 to 100000.");
        // Prometheus rejects a series that has a label twice.
        RuleFor(o => o.ContainerLabels).Must(labels => labels.DistinctBy(ContainerMetrics.LabelName).Count() == labels.Count)
            .WithMessage("must have different names after each character except letters, digits and '_' is replaced with '_'.");
    }
}
