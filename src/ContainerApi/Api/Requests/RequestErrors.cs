namespace ContainerApi.Api.Requests;

/// <summary>All errors of a request by field, in the order of their discovery.</summary>
internal sealed class RequestErrors
{
    private const string ContextKey = "errors";

    /// <summary>The problem names this many fields: a body of a few megabytes can have half a million unknown ones.</summary>
    private const int MaxFields = 100;

    /// <summary>A field that is given 100,000 times has no more messages than this.</summary>
    private const int MaxMessages = 10;

    private readonly Dictionary<string, string[]> _messages = [];

    private readonly RequestErrors? _parent;
    private readonly string _prefix = "";
    private ErrorCode? _code;

    public RequestErrors()
    {
    }

    private RequestErrors(RequestErrors parent, string prefix) => (_parent, _prefix) = (parent, prefix);

    /// <summary>Returns a view for the fields of a nested object: an error's field is <c>name.field</c>.</summary>
    public RequestErrors Below(string name) => new(this, name + ".");

    /// <summary>The names of the request's own fields, for which a validator has rules.</summary>
    public FieldNames Names { get; } = new();

    /// <param name="code">The code of the problem; the first one counts.</param>
    public void Add(string field, string message, string? code = null)
    {
        if (_parent is not null)
        {
            _parent.Add(_prefix + field, message, code);
            return;
        }

        // JSON cannot carry a name that is not valid Unicode.
        field = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(field));
        var messages = _messages.GetValueOrDefault(field, []);
        if (messages.Length < MaxMessages && (messages.Length > 0 || _messages.Count < MaxFields))
        {
            _messages[field] = [.. messages, message];
        }

        _code ??= ErrorCode.All.FirstOrDefault(c => c.Code == code);
    }

    /// <summary>Whether the field, one of its items (<c>ports[1]</c>) or one of its fields (<c>registryAuth.username</c>) has an error.</summary>
    public bool Has(string field) => _messages.Keys.Any(
        k => k.StartsWith(field, StringComparison.Ordinal) && (k.Length == field.Length || k[field.Length] is '[' or '.'));

    /// <exception cref="ApiException">There is an error.</exception>
    public void ThrowIfAny()
    {
        if (_messages.Count > 0)
        {
            throw new ApiException(
                _code ?? ErrorCode.InvalidRequest, string.Join(" ", _messages.Select(e => $"{e.Key} {e.Value[0]}")), _messages);
        }
    }

    /// <summary>Gives the rules of a validator access to these errors.</summary>
    public ValidationContext<T> ToContext<T>(T request)
    {
        var context = new ValidationContext<T>(request);
        context.RootContextData[ContextKey] = this;
        return context;
    }

    public static bool IsValid(IValidationContext context, string field) =>
        context.RootContextData[ContextKey] is RequestErrors errors && !errors.Has(errors.Names.NameOf(field));
}

internal static class RequestRules
{
    /// <summary>Applies the rule only if these fields have valid values: rules run even when other fields are invalid.</summary>
    public static IRuleBuilderOptions<T, TProperty> WhenValid<T, TProperty>(
        this IRuleBuilderOptions<T, TProperty> rule, params IReadOnlyList<string> fields) =>
        rule.When((_, context) => fields.All(f => RequestErrors.IsValid(context, f)));
}
