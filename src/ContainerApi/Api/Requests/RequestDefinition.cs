using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Extensions.Primitives;

namespace ContainerApi.Api.Requests;

/// <summary>
/// The parameters of a request record, from its constructor. A constructor parameter without a <see cref="ParameterAttribute"/> is
/// a record of parameters that several requests share.
/// </summary>
internal sealed class RequestDefinition
{
    private static readonly ConcurrentDictionary<Type, RequestDefinition> Definitions = new();

    private readonly ConstructorInfo _constructor;

    /// <summary>A <see cref="RequestParameter"/> or a <see cref="RequestDefinition"/> for each constructor parameter.</summary>
    private readonly IReadOnlyList<object> _parts;

    private RequestDefinition(Type type)
    {
        _constructor = type.GetConstructors().Single();
        _parts = [.. _constructor.GetParameters().Select(p => p.GetCustomAttribute<ParameterAttribute>() is { } declaration
            ? (object)new RequestParameter(p, declaration)
            : Of(p.ParameterType))];
        Parameters = [.. _parts.SelectMany(p => p is RequestDefinition shared ? shared.Parameters : [(RequestParameter)p])];
    }

    public IReadOnlyList<RequestParameter> Parameters { get; }

    public static RequestDefinition Of(Type type) => Definitions.GetOrAdd(type, t => new RequestDefinition(t));

    /// <summary>Creates the record. It is not usable if there are errors.</summary>
    public object Create(Func<RequestParameter, StringValues> texts, RequestErrors errors) => _constructor.Invoke(
    [
        .. _parts.Select(part =>
        {
            if (part is RequestDefinition shared)
            {
                return shared.Create(texts, errors);
            }

            var parameter = (RequestParameter)part;
            var (value, error) = parameter.Read(texts(parameter));
            if (error is not null)
            {
                errors.Add(parameter.Name, error, parameter.Declaration.ErrorCode);
            }

            return value;
        }),
    ]);
}
