namespace ContainerApi.Api.Requests;

/// <summary>
/// The parameters of a request under the names that the request uses: <c>tag</c> for <c>tags</c>, a header for <c>registryAuth</c>.
/// </summary>
internal sealed class FieldNames
{
    private readonly Dictionary<string, Field> _fields = [];

    private sealed record Field(string Name, bool IsSent, ParameterPlace Place);

    /// <param name="name">The name that the request uses, or would use.</param>
    public void Add(RequestParameter parameter, string name, bool isSent)
    {
        var field = parameter.Declaration.StandsFor ?? parameter.Name;
        if (_fields.GetValueOrDefault(field) is not { } known || (isSent && !known.IsSent))
        {
            _fields[field] = new Field(name, isSent, parameter.Declaration.In);
        }
    }

    /// <summary>Returns the field as the request names it: <c>tag[1]</c> for <c>tags[1]</c>.</summary>
    public string NameOf(string field)
    {
        var end = field.AsSpan().IndexOfAny('[', '.') is >= 0 and var index ? index : field.Length;
        return (_fields.GetValueOrDefault(field[..end])?.Name ?? field[..end]) + field[end..];
    }

    /// <summary>Whether the endpoint has the parameter.</summary>
    public bool Has(string field) => _fields.ContainsKey(field);

    public bool IsSent(string field) => _fields.GetValueOrDefault(field) is { IsSent: true };

    public bool IsInRoute(string field) => _fields.GetValueOrDefault(field) is { Place: ParameterPlace.Route };
}
