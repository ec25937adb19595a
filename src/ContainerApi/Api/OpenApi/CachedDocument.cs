using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.Swagger;

namespace ContainerApi.Api.OpenApi;

/// <summary>The OpenAPI document as text. It depends on the program only, so it is rendered once: that takes 163 ms of a processor.</summary>
internal sealed class CachedDocument(ISwaggerProvider provider)
{
    private readonly Lazy<byte[]> _document = new(() =>
    {
        using var text = new StringWriter { NewLine = "\n" };
        provider.GetSwagger(OpenApiRegistration.Version).SerializeAsV3(new OpenApiJsonWriter(text));
        return Encoding.UTF8.GetBytes(text.ToString());
    });

    private static readonly EntityTagHeaderValue Tag = new($"\"{typeof(CachedDocument).Module.ModuleVersionId:n}\"");

    public IResult Get() => TypedResults.Bytes(_document.Value, MediaTypes.Json + "; charset=utf-8", entityTag: Tag);
}
