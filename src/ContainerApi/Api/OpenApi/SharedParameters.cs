using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Declares a parameter of several operations once, below <c>components/parameters</c>.</summary>
internal sealed class SharedParameters : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var shared = (swaggerDoc.Components ??= new OpenApiComponents()).Parameters = new Dictionary<string, IOpenApiParameter>();
        var places = swaggerDoc.Paths.Values.SelectMany(p => p.Operations?.Values.AsEnumerable() ?? [])
            .SelectMany(o => (o.Parameters ?? []).Select((parameter, i) => (Operation: o, Index: i, Parameter: parameter)))
            .GroupBy(place => TextOf(place.Parameter), StringComparer.Ordinal);
        foreach (var same in places.Where(p => p.Skip(1).Any()))
        {
            var name = same.First().Parameter.Name!;
            // Parameters of one name differ in their defaults and descriptions.
            var key = Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? name : name + i.ToString(CultureInfo.InvariantCulture))
                .First(k => !shared.ContainsKey(k));
            shared[key] = same.First().Parameter;
            foreach (var (operation, index, _) in same)
            {
                operation.Parameters![index] = new OpenApiParameterReference(key, swaggerDoc);
            }
        }
    }

    private static string TextOf(IOpenApiParameter parameter)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        parameter.SerializeAsV3(new OpenApiJsonWriter(text));
        return text.ToString();
    }
}
