using System.Reflection;
using Microsoft.OpenApi;

namespace ContainerApi.Api.OpenApi;

/// <summary>
/// The OpenAPI document (<c>/openapi.json</c>) and Swagger UI (<c>/swagger</c>). The document is committed as
/// <c>docs/openapi.json</c>, and a test compares the two.
/// </summary>
internal static class OpenApiRegistration
{
    public const string Version = "v1";

    private const string Path = "/openapi.json";

    public static void AddOpenApiDocument(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSingleton<CachedDocument>();
        services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc(Version, new OpenApiInfo
            {
                Title = "ContainerApi",
                Version = ServiceVersion.Current,
                License = new OpenApiLicense { Name = "MIT", Url = new Uri("https://spdx.org/licenses/MIT.html") },
                Description =
                    "A REST API in front of Docker Engine. One call returns the containers with their processes, network traffic and usage. "
                    + "Builds, pulls and pushes stream their progress.\n\n"
                    + "Times are RFC 3339 in UTC, sizes bytes, durations milliseconds (`…Ms`). An unknown value is `null`, never 0. "
                    + "A boolean in a query or form is `true`, `1`, `false` or `0`; an empty one is a 400. "
                    + "The case of names of parameters and fields, and of their fixed values, does not matter. "
                    + "Every `GET` also answers `HEAD`. A media type that is not available is a 406 before anything changes; a client that accepts "
                    + "only `application/json` gets a stream as JSON lines. "
                    + "Errors are `application/problem+json` (RFC 9457) with a stable `code`. "
                    + "Clients ignore fields, values and event types that they do not know. "
                    + "Streams are `application/x-ndjson`, or Server-Sent Events with `Accept: text/event-stream` or `format=sse`. Each line has a "
                    + "`type`, a `seq` and the time `at`; the last one is a `result` with `state` and `error`. Clients skip lines with an unknown "
                    + "`type`. A stream that can be resumed continues after the last `seq` with `after=` or the header `Last-Event-ID`.",
            });
            options.DocInclusionPredicate((_, endpoint) => endpoint.HttpMethod != HttpMethods.Head);
            options.IncludeXmlComments(Assembly.GetExecutingAssembly());
            options.SupportNonNullableReferenceTypes();
            options.NonNullableReferenceTypesAsRequired();
            options.UseInlineDefinitionsForEnums();
            options.UseAllOfToExtendReferenceSchemas();
            options.UseAllOfForInheritance();
            options.SelectSubTypesUsing(type => EventTypes.Of(type).Select(t => t.Type));
            options.SchemaFilter<AnswerSchemas>();
            options.DocumentFilter<ReferenceDocumentation>();
            options.DocumentFilter<TagDocumentation>();
            options.DocumentFilter<VersionPrefix.Documentation>();
            options.DocumentFilter<SharedParameters>();
            options.OperationFilter<ProblemDocumentation>();
            options.OperationFilter<ParameterDocumentation>();
            options.OperationFilter<ContentDocumentation>();
            options.OperationFilter<HeaderDocumentation>();
            options.OperationFilter<ExampleDocumentation>();
        });
    }

    public static void MapOpenApiDocument(this IEndpointRouteBuilder app)
    {
        foreach (var path in (string[])[Path, $"/swagger/{Version}/swagger.json"])
        {
            app.MapGet(path, (CachedDocument document) => document.Get()).AllowAnonymous().ExcludeFromDescription();
        }
    }

    public static void MapSwaggerPages(this IEndpointRouteBuilder app) =>
        app.MapSwaggerUI("swagger", options =>
        {
            options.SwaggerEndpoint(Path, "ContainerApi " + ServiceVersion.Current);
            options.DocumentTitle = "ContainerApi";
            options.EnableTryItOutByDefault();
            options.DisplayRequestDuration();
        }).AllowAnonymous().WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
}
