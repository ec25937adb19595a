using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Describes the groups of operations.</summary>
internal sealed class TagDocumentation : IDocumentFilter
{
    private static readonly IReadOnlyDictionary<string, string> Descriptions = new Dictionary<string, string>
    {
        ["Containers"] = "Containers with their processes, network traffic and usage; create, start, stop and remove.",
        ["Images"] = "Images: list, inspect, pull, push, tag, commit and remove.",
        ["Builds"] = "Builds: start, follow, cancel, and the history.",
        ["Engines"] = "The configured engines, their versions and limitations.",
        ["Metrics"] = "Metrics for Prometheus.",
        ["Health"] = "Probes for an orchestrator or a load balancer.",
        ["Service"] = "The entry point.",
    };

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context) =>
        swaggerDoc.Tags = swaggerDoc.Tags?.Select(t => new OpenApiTag { Name = t.Name, Description = Descriptions.GetValueOrDefault(t.Name ?? "") })
            .ToHashSet();
}
