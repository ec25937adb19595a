using Microsoft.OpenApi;

namespace ContainerApi.Api.Requests;

/// <summary>A value type of a JSON body that is not written as one text: it is parsed from its element once, at the edge.</summary>
internal interface IJsonParameterValue<TSelf>
    where TSelf : class, IJsonParameterValue<TSelf>
{
    static abstract OpenApiSchema Schema { get; }

    /// <returns>The value, or the error as the end of a sentence that begins with the name of the parameter.</returns>
    /// <exception cref="InvalidOperationException">A text is not valid Unicode.</exception>
    static abstract (TSelf? Value, string? Error) Read(JsonElement json);
}
