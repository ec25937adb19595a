using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Documents the headers of responses: each once, and a reference to it in every response that can have it.</summary>
internal sealed class HeaderDocumentation : IOperationFilter
{
    private static readonly IReadOnlyList<HeaderRule> Rules =
    [
        new(ApiHeaders.Version, "The version of the HTTP contract.", (_, _) => true),
        new(ApiHeaders.TraceId, "The id of the request in the service's log.", (_, _) => true),
        new(ApiHeaders.RateLimitPolicy, "The quota of a caller with a limit, as `\"requests\";q=QUOTA;w=SECONDS`.", IsLimited),
        new(ApiHeaders.RateLimit, "What is left of the quota, as `\"requests\";r=LEFT;t=SECONDS`.", IsLimited),
        new("Location", "The path of the new resource.", (_, status) => status is "201" or "202"),
        new("ETag", "The tag of the body for `If-None-Match`.", (operation, status) =>
            status is "200" or "304" && operation.Responses!.ContainsKey("304")),
        new("Link", "The path of the next page, as `<…>; rel=\"next\"`. Absent on the last page.", (operation, status) =>
            status == "200" && operation.Parameters?.Any(p => p.Name == "cursor") == true),
        new(ApiHeaders.MissingEngines, "The engines that did not answer, whose rows are missing. Absent if there are none.", (operation, status) =>
            status == "200" && operation.Responses!["200"].Content?.ContainsKey(MediaTypes.Csv) == true),
        new("Retry-After", "The seconds after which to try again.", (_, status) => status == "429", JsonSchemaType.Integer),
        new("WWW-Authenticate", "The accepted kinds of credentials (RFC 6750).", (_, status) => status is "401" or "403"),
        new(ApiHeaders.AcceptPost, "The supported content types.", (operation, status) => status == "415" && operation.RequestBody is not null),
    ];

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var defined = (context.Document.Components ??= new OpenApiComponents()).Headers ??= new Dictionary<string, IOpenApiHeader>();
        foreach (var (status, response) in operation.Responses ?? [])
        {
            foreach (var rule in Rules.Where(r => r.Applies(operation, status)))
            {
                defined.TryAdd(rule.Name, new OpenApiHeader
                {
                    Description = rule.Description,
                    Schema = new OpenApiSchema { Type = rule.Type },
                });
                ((OpenApiResponse)response).Headers ??= new Dictionary<string, IOpenApiHeader>();
                response.Headers![rule.Name] = new OpenApiHeaderReference(rule.Name, context.Document);
            }
        }
    }

    private static bool IsLimited(OpenApiOperation operation, string status) => operation.Security is not [] && status is ['2', ..] or "429";

    /// <param name="Applies">Whether a response of an operation can have the header, by its status.</param>
    private sealed record HeaderRule(
        string Name, string Description, Func<OpenApiOperation, string, bool> Applies, JsonSchemaType Type = JsonSchemaType.String);
}
