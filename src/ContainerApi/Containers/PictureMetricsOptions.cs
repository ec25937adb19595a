using Microsoft.Extensions.Options;

namespace ContainerApi.Containers;

/// <summary>How container figures are labelled: the <c>Metrics</c> section.</summary>
internal sealed class PictureMetricsOptions
{
    /// <summary>Container labels that become labels of the series; none by default, since each value is a series.</summary>
    public IReadOnlyList<string> ContainerLabels { get; set; } = [];

    /// <summary>The most containers that are told; of more, the newest.</summary>
    public int MaxContainers { get; set; } = 1000;

    /// <summary>Reads and judges the section, so that a service with a bad one does not start.</summary>
    public static PictureMetricsOptions From(IConfiguration configuration)
    {
        var options = configuration.GetSection("Metrics").Get<PictureMetricsOptions>() ?? new PictureMetricsOptions();
        return options.MaxContainers is >= 1 and <= 100_000
            ? options
            : throw new OptionsValidationException("Metrics", typeof(PictureMetricsOptions), ["Metrics:MaxContainers: must be from 1 to 100000."]);
    }
}
