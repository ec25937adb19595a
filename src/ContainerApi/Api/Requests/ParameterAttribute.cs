namespace ContainerApi.Api.Requests;

/// <summary>The part of the request that carries a parameter.</summary>
internal enum ParameterPlace
{
    /// <summary>The query, or the form or JSON body where the request has one.</summary>
    Query,

    /// <summary>A field that only a JSON body has.</summary>
    Json,
    Route,
    Header,
}

/// <summary>
/// Declares a parameter on a constructor parameter of a request record. The type, the nullability and this attribute are the
/// one declaration for reading, for error messages and for the OpenAPI document.
/// </summary>
/// <param name="description">The text for the OpenAPI document.</param>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class ParameterAttribute(string description) : Attribute
{
    public string Description { get; } = description;

    /// <summary>The name in the request. Default: the name of the constructor parameter in camelCase.</summary>
    public string? Name { get; init; }

    /// <summary>The name in a query or a form, where the parameter is repeated; a JSON body may have it, too. Default: <see cref="Name"/>.</summary>
    public string? QueryName { get; init; }

    /// <summary>Other names that requests may use. The OpenAPI document does not have them.</summary>
    public string[] Aliases { get; init; } = [];

    /// <summary>Whether another parameter replaces this one, which requests may use still. The OpenAPI document does not have it.</summary>
    public bool IsReplaced { get; init; }

    /// <summary>Whether a request with a JSON body may have this field in the query instead.</summary>
    public bool CanBeInQuery { get; init; }

    /// <summary>The values that <c>false</c> and <c>true</c> stand for, if the parameter was a boolean once.</summary>
    public string[]? Booleans { get; init; }

    public ParameterPlace In { get; init; }

    /// <summary>The parameter that a header replaces. An error of that parameter names the header, if the request has it.</summary>
    public string? StandsFor { get; init; }

    /// <summary>The text that stands for a missing parameter.</summary>
    public string? Default { get; init; }

    public string? Example { get; init; }

    /// <summary>The bounds of a number, or of a duration in seconds.</summary>
    public int Min { get; init; } = int.MinValue;

    public int Max { get; init; } = int.MaxValue;

    /// <summary>The only allowed values of a text or of an enumeration.</summary>
    public string[]? Allowed { get; init; }

    /// <summary>A regular expression that a whole text must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>The error message of a value that does not match; required with <see cref="Pattern"/>.</summary>
    public string? Expected { get; init; }

    /// <summary>Whether the items of a list are separated by commas. The parameter of any other list is repeated.</summary>
    public bool CommaSeparated { get; init; }

    /// <summary>The maximum number of items of a list.</summary>
    public int MaxItems { get; init; } = 1000;

    /// <summary>The maximum length of all items of a list together, in characters.</summary>
    public int MaxTotalLength { get; init; } = 1024 * 1024;

    /// <summary>Whether a list of <c>name=value</c> or <c>name</c> is an object in a JSON body, with null in place of no value.</summary>
    public bool IsObject { get; init; }

    /// <summary>The code of the problem for a text that is not valid. Default: <c>invalid_request</c>, as for a value of another type.</summary>
    public string? ErrorCode { get; init; }
}

/// <summary>Declares on a request record what to use in place of names that clients know from Docker's API or command line.</summary>
/// <param name="hint">The sentence for the error message.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class HintAttribute(string hint, params string[] names) : Attribute
{
    public string Hint { get; } = hint;

    public string[] Names { get; } = names;
}
