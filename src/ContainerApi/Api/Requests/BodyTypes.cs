namespace ContainerApi.Api.Requests;

/// <summary>Metadata of an endpoint: the content types of its body. The framework's own metadata would answer 415 without naming them.</summary>
internal sealed record BodyTypes(IReadOnlyList<string> Types)
{
    public override string ToString() => string.Join(", ", Types);
}

/// <summary>The content type of a body is not one of the supported ones, which the response names in its detail and in <c>Accept-Post</c>.</summary>
internal sealed class UnsupportedMediaTypeException(HttpRequest request, BodyTypes supported) : ApiException(
    ErrorCode.UnsupportedMediaType,
    (string.IsNullOrEmpty(request.ContentType) ? "The content type is missing." : $"Unsupported content type '{request.ContentType}'.")
    + $" Supported content types: {supported}.")
{
    public BodyTypes Supported { get; } = supported;
}
