using System.Text;

namespace ContainerApi.Api.Requests;

/// <summary>All errors of a request by field, in the order of their discovery.</summary>
internal sealed class RequestErrors
{
    private readonly Dictionary<string, string[]> _messages = [];
    private ErrorCode? _code;

    /// <param name="code">The code of the problem; the first one counts.</param>
    public void Add(string field, string message, string? code = null)
    {
        // JSON cannot carry a name that is not valid Unicode.
        field = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(field));
        _messages[field] = [.. _messages.GetValueOrDefault(field, []), message];
        _code ??= ErrorCode.All.FirstOrDefault(c => c.Code == code);
    }

    public bool Any => _messages.Count > 0;

    /// <exception cref="ApiException">There is an error.</exception>
    public void ThrowIfAny()
    {
        if (Any)
        {
            throw new ApiException(
                _code ?? ErrorCode.InvalidRequest, string.Join(" ", _messages.Select(e => $"{e.Key} {e.Value[0]}")), _messages);
        }
    }
}
